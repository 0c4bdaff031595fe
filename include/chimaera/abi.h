/* Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
 *
 * The boundary between daemon and module: plain C, both ways, append-only. A field is never removed, reordered or
 * given another meaning; new ones go to the end, and `size` tells which are there. So a module that another compiler
 * built, or that was built against an older release, still loads.
 *
 * Threads: all calls into one container come one at a time. Every service may be called by the thread that runs the
 * container's code, for as long as that call lasts; those marked [any] by any thread.
 * Memory: a pointer that is passed in is valid for the call only, unless said otherwise.
 */
#ifndef CHIMAERA_ABI_H
#define CHIMAERA_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CHI_ABI_MAGIC 0x4d494843u /* "CHIM" */
#define CHI_ABI_VERSION 1u
#define CHI_MODULE_SYMBOL "chi_module_table"

#define CHI_MAX_METHOD_ID 1023u
#define CHI_MAX_BUFFERS 64u

/* Reference-counted memory. `references` is changed with atomic operations only; whoever takes it to zero calls
 * `dispose`, or free() on the block itself where `dispose` is null. Only the runtime and client make blocks with a
 * `dispose`, so that no block ever needs the code of a module that may be unloaded. */
typedef struct chi_block {
  uint32_t references;
  uint32_t reserved;
  void (*dispose)(struct chi_block*);
} chi_block;

/* A region of bytes that travels beside a message, by reference where sender and receiver share memory.
 * `block` keeps it alive; null: it lives until the call that it belongs to is over. Its bytes may change at any time.
 */
typedef struct chi_buffer {
  uint8_t* data;
  uint64_t size;
  chi_block* block;
} chi_buffer;

/* Encoded fields and the buffers that they refer to by position. */
typedef struct chi_message {
  const uint8_t* data;
  uint32_t size;
  uint32_t buffer_count;
  const chi_buffer* buffers;
} chi_message;

typedef struct chi_container chi_container; /* the runtime's side of a container; lives as long as it */
typedef struct chi_task chi_task;           /* one admitted call; lives until its reply was given */
typedef struct chi_file chi_file;           /* a registered file; lives until file_close */
typedef struct chi_call chi_call;           /* one call that a container makes; lives until its completion ran */

/* A piece of work for a container's lane. The memory is the module's, and stays put until `run` was called. */
typedef struct chi_work {
  struct chi_work* next; /* the runtime's */
  chi_task* task;        /* on whose behalf, for its priority; or null */
  void (*run)(struct chi_work*);
} chi_work;

/* The end of an operation that a module started. The runtime fills the fields and then runs `work` on the lane;
 * `reply` is valid until `run` returns (its blocks longer, if a reference was taken). `code` is a chi::Code; an error's
 * reply is an encoded chi::Error. */
typedef struct chi_completion {
  chi_work work;
  int32_t code;
  int64_t result; /* of I/O: bytes or -errno */
  chi_message reply;
} chi_completion;

typedef struct chi_query {
  uint8_t kind; /* chi::QueryKind */
  uint8_t reserved[3];
  uint32_t first;
  uint32_t count;
  uint32_t reserved2;
  uint64_t hash;
} chi_query;

enum { CHI_PRIORITY_LOW_LATENCY = 0, CHI_PRIORITY_HIGH_THROUGHPUT = 1 };
enum {
  CHI_FIRE_AND_FORGET = 1, /* no completion; errors are logged and counted */
  CHI_PERIODIC = 2         /* again and again every `period_ns`, until cancelled or its container or session ends */
};

/* A call to be made. `parent` is the task on whose behalf it is (its deadline and cancellation hold here too) or null.
 */
typedef struct chi_submission {
  uint32_t size; /* sizeof(chi_submission) */
  uint32_t method;
  uint64_t pool;
  chi_query query;
  chi_task* parent;
  uint64_t deadline_ns; /* of the runtime's clock; 0: the parent's, or the configured default */
  uint64_t period_ns;
  uint8_t priority;
  uint8_t flags;
  uint16_t reserved;
  uint32_t reserved2;
  chi_message request; /* copied, buffers by reference */
} chi_submission;

enum {
  CHI_IO_READ = 1,
  CHI_IO_WRITE = 2,
  CHI_IO_FSYNC = 3,
  CHI_IO_POLL = 4,
  CHI_IO_ACCEPT = 5,
  CHI_IO_CONNECT = 6,
  CHI_IO_RECV = 7,
  CHI_IO_SEND = 8,
  CHI_IO_FALLOCATE = 9 /* `size` bytes from `offset` on; `flags`: the mode, FALLOC_FL_* */
};

/* One asynchronous system call, through the worker's io_uring. `completion.result` is what it returned, or -errno. */
typedef struct chi_io {
  uint32_t operation;
  int32_t fd;
  void* data; /* the buffer; for CONNECT the sockaddr; stays put until the completion */
  uint64_t size;
  uint64_t offset;  /* of the file; for POLL the event mask */
  uint32_t flags;   /* of recv, send, accept, fsync, fallocate */
  uint32_t more;    /* bytes of the fields that follow; 0 from modules that know of none */
  chi_file* file;   /* registered, with this `fd`; or null */
  chi_block* block; /* of the memory, where it has one: what a session shares is used without being looked up again */
} chi_io;

typedef struct chi_task_info {
  uint64_t session; /* 0: the call came from inside the node */
  uint64_t sequence;
  uint64_t first_incomplete;
  uint64_t deadline_ns; /* 0: none */
  uint32_t uid;
  uint32_t gid;
  uint32_t method;
  uint8_t priority;
  uint8_t cancelled; /* nobody waits for the reply any more */
  uint16_t reserved;
} chi_task_info;

/* Where a handler leaves a small reply. `data` holds `capacity` bytes; what does not fit goes through `reply`. */
typedef struct chi_out {
  uint8_t* data;
  uint32_t capacity;
  uint32_t size;
  int32_t code;
  uint32_t buffer_count;
  chi_buffer* buffers; /* room for CHI_MAX_BUFFERS; each with a reference that passes to the runtime */
} chi_out;

/* What the daemon offers. `size` is that of the daemon's table: look before you use a field that came later. */
typedef struct chi_services {
  uint32_t abi_version;
  uint32_t size;

  /* Ends a task for which the thunk returned CHI_PENDING. The message is copied; its blocks' references pass to the
   * runtime. `task` is gone afterwards. */
  void (*reply)(chi_task*, int32_t code, const chi_message*);

  /* Makes a call on behalf of a container. `done` runs exactly once, unless the call is fire-and-forget (then null);
   * of a periodic call, once, when it has ended. Returns a handle for cancel, valid until `done` ran; null only when
   * fire-and-forget. Never fails: errors come through `done`. */
  chi_call* (*submit)(chi_container*, const chi_submission*, chi_completion* done);
  void (*cancel)(chi_call*);

  /* Runs `done` on the lane at the given time, with code 0, or earlier with `cancelled`. */
  void (*timer_start)(chi_container*, chi_task*, uint64_t at_ns, chi_completion* done);
  void (*timer_cancel)(chi_container*, chi_completion* done);

  void (*post)(chi_container*, chi_work*); /* runs `work` on the lane, after what is ready now */
  void (*io)(chi_container*, const chi_io*, chi_completion* done);

  uint64_t (*now_ns)(chi_container*); /* of the runtime's clock: monotonic, virtual in a simulation */
  uint64_t (*random)(chi_container*); /* the runtime's source: seeded in a simulation */

  void* (*frame_allocate)(uint64_t size);   /* [any] pooled by thread; aborts never: null when there is no memory */
  void (*frame_free)(void*, uint64_t size); /* [any] */

  void (*log)(chi_container*, int32_t level, const char* file, int32_t line, const char* text, uint64_t size);

  void (*task_info)(chi_task*, chi_task_info* out);

  /* Memory for a large reply, in the caller's arena where it is a client, so that nothing is copied on the way. The
   * reference in `out->block` is the module's. Returns a chi::Code. */
  int32_t (*buffer_allocate)(chi_task*, uint64_t size, chi_buffer* out);

  /* The pool of this name, or 0. */
  uint64_t (*pool_find)(chi_container*, const char* name, uint32_t size);

  /* The runtime's own control, for the admin module alone: others get permission_denied. `verb` and the bytes are
   * those of chimaera/admin.h. */
  void (*control)(chi_container*, chi_task*, uint32_t verb, const chi_message*, chi_completion* done);

  /* Count work of a container that the runtime does not see: coroutines that outlive the task that started them. A
   * container is not destroyed while its count is above zero. `unhold` destroys nothing before it returns. */
  void (*hold)(chi_container*);
  void (*unhold)(chi_container*);

  /* Registers an open file with the workers' io_uring, so that its operations cost less. The descriptor stays the
   * module's, and open until after file_close, for which no operation has to end. Null: no memory for it. */
  chi_file* (*file_open)(chi_container*, int32_t fd);
  void (*file_close)(chi_container*, chi_file*);
} chi_services;

enum { CHI_DONE = 0, CHI_PENDING = 1 }; /* what a thunk returns: reply in `out`; or: reply() was or will be called */

typedef int32_t (*chi_thunk)(void* self, chi_task*, const chi_message* request, chi_out* out);

/* Folds the successful replies of several containers into one. Returns a chi::Code; the reply is left in `out`, or,
 * when it does not fit, handed to `emit` (once, before the function returns). */
typedef int32_t (*chi_merge)(const chi_message* replies, uint32_t count, void* context,
                             void (*emit)(void* context, const chi_message*));

enum { CHI_ACCESS_READ = 0, CHI_ACCESS_WRITE = 1, CHI_METHOD_COROUTINE = 2, CHI_METHOD_LONG_RUNNING = 4 };
enum { CHI_ROUTE_DEFAULT = 0, CHI_ROUTE_HASH = 1, CHI_ROUTE_ALL = 2, CHI_ROUTE_ANY = 3 };

typedef struct chi_method {
  uint32_t id;    /* 1 to CHI_MAX_METHOD_ID, never reused for another meaning */
  uint32_t flags; /* CHI_ACCESS_*, CHI_METHOD_* */
  const char* name;
  const char* request_schema; /* see codec: "(key:string,value:bytes)" */
  const char* reply_schema;
  chi_thunk run;
  chi_merge merge;      /* or null: replies come back one by one */
  uint32_t route;       /* CHI_ROUTE_*: where a call goes that names no query */
  uint32_t route_field; /* of CHI_ROUTE_HASH: position of the request's field that is hashed */
} chi_method;

typedef struct chi_create {
  uint32_t size;
  uint32_t index; /* of this container */
  uint32_t count; /* of the pool's containers */
  uint32_t epoch;
  uint64_t pool;
  const char* pool_name;
  chi_message config; /* encoded fields of the module's Config */
  uint32_t uid;       /* of the pool's owner, on whose behalf the container works */
  uint32_t gid;
} chi_create;

/* The module's one exported symbol, constant. Text outlives the library's use. */
typedef struct chi_module {
  uint32_t magic;
  uint32_t abi_version;
  uint32_t size;        /* sizeof(chi_module) */
  uint32_t method_size; /* sizeof(chi_method) */
  const char* name;
  const char* version; /* "major.minor.patch" */
  uint32_t state_version;
  uint32_t state_oldest; /* the oldest state version that `restore` takes */
  uint32_t method_count;
  uint32_t reserved;
  const chi_method* methods;
  const char* config_schema;
  const char* state_schema;

  /* Makes a container's code. On success leaves it in `*self`; on failure `emit` gets an encoded chi::Error. */
  int32_t (*create)(const chi_services*, chi_container*, const chi_create*, void** self, void* context,
                    void (*emit)(void* context, const chi_message*));
  void (*destroy)(void* self); /* called only when no task of the container is running or suspended */
  int32_t (*snapshot)(void* self, void* context, void (*emit)(void* context, const chi_message*));
  int32_t (*restore)(void* self, const chi_message* snapshot, uint32_t state_version);
} chi_module;

#ifdef __cplusplus
}
#endif
#endif

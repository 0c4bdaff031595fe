/* Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
 *
 * A module in plain C, with a method `answer` that replies with one byte. What is wrong with it, or different, is
 * chosen by macros: see CMakeLists.txt.
 */
#include <chimaera/abi.h>

#ifndef ANSWER
#define ANSWER 1
#endif
#ifndef VERSION
#define VERSION "1.0.0"
#endif
#ifndef ABI
#define ABI CHI_ABI_VERSION
#endif

#ifdef MISSING_SYMBOL
extern int nobody_defines_this(void);
#endif

#ifdef UNIQUE_SYMBOL
__asm__(
    ".data\n.globl chi_unique\n.type chi_unique, %gnu_unique_object\n.size chi_unique, 4\nchi_unique: .long "
    "1\n.text\n");
#endif

/* What a static object's constructor may do in C++. */
#ifdef ABORTS
#include <stdio.h>
#include <stdlib.h>
__attribute__((constructor)) static void begin(void) {
  fputs("no such device\n", stderr);
  abort();
}
#endif
#ifdef HANGS
#include <unistd.h>
__attribute__((constructor)) static void begin(void) {
  for (;;) pause();
}
#endif
#ifdef LOOKS_AROUND
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
/* Says which program it is linked by, and which descriptors that has. */
__attribute__((constructor)) static void begin(void) {
  char program[200] = {0};
  if (readlink("/proc/self/exe", program, sizeof program - 1) < 0) return;
  fprintf(stderr, "in %s with", program);
  DIR* folder = opendir("/proc/self/fd");
  for (struct dirent* each; folder && (each = readdir(folder)) != 0;) {
    if (each->d_name[0] != '.' && atoi(each->d_name) != dirfd(folder)) fprintf(stderr, " %s", each->d_name);
  }
  abort();
}
#endif

static int32_t answer(void* self, chi_task* task, const chi_message* request, chi_out* out) {
  (void)self, (void)task, (void)request;
#ifdef MISSING_SYMBOL
  nobody_defines_this();
#endif
  out->data[0] = ANSWER;
  out->size = 1;
  return CHI_DONE;
}

static int32_t create(const chi_services* services, chi_container* container, const chi_create* how, void** self,
                      void* context, void (*emit)(void* context, const chi_message*)) {
  (void)services, (void)container, (void)how, (void)context, (void)emit;
  *self = 0;
  return 0;
}
static void destroy(void* self) { (void)self; }
static int32_t snapshot(void* self, void* context, void (*emit)(void* context, const chi_message*)) {
  (void)self, (void)context, (void)emit;
  return 0;
}
static int32_t restore(void* self, const chi_message* state, uint32_t version) {
  (void)self, (void)state, (void)version;
  return 0;
}

/* A later release's records are longer. */
typedef struct {
  chi_method method;
#ifdef LONGER_RECORDS
  uint64_t later[3];
#endif
} method_record;
typedef struct {
  chi_module module;
#ifdef LONGER_RECORDS
  uint64_t later[2];
#endif
} module_record;

static const method_record methods[] = {
    {.method = {.id = 1, .name = "answer", .request_schema = "()", .reply_schema = "(value:u8)", .run = answer}},
#ifdef DAMAGED
    {.method = {.id = 9, .name = "nothing", .request_schema = "()", .reply_schema = "()", .run = 0}},
#endif
    {.method = {.id = 7,
                .flags = CHI_ACCESS_WRITE,
                .name = "put",
                .request_schema = "(key:string,value:bytes)",
                .reply_schema = "()",
                .run = answer,
                .route = CHI_ROUTE_HASH,
                .route_field = 0}},
};

#ifndef NO_TABLE
__attribute__((visibility("default")))
const module_record chi_module_table = {.module = {.magic = CHI_ABI_MAGIC,
                                                   .abi_version = ABI,
                                                   .size = sizeof(module_record),
                                                   .method_size = sizeof(method_record),
                                                   .name = "fixture",
                                                   .version = VERSION,
                                                   .state_version = 1,
                                                   .state_oldest = 1,
                                                   .method_count = sizeof(methods) / sizeof(methods[0]),
                                                   .methods = &methods[0].method,
                                                   .config_schema = "()",
                                                   .state_schema = "()",
                                                   .create = create,
                                                   .destroy = destroy,
                                                   .snapshot = snapshot,
                                                   .restore = restore}};
#else
__attribute__((visibility("default"))) const method_record* not_a_table(void) {
  (void)create, (void)destroy, (void)snapshot, (void)restore;
  return methods;
}
#endif

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Administration: the requests of the pool `admin` (PoolId 1, module chimaera_admin), which every daemon has. The
// command line and the client library do nothing else. A reading request is open to whoever may connect; a changing
// one needs the daemon's uid or root, but that anyone may create a pool (and owns it then), and its owner destroy it.
#pragma once

#include <chimaera/bytes.h>
#include <chimaera/domain.h>
#include <chimaera/method.h>

#include <cstdint>
#include <string>
#include <vector>

namespace chi::admin {

struct Nothing {};

struct ContainerInfo {
  std::uint32_t index = 0;
  std::uint32_t node = 0;
  std::uint32_t worker = 0;
  Epoch epoch = 0;
  std::uint64_t running = 0;  // admitted and not completed
  std::uint64_t completed = 0;
};

struct PoolInfo {
  PoolId id = 0;
  std::string name;
  std::string module;
  std::string module_version;
  std::uint32_t containers = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::uint32_t mode = 0;       // permission bits as chmod's: 4 = read methods, 2 = write methods
  std::uint32_t lane_base = 0;  // position of container 0 in the published lane map
  std::string module_build;     // names the code that it runs, whatever the version says; empty: built in
};

// Creates `containers` containers of `module`, which is loaded if it is not yet. Fails with already_exists when the
// name is taken (`if_absent`: answers with the pool that is there, if its module and containers are the same), and as
// a whole, leaving nothing, when one container cannot be made.
struct PoolCreate {
  static constexpr Method kMethod{1, "pool_create", Access::write};
  using Reply = PoolInfo;
  std::string name;  // see pools[].name in docs/configuration.md
  std::string module;
  std::uint32_t containers = 1;  // 1 to 65536
  std::uint32_t mode = 0600;
  bool if_absent = false;
  Bytes config;  // encoded fields of the module's Config; empty: its defaults
};

// Stops admission, waits for what runs until the call's deadline, then destroys every container.
struct PoolDestroy {
  static constexpr Method kMethod{2, "pool_destroy", Access::write};
  using Reply = Nothing;
  std::string name;
};

struct PoolListReply {
  std::vector<PoolInfo> pools;
};
struct PoolList {
  static constexpr Method kMethod{3, "pool_list", Access::read};
  using Reply = PoolListReply;
};

struct PoolDescription {
  PoolInfo pool;
  std::vector<ContainerInfo> containers;
  Bytes config;               // as it was given when the pool was made
  std::string config_schema;  // of the code that it runs: how to read `config`
};
struct PoolDescribe {
  static constexpr Method kMethod{4, "pool_describe", Access::read};
  using Reply = PoolDescription;
  std::string name;
};

// What a client needs to call the pool.
struct PoolFind {
  static constexpr Method kMethod{5, "pool_find", Access::read};
  using Reply = PoolInfo;
  std::string name;
};

struct MethodInfo {
  std::uint32_t id = 0;
  std::string name;
  bool write = false;
  bool coroutine = false;
  bool merges = false;
  std::uint32_t route = 0;  // CHI_ROUTE_*
  std::uint32_t route_field = 0;
  std::string request_schema;
  std::string reply_schema;
  bool long_running = false;  // declared so
};

// A pool and the code that it was made of, with which it goes on until it is destroyed.
struct ModuleUse {
  std::string pool;
  std::string version;
  std::string build;
  bool current = false;  // it is what new pools are made of
};

struct ModuleInfo {
  std::string name;
  std::string version;
  std::string path;  // of the library in its repo; empty: built in
  bool loaded = false;
  std::uint32_t pools = 0;
  std::string problem;  // why it cannot be loaded; empty: nothing known
  std::string build;    // 16 digits that change with the library's bytes; empty: not loaded, or built in
  std::vector<ModuleUse> in_use;
};

struct ModuleListReply {
  std::vector<ModuleInfo> modules;
};
struct ModuleList {
  static constexpr Method kMethod{6, "module_list", Access::read};
  using Reply = ModuleListReply;
};

struct ModuleDescription {
  ModuleInfo module;
  std::uint32_t abi_version = 0;
  std::uint32_t state_version = 0;
  std::string config_schema;
  std::string state_schema;
  std::vector<MethodInfo> methods;
};
// By name; loads it from the repos if need be, for its table is in the library.
struct ModuleDescribe {
  static constexpr Method kMethod{7, "module_describe", Access::read};
  using Reply = ModuleDescription;
  std::string name;
};

// Loads a module by name from the repos, or by the path of its folder or library: new pools are made of it, those that
// there are keep what they have, as the answer's `in_use` says. Fails with failed_precondition, and changes nothing,
// when the repos have two of the name, or when it is older than what is loaded.
struct ModuleLoad {
  static constexpr Method kMethod{8, "module_load", Access::write};
  using Reply = ModuleInfo;
  std::string name;
  bool allow_older = false;
};

struct StuckTask {
  std::string container;
  std::string method;
  std::uint64_t running_ms = 0;
};

struct WorkerInfo {
  std::uint32_t index = 0;
  std::uint64_t tasks = 0;  // completed since the start
  std::uint64_t sleeps = 0;
  std::uint32_t containers = 0;
  std::uint32_t queued = 0;
  std::uint32_t replaced = 0;       // times a handler that would not end was left to a thread of its own
  bool active = false;              // takes new lanes; else it only serves clients that do not know yet
  bool dedicated = false;           // its thread looks for work without ever sleeping
  std::vector<std::uint32_t> cpus;  // where its thread may run
};

struct SessionInfo {
  std::uint64_t id = 0;
  std::uint32_t pid = 0;
  std::uint32_t uid = 0;
  std::uint32_t streams = 0;
  std::uint64_t memory = 0;  // bytes of its segments
};

struct StatusReply {
  std::string name;
  std::string version;
  std::uint32_t pid = 0;
  std::uint64_t incarnation = 0;
  double uptime_s = 0;
  std::uint64_t resident_bytes = 0;
  std::vector<WorkerInfo> workers;
  std::vector<SessionInfo> sessions;
  std::vector<PoolInfo> pools;
  std::vector<StuckTask> stuck;
  std::uint64_t failed_forgotten = 0;  // fire-and-forget and periodic tasks that ended in an error
  std::uint32_t worker_limit = 0;      // of active workers, as `runtime.max_workers` says
};
struct GetStatus {
  static constexpr Method kMethod{9, "status", Access::read};
  using Reply = StatusReply;
};

// Answers, and then ends the daemon: no new task, what runs gets `grace_ms`, then everything is taken down.
struct Stop {
  static constexpr Method kMethod{10, "stop", Access::write};
  using Reply = Nothing;
  std::uint32_t grace_ms = 5000;
};

struct WorkersReply {
  std::uint32_t active = 0;
  std::uint32_t limit = 0;
  bool dedicated = false;
};
// How many workers share the work from now on, while it goes on: 1 to the limit. `dedicated`: they never sleep. Fails
// with invalid_argument beyond the limit, with resource_exhausted when there is no thread or memory for another one.
// A lane that cannot leave a worker that is to go follows as soon as it can; until then that worker runs it.
struct WorkersSet {
  static constexpr Method kMethod{12, "workers_set", Access::write};
  using Reply = WorkersReply;
  std::uint32_t count = 1;
  bool dedicated = false;
};

// How a policy of work orchestration (chimaera/worch.h) does.
struct PolicyInfo {
  std::string kind;    // "queue": lanes to workers; "proc": workers to CPUs
  std::string module;  // empty: none is in charge
  std::string version;
  std::uint64_t rounds = 0;   // answers that were taken
  std::uint64_t refused = 0;  // that were not, with the time in which none came
  std::string reason;         // of the latest question
  std::string why;            // the policy's own words for its latest answer
  std::string error;          // of the latest refusal
  std::uint64_t took_ns = 0;  // from the question to the answer
};

struct LaneDuty {
  PoolId pool = 0;
  std::string name;  // of the container
  std::uint32_t worker = 0;
  std::string why;  // it was moved there last; empty: where it was made
};

struct WorkerDuty {
  std::uint32_t worker = 0;
  std::vector<std::uint32_t> cpus;  // where its thread may run
  std::string why;
};

struct WorchReply {
  std::vector<PolicyInfo> policies;
  std::vector<WorkerDuty> workers;
  std::vector<LaneDuty> lanes;
  std::uint64_t moves = 0;          // of lanes, since the start
  std::uint64_t moves_refused = 0;  // could not be done at the moment, and were left for the next round
  std::uint64_t pause_p50_ns = 0;   // how long a lane that moved stood still
  std::uint64_t pause_p99_ns = 0;
  std::uint64_t pause_longest_ns = 0;
};

// Who runs what, and why.
struct WorchShow {
  static constexpr Method kMethod{13, "worch_show", Access::read};
  using Reply = WorchReply;
};

// Puts the policy `module` in charge of `kind`, while the node works. With an empty one nobody is: lanes stay where
// they are from now on, and workers may run on all CPUs again. The new one is asked first: where its answer cannot be
// taken the call fails, and the old one stays.
struct WorchSet {
  static constexpr Method kMethod{14, "worch_set", Access::write};
  using Reply = WorchReply;
  std::string kind;
  std::string module;
};

// Asks the policies of `kind`, or all, now. Fails when an answer cannot be taken.
struct WorchRun {
  static constexpr Method kMethod{15, "worch_run", Access::write};
  using Reply = WorchReply;
  std::string kind;
};

// Of the tasks whose requests have 2^(size_class - 1) to 2^size_class - 1 bytes, buffers included; 0: none.
struct SizeClass {
  std::uint32_t size_class = 0;
  std::uint64_t measured = 0;
  double mean_ns = 0;  // in handlers, the last tasks weighing most
};

// One method of a module, in all pools and on all workers, since the daemon's start. Numbers and bytes are exact; of
// what takes less than a few microseconds the times are estimates from a sample.
struct MethodLoadInfo {
  std::string module;
  std::uint32_t id = 0;
  std::string method;
  std::uint64_t tasks = 0;  // admitted
  std::uint64_t failed = 0;
  std::uint64_t bytes = 0;     // of requests and replies
  std::uint64_t total_ns = 0;  // in handlers
  double mean_ns = 0;          // ... for a task
  double p50_ns = 0;           // from admission to completion
  double p99_ns = 0;
  std::uint64_t predicted = 0;     // measured tasks whose handler time was predicted before they began, ...
  double predicted_mean_ns = 0;    // ... by the load model, ...
  double actual_mean_ns = 0;       // ... and what they took
  double error = 0;                // mean of |predicted - actual| / actual
  bool long_running = false;       // declared so, or measured: more than 1 ms
  std::vector<SizeClass> classes;  // those that are known

  // From admission to completion, as OperationStats has it (chimaera/statistics.h).
  std::vector<std::uint64_t> histogram;
};
struct MethodsReply {
  std::vector<MethodLoadInfo> methods;  // by total time, the longest first
};
// What each method that was called costs.
struct Methods {
  static constexpr Method kMethod{11, "methods", Access::read};
  using Reply = MethodsReply;
};

// Has each worker keep what it does from now on, task by task: the newest `records` steps (0: 65,536; what all workers
// keep is at most 1 GiB). Where tasks are so short and many that this would slow a worker down, some are passed over,
// with all their steps; not with `all`. Fails with already_exists while a trace goes on; what an earlier one has left
// is let go of.
struct TraceStartReply {
  std::uint64_t records = 0;  // of each worker
  std::uint32_t workers = 0;
  std::uint64_t bytes = 0;  // of memory, until the trace is read or the daemon ends
};
struct TraceStart {
  static constexpr Method kMethod{16, "trace_start", Access::write};
  using Reply = TraceStartReply;
  std::uint64_t records = 0;
  bool all = false;
};

struct TraceWorker {
  std::uint32_t worker = 0;
  std::uint64_t records = 0;
  std::uint64_t lost = 0;         // older ones, that had no room
  std::uint64_t passed_over = 0;  // tasks, that came too fast
};
struct TraceMethod {
  std::uint32_t id = 0;
  std::string name;
};
struct TracePool {
  PoolId id = 0;
  std::string name;
  std::vector<TraceMethod> methods;
};
struct TraceStopReply {
  std::uint64_t trace = 0;  // its number, by which it is read
  std::uint64_t duration_ns = 0;
  std::uint64_t records = 0;           // to be read
  std::vector<TraceWorker> workers;    // those whose records are there, in the order of the records
  std::vector<std::uint32_t> missing;  // workers that did not come to it in time
  std::vector<TracePool> pools;        // that records are of, those that are gone included
};
// Ends the trace; its records wait to be read. Once more: the same answer. Fails with failed_precondition when there
// is none.
struct TraceStop {
  static constexpr Method kMethod{17, "trace_stop", Access::write};
  using Reply = TraceStopReply;
};

inline constexpr std::uint32_t kTraceQueued = 1;  // the wait was for its turn; else for what it awaited
inline constexpr std::uint32_t kTraceRan = 2;     // else the task ended without, or still waited when the trace ended
inline constexpr std::uint32_t kTraceOrphan = 4;  // ran on a thread of its own, for it would not end
inline constexpr std::uint32_t kTraceMove = 8;    // the container's lane left the worker
inline constexpr std::uint32_t kTraceNoTask = 16;

// A wait, the run after it, and the reply; in nanoseconds since the trace began, 0 where there was none.
struct TraceStep {
  std::uint32_t worker = 0;
  std::uint32_t flags = 0;  // kTrace...
  PoolId pool = 0;
  std::uint32_t container = 0;
  std::uint32_t method = 0;
  std::uint64_t session = 0;
  std::uint64_t sequence = 0;
  std::uint64_t since_ns = 0;
  std::uint64_t began_ns = 0;
  std::uint64_t ended_ns = 0;
  std::uint64_t reply_ns = 0;
  std::uint64_t replied_ns = 0;
  std::uint32_t to_worker = 0;  // of a move
};
struct TraceReadReply {
  std::vector<TraceStep> steps;
};
// The next records of `trace` from `begin` on, worker by worker, the oldest first. With `release` none: the daemon lets
// go of it. Fails with aborted when it has gone, with failed_precondition while it goes on.
struct TraceRead {
  static constexpr Method kMethod{18, "trace_read", Access::write};
  using Reply = TraceReadReply;
  std::uint64_t trace = 0;
  std::uint64_t begin = 0;
  bool release = false;
};

// Counters since the start of the daemon, of which two readings give rates.
struct WorkerCounters {
  std::uint32_t worker = 0;
  bool active = false;
  std::uint64_t busy_ns = 0;  // in module code; an estimate where that takes less than a few microseconds at a time
  std::uint64_t tasks = 0;    // completed
  std::uint64_t sleeps = 0;
  std::uint32_t queued = 0;  // now
  std::uint32_t lanes = 0;
  std::vector<std::uint32_t> cpus;
};
struct LaneCounters {
  PoolId pool = 0;
  std::uint32_t container = 0;
  std::uint32_t worker = 0;
  std::uint64_t tasks = 0;  // completed
  std::uint32_t queued = 0;
  std::uint32_t running = 0;     // admitted and not completed, now
  std::uint64_t handler_ns = 0;  // estimates, as busy_ns; an isolated handler's until now included
  std::uint64_t wait_ns = 0;     // of all tasks, from admission to begin
  std::uint64_t bytes = 0;       // of requests and replies
  bool isolated = false;         // a handler of it has a thread of its own, and nothing else of it runs
  bool stuck = false;            // ... for longer than `runtime.stuck_after`
};
struct LanePool {
  PoolId id = 0;
  std::string name;
  std::string module;
};
struct LanesReply {
  std::uint64_t now_ns = 0;  // when that was, by a clock that never goes back
  std::vector<WorkerCounters> workers;
  std::vector<LaneCounters> lanes;  // those that have, or had, any task; 4096 at most
  std::vector<LanePool> pools;
  std::uint64_t next = 0;  // to begin with to have more lanes; 0: these were the last
};
// What each worker and each lane has done, the lanes in pieces. Reading it changes nothing, so everyone may, as often
// as they like.
struct Lanes {
  static constexpr Method kMethod{19, "lanes", Access::read};
  using Reply = LanesReply;
  std::uint64_t begin = 0;
};

}  // namespace chi::admin

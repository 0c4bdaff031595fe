// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `idle`: what a daemon and a connected client cost that do nothing, and how long it takes from the start of a daemon's
// process to the first reply of a call.
#include <chimaera/admin.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "benchmark/calls.h"
#include "benchmark/process_cpu.h"
#include "benchmark/stage.h"
#include "small_message/small_message.h"

namespace chi::bench {
namespace {

Result<std::uint64_t> resident_bytes(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  std::uint64_t pages = 0, resident = 0;
  if (!(file >> pages >> resident))
    return Error{Code::not_found, "cannot read a process' memory; has it ended?", "bench"};
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

Result<double> start_to_reply_ms(const Options& options) {
  const std::uint64_t begin = now_ns();
  Result<PrivateDaemon> daemon = PrivateDaemon::start(options);
  if (!daemon.ok()) return std::move(daemon).error();
  ConnectOptions connect;
  connect.socket = daemon->socket();
  const Result<Client> client = Client::connect(connect);
  if (!client.ok()) return client.error();
  const Result<admin::StatusReply> reply = client->admin().call<admin::GetStatus>().get();
  if (!reply.ok()) return reply.error();
  return static_cast<double>(now_ns() - begin) / 1e6;
}

struct Usage {
  std::uint64_t cpu = 0;
  std::uint64_t resident = 0;
};

Result<Usage> usage_of(pid_t pid) {
  const Result<std::uint64_t> cpu = process_cpu_ns(pid);
  if (!cpu.ok()) return cpu.error();
  const Result<std::uint64_t> resident = resident_bytes(pid);
  if (!resident.ok()) return resident.error();
  return Usage{*cpu, *resident};
}

// Percent of one CPU, and bytes.
struct Idle {
  double daemon_cpu = 0, client_cpu = 0;
  double daemon_bytes = 0, client_bytes = 0;
};

Result<Idle> measure_idle(pid_t daemon, std::chrono::milliseconds time) {
  std::this_thread::sleep_for(time / 10);  // until spins have ended
  const Result<Usage> daemon_before = usage_of(daemon), client_before = usage_of(::getpid());
  const std::uint64_t begin = now_ns();
  for (auto left = time; left.count() > 0; left -= std::chrono::milliseconds(100)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    Status goes_on = check_interrupt();
    if (!goes_on.ok()) return std::move(goes_on).error();
  }
  const auto passed = static_cast<double>(now_ns() - begin);
  const Result<Usage> daemon_after = usage_of(daemon), client_after = usage_of(::getpid());
  for (const auto* usage : {&daemon_before, &client_before, &daemon_after, &client_after}) {
    if (!usage->ok()) return usage->error();
  }
  return Idle{100 * static_cast<double>(daemon_after->cpu - daemon_before->cpu) / passed,
              100 * static_cast<double>(client_after->cpu - client_before->cpu) / passed,
              static_cast<double>(daemon_after->resident), static_cast<double>(client_after->resident)};
}

}  // namespace

Result<Report> run_idle(const Options& options) {
  Figure start_ms;
  for (unsigned repeat = 0; options.daemon.empty() && repeat < options.repeats; ++repeat) {
    Status goes_on = check_interrupt();
    if (!goes_on.ok()) return std::move(goes_on).error();
    const Result<double> ms = start_to_reply_ms(options);
    if (!ms.ok()) return ms.error();
    start_ms.add(*ms);
  }
  Result<std::unique_ptr<Stage>> stage = Stage::set_up(options);
  if (!stage.ok()) return std::move(stage).error();
  const Result<Pool> pool = (*stage)->make_pool("small_message");
  if (!pool.ok()) return pool.error();
  const auto reply = pool->call<small_message::Null>().get();
  if (!reply.ok()) return reply.error();
  const Result<Idle> idle =
      measure_idle((*stage)->daemon_pid(), std::chrono::milliseconds(options.quick ? 500 : 10'000));
  if (!idle.ok()) return idle.error();

  Report report;
  report.single = true;
  report.rows = {{{"workload", "idle"},
                  {"daemon_cpu_percent", rounded(idle->daemon_cpu)},
                  {"client_cpu_percent", rounded(idle->client_cpu)},
                  {"daemon_resident_bytes", idle->daemon_bytes},
                  {"client_resident_bytes", idle->client_bytes},
                  {"start_to_reply_ms", nullptr}}};
  constexpr double kMiB = 1U << 20;
  report.targets = {{"percent of a CPU, daemon and client", idle->daemon_cpu + idle->client_cpu, 1, true},
                    {"resident MiB, daemon and client", (idle->daemon_bytes + idle->client_bytes) / kMiB, 64, true}};
  if (!start_ms.empty()) {
    report.rows[0]["start_to_reply_ms"] = rounded(start_ms.median());
    report.rows[0]["spread_start"] = rounded(start_ms.spread());
    report.targets.push_back({"ms from start to first reply", start_ms.median(), 150, true});
  }
  return report;
}

}  // namespace chi::bench

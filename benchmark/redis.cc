// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Redis keeps nothing on disk here, and server and client have the CPUs that worker and client have.
#include "benchmark/redis.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <charconv>
#include <thread>

#include "base/file.h"
#include "base/runtime_dir.h"

namespace chi::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kHowToGetRedis =
    "Redis is not here, so nothing is compared with it; `make bench` installs it (apt-get install redis-server "
    "redis-tools)";

bool accepts(const std::string& path) {
  const Result<sockaddr_un> address = socket_address(path);
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return address.ok() && fd && ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) == 0;
}

Status wait_for_server(Child& server, const std::string& socket) {
  const auto deadline = Child::in(seconds(10));
  while (!accepts(socket)) {
    if (!server.runs()) {
      Result<std::string> said = server.output(deadline);
      if (said.code() == Code::not_found) return Error{Code::not_found, kHowToGetRedis, "bench"};
      return Error{Code::internal, "redis-server ended at once; run it by hand to see why", "bench"};
    }
    if (std::chrono::steady_clock::now() > deadline) {
      return Error{Code::deadline_exceeded, "redis-server takes too long to start", "bench"};
    }
    std::this_thread::sleep_for(milliseconds(2));
  }
  return {};
}

}  // namespace

Result<double> parse_redis_rate(std::string_view csv, std::string_view test) {
  const std::string head = fmt::format("\"{}\",\"", test);
  const auto begin = csv.find(head);
  if (begin != std::string_view::npos) {
    const std::string_view number =
        csv.substr(begin + head.size(), csv.find('"', begin + head.size()) - begin - head.size());
    double value = 0;
    const auto read = std::from_chars(number.data(), number.data() + number.size(), value);
    if (read.ec == std::errc() && read.ptr == number.data() + number.size() && value > 0) return value;
  }
  return Error{Code::data_loss, fmt::format("redis-benchmark printed no rate of {}; it printed: {}", test, csv),
               "bench"};
}

Result<Redis> Redis::start(const Options& options) {
  Result<ScratchFolder> folder = ScratchFolder::make();
  if (!folder.ok()) return std::move(folder).error();
  Launch launch;
  launch.command = {"redis-server", "--port",       "0", "--unixsocket", folder->file("redis"), "--save", "", "--dir",
                    folder->path(), "--appendonly", "no"};
  launch.error_file = folder->file("log");
  launch.cpus = {options.placement.worker};
  Result<Child> server = Child::start(launch);
  if (!server.ok()) return std::move(server).error();
  Status ready = wait_for_server(*server, folder->file("redis"));
  if (!ready.ok()) return std::move(ready).error();
  return Redis(options, *std::move(folder), *std::move(server));
}

Result<double> Redis::rate(const Load& load) const {
  const char* test = load.get ? "get" : "set";
  Launch launch;
  launch.command = {"redis-benchmark",
                    "-s",
                    folder_.file("redis"),
                    "-c",
                    "1",
                    "-P",
                    std::to_string(load.pipeline),
                    "-n",
                    std::to_string(load.requests),
                    "-d",
                    std::to_string(load.value_size),
                    "-r",
                    std::to_string(load.keys),
                    "-t",
                    test,
                    "--csv"};
  launch.cpus = {placement_.client};
  Result<Child> run = Child::start(launch);
  if (!run.ok()) return std::move(run).error();
  Result<std::string> csv = run->output(Child::in(seconds(60)));
  if (csv.code() == Code::not_found) return Error{Code::not_found, kHowToGetRedis, "bench"};
  if (!csv.ok()) return std::move(csv).error();
  return parse_redis_rate(*csv, load.get ? "GET" : "SET");
}

}  // namespace chi::bench

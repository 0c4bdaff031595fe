// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// `chimaera bdev export`: a pool of block devices for programs that speak NBD, until a signal ends it.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/json.h"
#include "cli/signal_watch.h"
#include "cli/table.h"
#include "cli/target.h"
#include "nbd/server.h"

namespace chi::cli {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kOneSignal(300);  // what comes so soon after the first one is the same wish

constexpr const char* kFooter =
    R"(The pool is to be a disk (disk=true), or of several containers: one whose space is allocated from the start.
It is served until SIGINT or SIGTERM comes. Then what was asked for is answered, the socket is removed, and the exit
code is 0; a second signal ends it at once.
When the daemon or the pool goes away, requests fail with EIO. They work again once the pool is back on the same files
or devices. Others are refused, memory included, which does not outlive the pool: begin another export then.)";

struct ExportArguments {
  Target target;
  std::string pool;
  std::string socket;
  std::string mode = "600";
  bool read_only = false;
  std::uint32_t connections = 32;
};

bool is_plain(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

std::string uri_of(const std::string& path) {
  std::string out = "nbd+unix:///?socket=";
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    out += is_plain(byte) ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return out;
}

void announce(const nbd::Server& server, const ExportArguments& given, const std::string& path) {
  const std::string uri = uri_of(path);
  if (given.target.json) {
    Json out;
    out["pool"] = given.pool;
    out["size"] = server.offer().size;
    out["block_size"] = server.block_size();
    out["read_only"] = given.read_only;
    out["socket"] = path;
    out["uri"] = uri;
    std::printf("%s\n", out.dump().c_str());
  } else {
    std::printf("serving '%s', %s%s; try: nbdinfo '%s'\n", given.pool.c_str(),
                human_size(static_cast<double>(server.offer().size)).c_str(), given.read_only ? ", read-only" : "",
                uri.c_str());
  }
  std::fflush(stdout);
}

nbd::ServerOptions options_of(const ExportArguments& given, const std::string& path, std::uint32_t mode) {
  nbd::ServerOptions out;
  out.daemon.name = given.target.name;
  out.daemon.socket = given.target.socket;
  out.daemon.user = given.target.user;
  out.pool = given.pool;
  out.socket = path;
  out.mode = mode;
  out.read_only = given.read_only;
  out.max_connections = given.connections;
  return out;
}

int serve(const ExportArguments& given, const std::string& path, std::uint32_t mode) {
  block_end_signals();
  nbd::Notes notes([](const std::string& text) { std::fprintf(stderr, "export: %s\n", printable(text).c_str()); });
  std::unique_ptr<nbd::Server> server;
  {
    const Result<Client> client = connect(given.target);
    if (!client.ok()) return report_unreachable(client.error());
    auto opened = nbd::Server::open(options_of(given, path, mode), notes);
    if (!opened.ok()) return report(*client, opened.error());
    server = *std::move(opened);
  }
  std::optional<SteadyClock::time_point> first;
  const auto watch = SignalWatch::start([&](int) {
    if (first && SteadyClock::now() - *first > kOneSignal) ::_exit(kFailed);  // the socket has gone by then
    if (!first) first = SteadyClock::now();
    server->stop();
  });
  if (!watch.ok()) return report(watch.error());
  announce(*server, given, path);
  server->run();
  return kDone;
}

int run_export(const ExportArguments& given) {
  const Result<std::uint32_t> mode = parse_mode(given.mode);
  if (!mode.ok()) return report_usage(mode.error());
  std::error_code error;
  const std::string path = std::filesystem::absolute(given.socket, error).lexically_normal().string();
  if (error || path.empty()) {
    return report_usage(Error{Code::invalid_argument, fmt::format("'{}' is no path", printable(given.socket)), {}});
  }
  return serve(given, path, *mode);
}

}  // namespace

void add_bdev_export(CLI::App& bdev_group, Action& run) {
  CLI::App* command = bdev_group.add_subcommand("export", "Serve a pool to programs that speak NBD: as a disk");
  auto given = std::make_shared<ExportArguments>();
  add_target(*command, given->target);
  command->add_option("pool", given->pool, "A pool's name")->required();
  command->add_option("--nbd", given->socket, "the Unix socket to make")->required()->type_name("PATH");
  command->add_flag("--read-only", given->read_only, "let nobody change anything");
  command->add_option("--mode", given->mode, "permission bits of the socket: who can write to it is served")
      ->capture_default_str()
      ->type_name("OCTAL");
  command->add_option("--connections", given->connections, "most clients at a time, of up to 64 MiB under way each")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  command->footer(kFooter);
  command->callback([&run, given] { run = [given] { return run_export(*given); }; });
}

}  // namespace chi::cli

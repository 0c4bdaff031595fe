// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Options that the commands share, and their errors.
#include "cli/target.h"

#include <chimaera/admin.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <CLI/CLI.hpp>
#include <cerrno>

#include "base/clock.h"
#include "base/file.h"
#include "cli/exit_code.h"
#include "cli/failure.h"
#include "client/session.h"

namespace chi::cli {

void add_name(CLI::App& command, std::string& name) {
  command.add_option("--name,-n", name, "the daemon's name")->capture_default_str()->type_name("NAME");
}

void add_target(CLI::App& command, Target& target) {
  add_name(command, target.name);
  command.add_option("--socket", target.socket, "the daemon's socket, where it is not found by name")
      ->type_name("PATH");
  command
      .add_option("--user", target.user, "whose daemon it is: a name or number; without it yours, or see operations.md")
      ->type_name("USER");
  command.add_flag("--json", target.json, "print JSON");
}

ConnectOptions connect_options(const Target& target, std::chrono::nanoseconds timeout) {
  ConnectOptions options;
  options.name = target.name;
  options.socket = target.socket;
  options.timeout = timeout;
  options.spin = std::chrono::nanoseconds(0);  // a command asks a few times only: no need to burn a core
  options.reconnect = false;
  options.user = target.user;
  return options;
}

Result<Client> connect(const Target& target, std::chrono::nanoseconds timeout) {
  return Client::connect(connect_options(target, timeout));
}

namespace {

constexpr std::chrono::seconds kLastQuestion(1);  // whether a daemon that failed a call is still there

pid_t peer_pid(int socket) noexcept {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

}  // namespace

Result<Reached> reach(const Target& target) {
  const ConnectOptions options = connect_options(target);
  const auto address = client::DaemonAddress::find(options);
  if (!address.ok()) return address.error();
  const std::uint64_t deadline = SystemClock().now_ns() + static_cast<std::uint64_t>(options.timeout.count());
  Result<UniqueFd> socket = client::Connection::dial(*address, deadline);
  if (!socket.ok()) return std::move(socket).error();
  UniqueFd copy(::fcntl(socket->get(), F_DUPFD_CLOEXEC, 0));
  if (!copy) return Error{errno_code(errno), "no descriptor to be had: " + errno_text(errno), {}};
  const pid_t pid = peer_pid(copy.get());
  return Reached{std::move(copy), pid, client::connect_socket(*std::move(socket), options)};
}

std::string pid_text(pid_t pid) { return pid == 0 ? "in another pid namespace" : fmt::format("pid {}", pid); }

int report(const Error& error) {
  print_failure(error);
  return kFailed;
}

int report(const Client& client, const Error& error) {
  print_failure(error);
  return client.admin().with_deadline(kLastQuestion).call<admin::PoolFind>("admin").get().ok() ? kFailed : kNoDaemon;
}

int report_unreachable(const Error& error) {
  print_failure(error);
  return error.code == Code::invalid_argument ? kUsage : kNoDaemon;
}

}  // namespace chi::cli

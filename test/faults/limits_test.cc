// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// What happens at the limits: of a session's memory, of open files, of disk space, of what a request may be.
#include <kv/kv.h>
#include <sched.h>
#include <small_message/small_message.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <fstream>
#include <thread>

#include "common/child.h"
#include "common/socket_node.h"

namespace chi::test {
namespace {

namespace sm = small_message;

// The processor time that a process has used.
std::chrono::nanoseconds time_used(pid_t pid) {
  clockid_t clock{};
  timespec used{};
  EXPECT_TRUE(::clock_getcpuclockid(pid, &clock) == 0 && ::clock_gettime(clock, &used) == 0);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

class Limits : public SocketNode {
 protected:
  std::uint64_t memory_limit() const override { return std::uint64_t{24} << 20; }
};

TEST_F(Limits, SessionMemoryIsRefusedAndComesBack) {
  std::vector<Bytes> kept;
  Error error;
  for (int i = 0; i < 100; ++i) {
    auto bytes = client_->allocate(1 << 20);
    if (!bytes.ok()) {
      error = bytes.error();
      break;
    }
    kept.push_back(std::move(*bytes));
  }
  EXPECT_EQ(error.code, Code::resource_exhausted);
  EXPECT_NE(error.text.find("session.memory_limit"), std::string::npos) << error.text;
  EXPECT_GT(kept.size(), 4U);
  EXPECT_TRUE(client_->pool("small").on(container(0)).call<sm::Null>().get().ok()) << "small calls need no arena";
  kept.clear();
  EXPECT_TRUE(client_->allocate(1 << 20).ok());
}

TEST_F(Limits, AReplyThatDoesNotFitIsAnErrorAndNothingElse) {
  auto small = client_->pool("small").on(container(0));
  auto big = small.call<sm::Read>(std::uint64_t{64} << 20, 1U).get();
  EXPECT_EQ(big.code(), Code::resource_exhausted);
  for (int i = 0; i < 50; ++i) {
    auto fits = small.call<sm::Read>(std::uint64_t{1} << 20, 1U).get();
    ASSERT_TRUE(fits.ok()) << i << ": " << fits.error().to_string();
  }
}

TEST_F(Limits, AKeyThatIsTooLongIsRefused) {
  auto put = client_->pool("store").call<kv::Put>(std::string(kv::kMaxKey + 1, 'k'), Bytes("v")).get();
  EXPECT_EQ(put.code(), Code::invalid_argument);
}

// The daemon may open only a few files: who comes too late is told so, and who leaves makes room.
TEST_F(Limits, OutOfDescriptorsTheDaemonGoesOn) {
  ::setenv("XDG_RUNTIME_DIR", folder_.path().c_str(), 1);
  const std::string path = folder_ / "few.sock";
  std::ofstream config(folder_ / "few.yaml");
  config << "socket:\n  path: " << path << "\nruntime:\n  workers: 1\nlog:\n  file: /dev/full\n";  // and no disk space
  config.close();
  Child daemon({CHI_PROGRAM, "start", "--foreground", "--json", "--name", "few", "--config", folder_ / "few.yaml",
                "--module-path", CHI_TEST_MODULES});
  ASSERT_NE(daemon.line().find('{'), std::string::npos);
  auto connect = [&] { return Client::connect({.socket = path, .timeout = std::chrono::milliseconds(500)}); };
  auto alone = [&] {
    auto client = connect();
    auto status = client.ok() ? client->admin().call<admin::GetStatus>().get() : client.error();
    return status.ok() && status->sessions.size() == 1;
  };
  // Clients have come and gone before: UBSan looks at the first object of a type through a pipe, and takes one that it
  // cannot open for a finding.
  ASSERT_TRUE(alone() && eventually(alone));
  const rlimit few{48, 48};
  ASSERT_EQ(::prlimit(daemon.pid(), RLIMIT_NOFILE, &few, nullptr), 0);
  std::vector<Client> clients;
  Code refused = Code::ok;
  for (int i = 0; i < 64 && refused == Code::ok; ++i) {
    auto client = connect();
    if (client.ok()) {
      if (i == 0) {
        ASSERT_TRUE(client->admin().info().ok());
      }
      clients.push_back(std::move(*client));
    } else {
      refused = client.code();
    }
  }
  EXPECT_NE(refused, Code::ok);
  EXPECT_GT(clients.size(), 2U);
  const auto before = time_used(daemon.pid());
  EXPECT_FALSE(connect().ok()) << "half a second of waiting";
  EXPECT_LT(time_used(daemon.pid()) - before, std::chrono::milliseconds(150)) << "it asks again and again";
  EXPECT_TRUE(clients[0].admin().info().ok()) << "those who are in are served";
  clients.clear();
  EXPECT_TRUE(eventually(alone));
  EXPECT_EQ(daemon.kill(SIGTERM), 0) << "it did not end cleanly";
}

#ifndef CHI_SANITIZED  // sanitizers have allocators of their own
std::uint64_t resident_bytes(pid_t pid) {
  std::ifstream statm("/proc/" + std::to_string(pid) + "/statm");
  std::uint64_t mapped = 0;
  std::uint64_t resident = 0;
  statm >> mapped >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// Values of two pools lie side by side in one heap: what the one has freed is never at its end.
TEST_F(Limits, MemoryGoesBackToTheSystemAtRest) {
  ::setenv("XDG_RUNTIME_DIR", folder_.path().c_str(), 1);
  const std::string path = folder_ / "rest.sock";
  std::ofstream config(folder_ / "rest.yaml");
  config << "socket:\n  path: " << path << "\nruntime:\n  workers: 1\n  trim_after: 50ms\n"
         << "pools:\n  - {name: large, module: kv}\n  - {name: little, module: kv}\n";
  config.close();
  Child daemon({CHI_PROGRAM, "start", "--foreground", "--json", "--name", "rest", "--config", folder_ / "rest.yaml",
                "--module-path", CHI_TEST_MODULES});
  ASSERT_NE(daemon.line().find('{'), std::string::npos);
  auto client = Client::connect({.socket = path});
  ASSERT_TRUE(client.ok()) << client.error().to_string();
  const Pool large = client->pool("large");
  const Pool little = client->pool("little");
  const std::string value(16 << 10, 'v');
  constexpr int kValues = 6'000;
  for (int i = 0; i < kValues; ++i) {
    ASSERT_TRUE(large.call<kv::Put>(std::to_string(i), Bytes(value)).get().ok());
    ASSERT_TRUE(little.call<kv::Put>(std::to_string(i), Bytes("a value that has memory of its own")).get().ok());
  }
  const std::uint64_t full = resident_bytes(daemon.pid());
  ASSERT_GT(full, kValues * value.size());
  ASSERT_TRUE(client->destroy_pool("large").ok());
  EXPECT_TRUE(eventually([&] { return resident_bytes(daemon.pid()) < full - kValues * value.size() / 2; }))
      << full << " bytes, and then " << resident_bytes(daemon.pid());
  EXPECT_EQ(little.call<kv::Get>("17").get().value().value.value().view(), "a value that has memory of its own");
}
#endif

// Runs in a child that has a time namespace, whose clock is `ahead_s` ahead. Gives 77 where there can be none.
int call_from_time_namespace(const std::string& socket, long ahead_s) {
  if (::unshare(CLONE_NEWTIME) != 0) return 77;
  std::ofstream offsets("/proc/self/timens_offsets");
  offsets << "monotonic " << ahead_s << " 0\n" << std::flush;
  if (!offsets) return 77;
  const pid_t inside = ::fork();  // a namespace is its maker's children's
  if (inside != 0) {
    int status = 0;
    ::waitpid(inside, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 70;
  }
  auto client = Client::connect({.socket = socket});
  if (!client.ok()) ::_exit(1);
  const Pool small = client->pool("small").on(container(0));
  if (!small.with_deadline(std::chrono::seconds(5)).call<sm::Null>().get().ok()) ::_exit(2);
  if (!small.with_deadline(std::chrono::seconds(5)).call<sm::Nap>(1000U).get().ok()) ::_exit(3);
  if (!client->pool("small").on(all()).gather<sm::Null>().get().ok()) ::_exit(4);
  const auto begin = std::chrono::steady_clock::now();
  if (small.with_deadline(std::chrono::milliseconds(50)).call<sm::Nap>(60'000'000U).get().code() !=
      Code::deadline_exceeded) {
    ::_exit(5);
  }
  ::_exit(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5) ? 0 : 6);
}

TEST_F(Limits, ClocksOfOtherTimeNamespacesDoNotMatter) {
  for (const long ahead_s : {1'000'000L, -20L, 20L}) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(call_from_time_namespace(socket(), ahead_s));
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "no time namespaces here";
    EXPECT_EQ(status, 0) << ahead_s << ": exit " << WEXITSTATUS(status);
    EXPECT_TRUE(eventually([&] { return running("small") == 0; })) << "what its deadline ended";
  }
}

}  // namespace
}  // namespace chi::test

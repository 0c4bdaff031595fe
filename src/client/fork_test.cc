// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// A client belongs to the process that made it: what a fork's child may do with one, and what the parent notices of it.
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <functional>
#include <thread>

#include "client/fake_fixture.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
// The child of a fork has a client of its own here, with its threads, which ThreadSanitizer forbids else.
extern "C" const char* __tsan_default_options() { return "die_after_fork=0"; }
#endif
#endif

namespace chi::test {
namespace {

using namespace std::chrono_literals;

// Runs `work` in a child, and gives the text that it returned; "no answer" where it did not end within ten seconds.
// By the system call alone where `raw`, as by who knows nothing of libraries and their handlers.
std::string in_child(bool raw, const std::function<std::string()>& work) {
  int ends[2];
  if (::pipe(ends) != 0) return "no pipe";
  const pid_t child = raw ? static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)) : ::fork();
  if (child == 0) {
    std::string said;
    try {
      said = work();
    } catch (const std::exception& error) {
      said = error.what();
    }
    const bool told = ::write(ends[1], said.data(), said.size()) == static_cast<ssize_t>(said.size());
    ::_exit(told ? 0 : 1);
  }
  ::close(ends[1]);
  std::string said;
  bool over = false;
  pollfd waiting{ends[0], POLLIN, 0};
  while (!over && ::poll(&waiting, 1, 10'000) > 0) {
    char piece[512];
    const ssize_t got = ::read(ends[0], piece, sizeof piece);
    over = got <= 0;
    if (!over) said.append(piece, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  if (!over) ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!over) return "no answer";
  return status == 0 ? said : said + " and status " + std::to_string(status);
}

// "" where it is failed_precondition, and says why.
std::string refused(const char* what, const Error* error) {
  if (!error) return std::string(what) + " succeeded; ";
  if (error->code == Code::failed_precondition && error->text.find("fork") != std::string::npos) return {};
  return std::string(what) + ": " + error->to_string() + "; ";
}
template <class T>
std::string refused(const char* what, const Result<T>& result) {
  return refused(what, result.ok() ? nullptr : &result.error());
}

Task<Result<EchoReply>> echo_of(Pool pool) {
  auto reply = co_await pool.call<Echo>("awaited");
  co_return reply;
}

// A client in use, with all that one may have of it.
struct InUse {
  explicit InUse(Client made)
      : client(std::make_unique<Client>(std::move(made))),
        pool(client->pool("one")),
        kept(pool.call<Echo>("mine", Bytes(pattern(3000)))),
        open(pool.call<Hold>(Bytes(pattern(1000)))),
        lost(std::make_unique<Future<Nothing>>(pool.call<Hold>())),
        loan(client->allocate_buffer(5000).value()),
        held(std::make_unique<Bytes>(std::move(pool.call<Echo>("large", Bytes(pattern(9000))).get()->data))),
        waker(client->waker()) {}

  std::unique_ptr<Client> client;
  Pool pool;
  Future<EchoReply> kept;
  Future<Nothing> open;
  std::unique_ptr<Future<Nothing>> lost;
  Buffer loan;
  std::unique_ptr<Bytes> held;
  client::Waker waker;
};

class Fork : public FakeTest {
 protected:
  // What a thread of the child may try; gives what was not refused.
  static std::string try_all(InUse& in_use) {
    const Client& client = *in_use.client;
    const Pool& pool = in_use.pool;
    std::string wrong;
    wrong += refused("a call", pool.call<Echo>("child").get());
    wrong += refused("a large call", pool.call<Echo>("child", Bytes(pattern(9000))).get());
    wrong += refused("a gather", client.pool("many").gather<Count>().get());
    wrong += refused("a raw call", client.pool("many").call_raw(5, {}).get());
    wrong += refused("a forgotten call", pool.fire_and_forget().call<Null>().get());
    wrong += refused("a repeated call", pool.every(1ms).call<Null>());
    wrong += refused("admin", client.admin().call<Null>().get());
    wrong += refused("info", pool.info());
    wrong += refused("create_pool", client.create_pool("p", {.module = "m"}));
    wrong += refused("destroy_pool", client.destroy_pool("p"));
    wrong += refused("allocate", client.allocate(100));
    wrong += refused("flush", client.flush());
    wrong += refused("a pool's flush", pool.flush());
    wrong += refused("a coroutine", client.run(echo_of(pool)));
    if (client.poll() != 0 || client.poll_for(1ms) != 0) wrong += "poll() found something; ";
    if (pool.name() != "one" || client.pool("another").name() != "another") wrong += "names; ";
    in_use.waker.wake();
    client.waker().wake();
    in_use.open.cancel();
    return wrong;
  }

  // Beside a client of its own, which works, the parent's is refused, and ends.
  std::string child(InUse& in_use) {
    std::string wrong = try_all(in_use);
    std::thread([&] { wrong += try_all(in_use); }).join();
    wrong += refused("an open Future", in_use.open.get());
    wrong += refused("an answered Future", in_use.kept.get());
    Client own = connect();
    auto reply = own.pool("one").call<Echo>("own", Bytes(pattern(4000))).get();
    if (!reply.ok() || reply->data.view() != pattern(4000)) wrong += "a client of its own does not work; ";
    if (own.pool("one").call<Fill>(in_use.loan).get().code() != Code::failed_precondition) wrong += "the loan; ";
    std::thread([&] {
      if (!own.pool("one").call<Echo>("own").get().ok()) wrong += "nor in another thread; ";
    }).join();
    wrong += refused("beside it, a call", in_use.pool.call<Echo>("child").get());
    in_use.lost.reset();
    in_use.held.reset();
    in_use.loan = Buffer();
    in_use.pool = own.pool("one");
    in_use.client.reset();
    if (!own.pool("one").call<Echo>("own").get().ok()) wrong += "nor after the other's end; ";
    return wrong;
  }
};

TEST_F(Fork, AChildIsRefusedAndTheParentIsUnharmed) {
  for (const bool raw : {false, true}) {
    behaviour().held = 0;
    InUse in_use(connect());
    await_held(2);
    const int calls = behaviour().calls;
    const int cancels = behaviour().cancels;
    const int closed = behaviour().closed_streams;
    const int released = behaviour().released;
    EXPECT_EQ(in_child(raw, [&] { return child(in_use); }), "") << (raw ? "by the system call" : "by fork()");
    EXPECT_EQ(behaviour().calls, calls + 3) << "of the child's own client";
    EXPECT_EQ(behaviour().cancels, cancels);
    EXPECT_EQ(behaviour().closed_streams, closed);
    EXPECT_LE(behaviour().released, released + 1) << "of the child's own client";
    auto reply = in_use.kept.get();
    ASSERT_TRUE(reply.ok()) << reply.error().to_string();
    EXPECT_EQ(reply->text, "mine");
    EXPECT_EQ(reply->data.view(), pattern(3000));
    EXPECT_EQ(in_use.held->view(), pattern(9000));
    for (int i = 0; i < 300; ++i) ASSERT_TRUE(in_use.pool.call<Echo>("after", Bytes(pattern(2000))).get().ok());
    behaviour().release_held = true;
    EXPECT_TRUE(in_use.open.get().ok());
    EXPECT_TRUE(in_use.lost->get().ok());
    behaviour().release_held = false;
  }
}

// Whatever another thread was in the middle of, a child waits for nobody.
TEST_F(Fork, AChildWaitsForNoThreadOfTheParents) {
  Client client = connect();
  Pool pool = client.pool("one");
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; !stop; ++i) {
        EXPECT_TRUE(client.pool("one").call<Echo>("x", Bytes(pattern(1000))).get().ok());
        static_cast<void>(client.pool("p" + std::to_string(t) + std::to_string(i % 100)));
        const Buffer buffer = client.allocate_buffer(64).value();
      }
    });
  }
  for (int i = 0; i < 40; ++i) {
    Buffer loan = client.allocate_buffer(100).value();
    ASSERT_EQ(in_child(false,
                       [&] {
                         std::string wrong = refused("a call", pool.call<Echo>("child").get());
                         wrong += refused("another pool's", client.pool("many").call<Null>().get());
                         wrong += refused("allocate", client.allocate(100));
                         loan = Buffer();
                         return wrong;
                       }),
              "");
  }
  stop = true;
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace chi::test

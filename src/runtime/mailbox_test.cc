// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Letters from several threads arrive once each, and those of one sender in order.
#include "runtime/mailbox.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace chi::runtime {
namespace {

struct Letter final : Mail {
  void deliver(Worker&) override {}
  int sender = 0;
  int number = 0;
};

TEST(Mailbox, KeepsEachSendersOrder) {
  constexpr int kSenders = 3;
  constexpr int kLetters = 20000;
  std::vector<std::vector<Letter>> letters(kSenders, std::vector<Letter>(kLetters));
  Mailbox box;
  std::vector<std::thread> senders;
  for (int s = 0; s < kSenders; ++s) {
    senders.emplace_back([&box, &mine = letters[static_cast<std::size_t>(s)], s] {
      for (int i = 0; i < kLetters; ++i) {
        mine[static_cast<std::size_t>(i)].sender = s;
        mine[static_cast<std::size_t>(i)].number = i;
        box.send(&mine[static_cast<std::size_t>(i)]);
      }
    });
  }
  std::vector<int> next(kSenders, 0);
  for (int received = 0; received < kSenders * kLetters;) {
    for (Mail* mail = box.take_all(); mail; mail = mail->next_mail, ++received) {
      auto& letter = static_cast<Letter&>(*mail);
      ASSERT_EQ(letter.number, next[static_cast<std::size_t>(letter.sender)]++);
    }
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_TRUE(box.empty());
}

}  // namespace
}  // namespace chi::runtime

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// The handlers.
#include <answers/answers.h>
#include <chimaera/module.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace answers {

class Answers : public chi::Container<> {
 public:
  chi::Result<Given> on(const Give& give, const chi::Call& call) {
    ++runs_;
    return made(give.size, give.fields, call);
  }

  chi::Task<chi::Result<Given>> on(const GiveLater& give, chi::Call& call) {
    ++runs_;
    for (std::uint32_t i = 0; i < give.naps; ++i) {
      auto slept = co_await sleep_for(std::chrono::microseconds(100));
      if (!slept.ok()) co_return slept.error();
    }
    co_return made(give.size, give.fields, call);
  }

  chi::Task<chi::Result<Given>> on(const GiveNext& give) {
    ++runs_;
    const chi::PoolRef there = next();
    auto given = co_await there.call<Give>(give.size, give.fields);
    co_return given;
  }

  chi::Result<Done> on(const Refuse& refuse) {
    ++runs_;
    return chi::Error{refuse.code, "refused by a handler", refuse.where};
  }

  chi::Task<chi::Result<Done>> on(const RefuseLater& refuse) {
    ++runs_;
    auto slept = co_await sleep_for(std::chrono::microseconds(100));
    if (!slept.ok()) co_return slept.error();
    co_return chi::Error{refuse.code, "refused by a handler", refuse.where};
  }

  chi::Task<chi::Result<Done>> on(const RefuseNext& refuse) {
    ++runs_;
    if (refuse.code == chi::Code::ok) {
      const chi::PoolRef gone = pool(chi::PoolId{0x7fffffff});
      auto missed = co_await gone.call<Take>("x");
      co_return missed;
    }
    const chi::PoolRef there = next();
    auto refused = co_await there.call<Refuse>(refuse.code, refuse.where);
    co_return refused;
  }

  chi::Task<chi::Result<Done>> on(const Send& send) {
    ++runs_;
    const chi::PoolRef there = next();
    auto taken = co_await there.call<Take>(std::string(send.fields, 'x'));
    co_return taken;
  }

  chi::Result<Done> on(const Take&) {
    ++runs_;
    return Done();
  }

  chi::Result<RunsReply> on(const Runs&) { return RunsReply{runs_}; }

 private:
  static chi::Result<Given> made(std::uint64_t size, std::uint64_t fields, const chi::Call& call) {
    chi::Result<chi::Bytes> memory = call.allocate(size);
    if (!memory.ok()) return std::move(memory).error();
    std::fill_n(memory->data(), memory->size(), std::uint8_t{7});
    return Given{std::string(fields, 'f'), *std::move(memory)};
  }
  chi::PoolRef next() const { return self().on(chi::container((index() + 1) % count())); }

  std::uint64_t runs_ = 0;
};

}  // namespace answers

CHI_EXPORT_MODULE(answers::Answers, answers::Give, answers::GiveLater, answers::GiveNext, answers::Refuse,
                  answers::RefuseLater, answers::RefuseNext, answers::Runs, answers::Send, answers::Take)

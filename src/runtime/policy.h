// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// One kind of policy (worch.h): which module answers, through which pool, and how that went.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "chimaera/admin.h"
#include "chimaera/codec.h"
#include "chimaera/worch.h"
#include "runtime/assignment.h"
#include "runtime/crew.h"
#include "runtime/module_shelf.h"
#include "runtime/pool_keeper.h"

namespace chi::runtime {

// Used by the control thread alone. A policy's pool is named as its module is; whoever destroys it takes the policy
// away until the next question, which makes it anew.
class Policy {
 public:
  struct Parts {
    Crew& crew;
    PoolKeeper& keeper;
    ModuleShelf& shelf;
    Clock& clock;
    Logger& log;
  };

  // `kind`: "queue" or "proc"; `method`: what a module of this kind answers.
  Policy(std::string kind, Method method, const Parts& parts)
      : kind_(std::move(kind)), method_(method), parts_(parts) {}

  const std::string& kind() const noexcept { return kind_; }
  const std::string& module() const noexcept { return module_; }  // empty: none
  const admin::PolicyInfo& info() const noexcept { return info_; }

  // The full name of a module that may be given without its kind: "least_loaded" is "worch_queue_least_loaded".
  std::string full_name(const std::string& name) const;

  // The pool of a policy of this kind, made if it is not there. Fails when the module is none of the kind.
  Status prepare(const std::string& module);
  // From now on this one is asked, which was prepared; the pool of the one before is destroyed.
  void use(const std::string& module, std::chrono::nanoseconds patience);
  void drop(const std::string& module, std::chrono::nanoseconds patience);

  // Asks `module`, and gives its answer if it can be done. Any other, and none in time, is an error.
  template <class Req>
  Result<typename Req::Reply> ask(const std::string& module, const worch::View& view,
                                  std::chrono::nanoseconds patience) {
    std::uint8_t scratch[1024];
    Encoder encoder(scratch);
    encode_message(encoder, Req{view});
    auto bytes = ask_for_bytes(module, encoder.message(), patience);
    if (!bytes) return std::move(bytes).error();
    auto answer = decode_message<typename Req::Reply>(bytes->view());
    if (!answer) return answer;
    if (auto good = check_assignment(view, *answer); !good) return good.error();
    return answer;
  }

  // How a question went, for who looks at it.
  void count_round(const std::string& reason, const std::string& why, std::uint64_t took_ns);
  void count_refusal(const std::string& reason, const Error& error);
  // Of one that was to be put in charge: whoever wanted that hears why.
  void count_refused() noexcept { ++info_.refused; }

 private:
  Status check(const Module& module) const;
  Result<OwnedMessage> ask_for_bytes(const std::string& module, const chi_message& question,
                                     std::chrono::nanoseconds patience);

  const std::string kind_;
  const Method method_;
  const Parts parts_;
  std::string module_;
  admin::PolicyInfo info_;
};

}  // namespace chi::runtime

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// error: this must be a plain struct, without constructors or private fields; see chi::Walkable
// shown: T = State
#include <chimaera/module.h>

#include <string>

struct Reply {};
struct Put {
  static constexpr chi::Method kMethod{1, "put", chi::Access::write};
  using Reply = ::Reply;
  std::string key;
};

struct State {
  State() : name("x") {}
  std::string name;
};
class Bad : public chi::Container<State> {
 public:
  chi::Result<Reply> on(const Put&) { return Reply{}; }
};
CHI_EXPORT_MODULE(Bad, Put)

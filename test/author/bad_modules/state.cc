// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// error: the codec cannot walk this field
// shown: Struct = State; {"memory"}; Type = char*
#include <chimaera/module.h>

#include <string>

struct Reply {};
struct Put {
  static constexpr chi::Method kMethod{1, "put", chi::Access::write};
  using Reply = ::Reply;
  std::string key;
};

struct State {
  std::string name;
  char* memory = nullptr;
};
class Bad : public chi::Container<State> {
 public:
  chi::Result<Reply> on(const Put&) { return Reply{}; }
};
CHI_EXPORT_MODULE(Bad, Put)

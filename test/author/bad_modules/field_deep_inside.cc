// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// error: the codec cannot walk this field
// shown: Struct = Inner; {"things"}; Type = const void*
#include <chimaera/module.h>

#include <string>
#include <vector>

struct Reply {};
struct Inner {
  int number = 0;
  std::vector<const void*> things;
};
struct Put {
  static constexpr chi::Method kMethod{1, "put", chi::Access::write};
  using Reply = ::Reply;
  std::string key;
  Inner inner;
};

class Bad : public chi::Container<> {
 public:
  chi::Result<Reply> on(const Put&) { return Reply{}; }
};
CHI_EXPORT_MODULE(Bad, Put)

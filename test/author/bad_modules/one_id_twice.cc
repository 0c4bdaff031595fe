// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// error: two requests have the same method id
#include <chimaera/module.h>

#include <string>

struct Reply {};
struct Put {
  static constexpr chi::Method kMethod{1, "put", chi::Access::write};
  using Reply = ::Reply;
  std::string key;
};
struct Get {
  static constexpr chi::Method kMethod{1, "get", chi::Access::read};
  using Reply = ::Reply;
};

class Bad : public chi::Container<> {
 public:
  chi::Result<Reply> on(const Put&) { return Reply{}; }
  chi::Result<Reply> on(const Get&) { return Reply{}; }
};
CHI_EXPORT_MODULE(Bad, Put, Get)

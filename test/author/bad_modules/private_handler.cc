// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// error: a request has no handler: the class needs a public on(const Request&)
#include <chimaera/module.h>

#include <string>

struct Reply {};
struct Put {
  static constexpr chi::Method kMethod{1, "put", chi::Access::write};
  using Reply = ::Reply;
  std::string key;
};

class Bad : public chi::Container<> {
  chi::Result<Reply> on(const Put&) { return Reply{}; }
};
CHI_EXPORT_MODULE(Bad, Put)

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// error: a handler must return chi::Result<Request::Reply> or chi::Task<chi::Result<Request::Reply>>
#include <chimaera/module.h>

#include <string>

struct Reply {};
struct Put {
  static constexpr chi::Method kMethod{1, "put", chi::Access::write};
  using Reply = ::Reply;
  std::string key;
};

struct Other {};
class Bad : public chi::Container<> {
 public:
  chi::Result<Other> on(const Put&) { return Other{}; }
};
CHI_EXPORT_MODULE(Bad, Put)

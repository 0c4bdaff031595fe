// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// error: a request must be a plain struct whose fields the codec can walk: see chi::Walkable
#include <chimaera/module.h>

#include <string>

struct Reply {};
struct Put {
  static constexpr chi::Method kMethod{1, "put", chi::Access::write};
  using Reply = ::Reply;
  const void* key = nullptr;
};

class Bad : public chi::Container<> {
 public:
  chi::Result<Reply> on(const Put&) { return Reply{}; }
};
CHI_EXPORT_MODULE(Bad, Put)

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// error: the codec cannot walk this field
// shown: Struct = Put; {"key"}; Type = const void*
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

// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// error: a request has an id of the class's kReservedIds, which had another meaning once: take a new one
#include <chimaera/module.h>

#include <string>

struct Reply {};
struct Put {
  static constexpr chi::Method kMethod{1, "put", chi::Access::write};
  using Reply = ::Reply;
  std::string key;
};

class Bad : public chi::Container<> {
 public:
  static constexpr std::uint32_t kReservedIds[] = {7, 1};
  chi::Result<Reply> on(const Put&) { return Reply{}; }
};
CHI_EXPORT_MODULE(Bad, Put)

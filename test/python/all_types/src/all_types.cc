// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include <all_types/all_types.h>
#include <chimaera/module.h>

struct Nothing {};

class AllTypes : public chi::Container<Nothing> {
 public:
  chi::Result<all_types::EchoReply> on(const all_types::Echo& echo) { return all_types::EchoReply{echo.all}; }
};
CHI_EXPORT_MODULE(AllTypes, all_types::Echo)

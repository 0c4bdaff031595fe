// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// Nobody can call this `stat` without knowing what it means.
#include <chimaera/module.h>

#include <string>

namespace asker {

struct StatReply {
  std::string answer;
};
struct Stat {
  static constexpr chi::Method kMethod{1, "stat", chi::Access::read};
  using Reply = StatReply;
  std::string about;
};

class Asker : public chi::Container<> {
 public:
  chi::Result<StatReply> on(const Stat& stat) { return StatReply{"asked about '" + stat.about + "'"}; }
};

}  // namespace asker

CHI_EXPORT_MODULE(asker::Asker, asker::Stat)

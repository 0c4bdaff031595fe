// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
#include <chimaera/module.h>
#include <smallest_module/smallest_module.h>

#include <map>
#include <utility>

using namespace smallest_module;

struct State {
  std::map<std::string, std::string> texts;
};

class Texts : public chi::Container<State> {
 public:
  chi::Result<Text> on(const Set& set) { return Text{std::exchange(state().texts[set.name], set.text)}; }
  chi::Result<Text> on(const Get& get) {
    const auto found = state().texts.find(get.name);
    if (found == state().texts.end()) return chi::Error{chi::Code::not_found, "there is no '" + get.name + "'", {}};
    return Text{found->second};
  }
};

CHI_EXPORT_MODULE(Texts, Set, Get)

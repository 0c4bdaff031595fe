// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// One table, so that a command without an example shows. The parser hands a group's footer on to the commands below it:
// what is a command's own is what differs from that.
#include "cli/examples.h"

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

namespace chi::cli {

namespace {

struct Example {
  std::string_view command;  // "pool create"
  const char* lines;
};

constexpr Example kExamples[] = {
    {"start", R"(  chimaera start
  chimaera start --name tests --config tests.yaml
  chimaera start --foreground --module-path build/modules)"},
    {"stop", R"(  chimaera stop
  chimaera stop --name tests --grace 30s
  chimaera stop --force)"},
    {"status", R"(  chimaera status
  chimaera status --interval 2s
  chimaera status --json | jq .pools)"},
    {"pool", R"(  chimaera pool create inventory -m kv -c 8
  chimaera pool list)"},
    {"pool list", R"(  chimaera pool list
  chimaera pool list --json | jq -r '.[].name')"},
    {"pool describe", R"(  chimaera pool describe inventory)"},
    {"pool create", R"(  chimaera pool create inventory -m kv -c 8
  chimaera pool create inventory -m kv -c 8 --if-absent --mode 660
  chimaera pool create disk -m bdev backend=ram:64M disk=true
  chimaera pool create disk -m bdev --config '{"backend": "ram:64M", "disk": true}')"},
    {"pool destroy", R"(  chimaera pool destroy inventory)"},
    {"workers", R"(  chimaera workers list
  chimaera workers set 4)"},
    {"workers list", R"(  chimaera workers list)"},
    {"workers set", R"(  chimaera workers set 4)"},
    {"call", R"(  chimaera call inventory put key=apple value=red
  chimaera call inventory put key=notes value=@notes.txt
  chimaera call inventory get key=apple --json
  chimaera call inventory count --query all --json
  echo '{"key": "apple"}' | chimaera call inventory get --json -)"},
    {"module", R"(  chimaera module new word_count
  chimaera module list)"},
    {"module list", R"(  chimaera module list)"},
    {"module describe", R"(  chimaera module describe kv)"},
    {"module load", R"(  chimaera module load kv
  chimaera module load word_count/build/modules/word_count --pool words -c 4)"},
    {"module new", R"(  chimaera module new word_count
  chimaera module new word_count --dir modules)"},
    {"module build", R"(  chimaera module build
  chimaera module build word_count --test)"},
    {"repo", R"(  chimaera repo add ~/modules
  chimaera repo list)"},
    {"repo list", R"(  chimaera repo list)"},
    {"repo add", R"(  chimaera repo add ~/modules)"},
    {"repo remove", R"(  chimaera repo remove ~/modules)"},
    {"bdev", R"(  chimaera bdev check disk
  chimaera bdev export disk --nbd disk.sock)"},
    {"bdev check", R"(  chimaera bdev check disk
  chimaera bdev check /data/disk)"},
    {"bdev export", R"(  chimaera pool create disk -m bdev 'backend=file:/data/disk?size=1G' disk=true
  chimaera bdev export disk --nbd /run/user/1000/disk.sock &
  nbdinfo 'nbd+unix:///?socket=/run/user/1000/disk.sock')"},
    {"worch", R"(  chimaera worch show
  chimaera worch set queue least_loaded)"},
    {"worch show", R"(  chimaera worch show)"},
    {"worch set", R"(  chimaera worch set queue least_loaded
  chimaera worch set proc none)"},
    {"worch run", R"(  chimaera worch run queue)"},
    {"worch record", R"(  chimaera worch record load.csv --seconds 60
  chimaera worch simulate --load load.csv --workers 4)"},
    {"worch simulate", R"(  chimaera worch simulate --load skewed --workers 64
  chimaera worch simulate --load load.csv --policy least_loaded --svg policies.svg)"},
    {"top", R"(  chimaera top
  chimaera top --once --interval 5s)"},
    {"trace", R"(  chimaera trace start
  chimaera trace stop -o trace.json)"},
    {"trace start", R"(  chimaera trace start
  chimaera trace start --all --records 1000000)"},
    {"trace stop", R"(  chimaera trace stop -o trace.json
  chimaera trace stop -o - | gzip > trace.json.gz)"},
    {"demo", R"(  chimaera demo
  apt-cache dumpavail | chimaera demo -)"},
    {"bench", R"(  chimaera bench latency
  chimaera bench kv --repeats 3 --json)"},
    {"completion", R"(  source <(chimaera completion bash))"},
};

void give(CLI::App& command, const std::string& path) {
  for (const Example& each : kExamples) {
    if (each.command != path) continue;
    const std::string above = command.get_parent() ? command.get_parent()->get_footer() : "";
    const std::string own = command.get_footer() == above ? "" : command.get_footer() + "\n\n";
    command.footer(own + "Examples:\n" + each.lines);
  }
}

}  // namespace

void add_examples(CLI::App& command, const std::string& path) {
  for (CLI::App* each : command.get_subcommands([](const CLI::App*) { return true; })) {
    add_examples(*each, path.empty() ? each->get_name() : path + " " + each->get_name());
  }
  if (!path.empty()) give(command, path);
}

}  // namespace chi::cli

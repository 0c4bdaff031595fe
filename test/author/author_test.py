#!/usr/bin/python3
# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""A module from nothing to a call, in an empty directory with only an installed Chimaera; and what is refused.

  author_test.py BUILD COMPILER [unittest arguments]
"""
import json
import os
import pathlib
import re
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

BUILD, COMPILER = sys.argv.pop(1), sys.argv.pop(1)
DONE, FAILED = 0, 1
MACHINE_SECONDS = 60  # from `module new` to the answers in C++ and Python

CALLER = """
#include <chimaera/client.h>
#include <word_count/word_count.h>
#include <iostream>

int main() {
  auto client = chi::Client::connect().value();
  auto pool = client.pool("word_count");
  pool.call<word_count::Add>("apple", 4u).get().value();
  std::cout << pool.call<word_count::Get>("apple").get().value().total << "\\n";
  std::cout << pool.call<word_count::SumWith>("word_count", "apple").get().value().total << "\\n";
}
"""
CALLER_BUILD = """
cmake_minimum_required(VERSION 3.25)
project(caller CXX)
find_package(chimaera REQUIRED)
add_executable(caller caller.cc)
target_include_directories(caller PRIVATE ../word_count/include)
target_link_libraries(caller PRIVATE chimaera::client)
"""


def machine_seconds():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


PYTHON_CALLER = """
import chimaera

counters = chimaera.connect().pool("word_count")
print(counters.get(name="apple").total, counters.sum_with(pool="word_count", name="apple").total)
"""


class Author(unittest.TestCase):
    """One installation and one daemon for all; each test has a folder of its own."""

    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="chi-author-"))
        cls.addClassCleanup(shutil.rmtree, cls.root)
        cls.prefix = cls.root / "prefix"
        subprocess.run(["cmake", "--install", BUILD, "--prefix", cls.prefix], check=True, stdout=subprocess.DEVNULL)
        for folder in ("run", "home"):
            (cls.root / folder).mkdir(mode=0o700)
        cls.environment = {**os.environ, "PATH": f"{cls.prefix}/bin:{os.environ['PATH']}", "CXX": COMPILER,
                           "HOME": str(cls.root / "home"), "XDG_RUNTIME_DIR": str(cls.root / "run")}
        for name in ("CHIMAERA_MODULE_PATH", "XDG_CONFIG_HOME", "CXXFLAGS", "DESTDIR"):
            cls.environment.pop(name, None)

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=self.root))
        self.run_command("chimaera start")
        self.addCleanup(self.run_command, "chimaera stop --force")

    def run_command(self, command, code=DONE, **environment):
        """`command` as somebody types it; gives what it prints."""
        run = subprocess.run(command, shell=True, cwd=self.folder, env={**self.environment, **environment},
                             capture_output=True, text=True, timeout=400)
        self.assertEqual(run.returncode, code, f"{command}: {run.stdout}{run.stderr}")
        return run.stdout if code == DONE else run.stderr

    def refused(self, words, command, **environment):
        error = self.run_command(command, FAILED, **environment)
        self.assertRegex(error, r"(^|\n)error: \w+: .*\n$")
        for word in words:
            self.assertIn(word, error)
        return error

    def json(self, command):
        return json.loads(self.run_command(command + " --json"))

    def new(self, name):
        return self.json(f"chimaera module new {name}")

    def loaded(self, name):
        """The versions of the module that the daemon has loaded."""
        return [m["version"] for m in self.json("chimaera module list")["modules"] if m["name"] == name and m["loaded"]]

    def edit(self, file, old, new):
        path = self.folder / file
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1))

    def test_from_nothing_to_a_call(self):
        started, begin = time.monotonic(), machine_seconds()
        printed = self.run_command("chimaera module new word_count")
        commands = re.findall(r"^  (chimaera .*)$", printed, re.MULTILINE)
        self.assertEqual(len(commands), 3, printed)
        for command in commands[:2]:
            self.run_command(command)
        self.assertEqual(self.json(commands[2]), {"total": 3})

        caller = self.folder / "caller"
        caller.mkdir()
        (caller / "caller.cc").write_text(CALLER)
        (caller / "CMakeLists.txt").write_text(CALLER_BUILD)
        self.run_command(f"cmake -S caller -B caller/build -DCMAKE_PREFIX_PATH={self.prefix}")
        self.run_command("cmake --build caller/build")
        self.assertEqual(self.run_command("caller/build/caller"), "7\n14\n")
        (self.folder / "caller.py").write_text(PYTHON_CALLER)
        packages = next(self.prefix.glob("lib/python3*/dist-packages"))
        self.assertEqual(self.run_command("/usr/bin/python3 caller.py", PYTHONPATH=str(packages)), "7 14\n")
        used, passed = machine_seconds() - begin, time.monotonic() - started
        print(f"from `module new` to the answers of a C++ and a Python caller: {used:.1f} s of machine time, "
              f"{passed:.1f} s by the clock")
        self.assertLess(used, MACHINE_SECONDS)

        self.by_hand_gives_the_same()
        self.what_was_loaded_stays("word_count/build/modules/word_count")
        self.repos(self.folder / "word_count/build/modules")

    def by_hand_gives_the_same(self):
        """Copy the folder, replace the word: but for our copyright line that is what `module new` does."""
        template = self.prefix / "share/chimaera/TASK_NAME"
        for path in sorted(p for p in template.rglob("*") if p.is_file()):
            made = self.folder / "word_count" / str(path.relative_to(template)).replace("TASK_NAME", "word_count")
            try:
                expected = path.read_text()
            except UnicodeDecodeError:
                continue
            expected = re.sub(r"\A// Copyright .*\n(//\n)?", "", expected.replace("TASK_NAME", "word_count"))
            self.assertEqual(made.read_text(), expected)
            self.assertNotIn("TASK_NAME", made.read_text())

    def what_was_loaded_stays(self, built):
        """What does not fit is refused, and the module that is loaded is as it was."""
        self.assertEqual(self.loaded("word_count"), ["0.1.0"])
        self.edit(f"{built}/manifest.yaml", "0.1.0", "0.2.0")
        self.refused(["0.2.0", "0.1.0", "build it again"], f"chimaera module load {built}")
        self.edit(f"{built}/manifest.yaml", "0.2.0", "0.0.9")
        self.refused(["older", "0.0.9", "0.1.0", "--allow-older"], f"chimaera module load {built}")
        self.edit(f"{built}/manifest.yaml", "0.0.9", "0.1.0")
        self.refused(["already_exists", "pool destroy"], f"chimaera module load {built} --pool word_count")
        self.assertEqual(self.loaded("word_count"), ["0.1.0"])
        self.assertEqual(self.json("chimaera call word_count get name=apple"), {"total": 7})

    def repos(self, repo):
        self.refused(["not a repo"], f"chimaera repo add {repo}/word_count")
        self.refused(["no folder"], "chimaera repo add missing")
        self.run_command(f"chimaera repo add --user {repo}")
        self.refused(["already_exists", "user"], f"chimaera repo add {repo}")
        self.assertEqual(self.json("chimaera repo list")["repos"],
                         [{"path": str(repo), "scope": "user", "modules": ["word_count"], "problem": ""}])
        self.run_command("chimaera stop")
        self.run_command("chimaera start")
        self.assertEqual(self.loaded("word_count"), [])
        self.run_command("chimaera pool create words --module word_count")
        self.assertEqual(self.json("chimaera call words add name=pear amount=1"), {"total": 1})

        other = self.folder / "other"
        other.mkdir()
        self.run_command(f"chimaera repo add {other}")
        shutil.copytree(repo / "word_count", other / "word_count")
        self.refused([str(repo), str(other), "which one is meant"], "chimaera module load word_count")
        self.run_command(f"chimaera module load {other}/word_count")
        self.refused(["not_found", "not registered"], "chimaera repo remove elsewhere")
        self.run_command(f"chimaera repo remove {other}")
        self.refused(["already_exists", "word_count"], f"chimaera repo add {other}")
        self.run_command(f"chimaera repo remove {repo}")
        self.assertEqual(self.json("chimaera repo list")["repos"], [])

    def test_names_and_places(self):
        for name in ("2x", "a-b", "../up", "class", "log", "a__b", "x" * 65, "''"):
            self.refused(["cannot be a module's name"], f"chimaera module new {name}")
        self.refused(["no folder"], "chimaera module new good --dir missing")
        (self.folder / "there").mkdir()
        self.refused(["already_exists"], "chimaera module new there")
        self.assertEqual([p.name for p in self.folder.iterdir()], ["there"])
        self.assertEqual(list((self.folder / "there").iterdir()), [])
        self.refused(["no manifest.yaml", "module new"], "chimaera module build there")
        (self.folder / "a b'c").mkdir()
        commands = json.loads(self.run_command("chimaera module new good --dir \"a b'c\" --json"))["commands"]
        self.run_command(commands[0])
        self.run_command(commands[1])
        odd = self.folder / "it's \"q\" $HOME #1; x\\y"
        odd.mkdir()
        shutil.move(self.folder / "a b'c/good", odd / "good")
        shutil.rmtree(odd / "good/build")
        for _ in range(2):
            self.run_command(f"chimaera module build {shlex.quote(str(odd / 'good'))}")
        self.run_command(f"chimaera module load {shlex.quote(str(odd / 'good/build/modules/good'))} --pool odd")

    @unittest.skipUnless(shutil.which("clang++"), "no clang++ here")
    def test_the_distribution_s_clang(self):
        self.new("other_compiler")
        self.run_command("chimaera module build other_compiler", CXX="clang++")
        self.run_command("chimaera module load other_compiler/build/modules/other_compiler --pool words")
        self.assertEqual(self.json("chimaera call words add name=pear amount=2"), {"total": 2})
        self.assertEqual(self.json("chimaera call words add name=pear amount=2"), {"total": 4})

    def test_what_does_not_build(self):
        self.new("broken")
        tools = self.folder / "tools"
        tools.mkdir()
        for tool in ("cmake", "ninja"):
            (tools / tool).symlink_to(shutil.which(tool))
        program = self.prefix / "bin/chimaera"
        self.refused(["no C++ compiler", "apt-get install"], f"{program} module build broken", PATH=str(tools), CXX="")
        self.assertFalse((self.folder / "broken/build").exists())

        self.edit("broken/src/broken.cc", "return Total{", "return Totally{")
        error = self.refused(["broken.cc:", "error: ", "Totally", "does not build"], "chimaera module build broken")
        for noise in ("FAILED:", "ninja", "[1/", "Call Stack", "Traceback"):
            self.assertNotIn(noise, error)
        self.edit("broken/src/broken.cc", "return Totally{", "return Total{")

        self.edit("broken/src/broken.cc", "namespace broken {", "namespace broken {\nint nobody_defines_this();")
        self.edit("broken/src/broken.cc", "return Total{total_of", "nobody_defines_this(); return Total{total_of")
        self.refused(["undefined reference", "nobody_defines_this", "does not build"], "chimaera module build broken")

        self.edit("broken/manifest.yaml", "name: broken", "name: other")
        self.refused(["'other'", "chimaera_add_module(broken)", "not be configured"], "chimaera module build broken")

    def test_constructors_that_throw(self):
        self.new("thrower")
        self.edit("thrower/src/container.h", " public:\n",
                  ' public:\n  Container() { throw std::runtime_error("no tape"); }\n')
        self.edit("thrower/src/container.h", "#include <map>\n", "#include <map>\n#include <stdexcept>\n")
        self.run_command("chimaera module build thrower")
        built = "thrower/build/modules/thrower"
        self.refused(["no tape"], f"chimaera module load {built} --pool tapes")
        self.assertNotIn("tapes", [p["name"] for p in self.json("chimaera pool list")["pools"]])

        self.edit("thrower/src/thrower.cc", "namespace thrower {", "namespace thrower {\nstatic Container at_once;")
        self.run_command("chimaera module build thrower")
        self.refused(["static object", "no tape", "open()"], f"chimaera module load {built}")
        self.assertEqual(len(self.loaded("thrower")), 1, "the one before it")
        self.assertEqual(self.json("chimaera status")["name"], "default")


if __name__ == "__main__":
    unittest.main(verbosity=1)

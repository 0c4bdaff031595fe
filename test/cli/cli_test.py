#!/usr/bin/python3
# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""The command line with real daemons, each in a folder of its own: what it prints, its exit codes, what it leaves.

  cli_test.py PROGRAM [unittest arguments]
"""
import base64
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree

PROGRAM = os.path.abspath(sys.argv.pop(1))
DONE, FAILED, USAGE, NO_DAEMON, PARTLY_FAILED = range(5)
TIMEOUT = 60


class CliTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chi-"))
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": str(self.folder)}
        self.environment.pop("CHIMAERA_MODULE_PATH", None)
        self.names = []

    def tearDown(self):
        for name in self.names:
            self.run_program("stop", "--force", "--name", name)
        shutil.rmtree(self.folder)

    def run_program(self, *arguments, text=None, program=PROGRAM):
        return subprocess.run([program, *arguments], env=self.environment, input=text, capture_output=True, text=True,
                              timeout=TIMEOUT)

    def expect(self, code, *arguments, **options):
        result = self.run_program(*arguments, **options)
        self.assertEqual(result.returncode, code, f"{arguments}: {result.stdout}{result.stderr}")
        return result

    def done(self, *arguments, **options):
        return self.expect(DONE, *arguments, **options).stdout

    def json(self, *arguments, **options):
        return json.loads(self.done(*arguments, "--json", **options))

    def fails(self, code, words, *arguments, **options):
        error = self.expect(code, *arguments, **options).stderr
        if "--json" in arguments:
            error = "{code}: {text}".format(**json.loads(error)["error"])
        else:
            self.assertTrue(error.startswith("error: "), error)
        for word in words:
            self.assertIn(word, error)

    def start(self, *arguments, name="default"):
        self.names.append(name)
        return self.json("start", "--name", name, *arguments)

    @staticmethod
    def gone(pid):
        """Waits for the process' end; nobody may be there to collect a zombie."""
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            try:
                if pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                    return True
            except (FileNotFoundError, ProcessLookupError):
                return True
        return False

    def left_behind(self):
        return sorted(p.name for p in (self.folder / "chimaera").iterdir() if p.suffix != ".log")


class Line(CliTest):
    def test_help_and_version(self):
        self.assertRegex(self.done("--version"), r"^chimaera \d+\.\d+\.\d+\n$")
        text = self.done("--help")
        for word in ("start", "stop", "status", "pool", "workers", "worch", "call", "module", "repo", "bench", "demo",
                     "completion", "Exit codes"):
            self.assertIn(word, text)
        self.assertNotIn("__complete", text)
        self.assertIn("--module", self.done("pool", "create", "--help"))

    def test_mistakes_are_usage_errors(self):
        self.fails(USAGE, ["'stauts' is no command", "status"], "stauts")
        self.fails(USAGE, ["'creat' is no command", "create"], "pool", "creat")
        self.fails(USAGE, ["a command is missing", "describe", "destroy"], "pool")
        self.fails(USAGE, ["no option '--frob'", "`chimaera status --help`"], "status", "--frob")
        self.fails(USAGE, ["POOL is missing"], "pool", "describe")
        self.fails(USAGE, ["no option '--modul'", "did you mean '--module'?"], "pool", "create", "--modul", "kv", "x")
        self.fails(USAGE, ["--module is missing"], "pool", "create", "x")
        self.fails(USAGE, ["--module needs a value"], "pool", "create", "x", "-m")
        self.fails(USAGE, ["'abc'", "--containers", "whole number"], "pool", "create", "x", "-m", "kv", "-c", "abc")
        self.fails(USAGE, ["-1", "--containers"], "pool", "create", "x", "-m", "kv", "-c", "-1")
        self.fails(USAGE, ["--containers is given 2 times"], "pool", "create", "x", "-m", "kv", "-c", "1", "-c", "2")
        self.fails(USAGE, ["too many words: more"], "pool", "list", "more")
        self.fails(USAGE, ["--records: 0", "from 1 to"], "trace", "start", "--records", "0")
        self.fails(USAGE, ["'quee' is none of queue"], "worch", "set", "quee", "x")
        self.fails(USAGE, ["exclude"], "status", "--interval", "1s", "--methods")
        self.fails(USAGE, ["'--x'", "chimaera demo"], "demo", "--x")
        self.fails(USAGE, ["'latncy' is none of"], "bench", "latncy")
        self.fails(USAGE, ["key=value"], "call", "a", "b", "noequals")
        self.fails(USAGE, ["no query"], "call", "a", "b", "--query", "everywhere")
        self.fails(USAGE, ["duration", "5"], "call", "a", "b", "--deadline", "5parsecs")
        self.fails(USAGE, ["no mode"], "pool", "create", "a", "--module", "kv", "--mode", "rwx")
        self.fails(USAGE, ["../x"], "status", "--name", "../x")

    def commands(self, *path):
        """Each command, as the words that lead to it."""
        listed = self.done(*path, "--help").partition("\nSubcommands:\n")[2].partition("\n\n")[0]
        for line in listed.splitlines():
            if not line.startswith("   "):
                yield (*path, line.split()[0])
                yield from self.commands(*path, line.split()[0])

    def test_each_help_ends_with_examples_of_its_own(self):
        commands = list(self.commands())
        self.assertIn(("pool", "create"), commands)
        self.assertGreater(len(commands), 30)
        for path in commands:
            _, found, examples = self.done(*path, "--help").rpartition("Examples:\n")
            self.assertTrue(found, path)
            self.assertIn(" ".join(["chimaera", *path]), examples)
            self.assertTrue(all(line.startswith("  ") for line in examples.strip("\n").splitlines()), examples)

    def test_failures_are_json_where_json_is_asked_for(self):
        for code, kind, words, arguments in ((NO_DAEMON, "unavailable", "chimaera start", ["status"]),
                                             (USAGE, "invalid_argument", "'--nme'", ["pool", "list", "--nme", "x"]),
                                             (USAGE, "invalid_argument", "key=value", ["call", "a", "b", "x"])):
            result = self.expect(code, *arguments, "--json")
            self.assertEqual(result.stdout, "")
            error = json.loads(result.stderr)["error"]
            self.assertEqual(error["code"], kind)
            self.assertIn(words, error["text"])

    def test_who_closes_the_pipe_hears_nothing(self):
        for arguments in (["completion", "bash"], ["--help"], ["start", "--print-config"]):
            reader, writer = os.pipe()
            os.close(reader)
            result = subprocess.run([PROGRAM, *arguments], stdout=writer, stderr=subprocess.PIPE, text=True)
            os.close(writer)
            self.assertEqual((result.returncode, result.stderr), (-signal.SIGPIPE, ""), arguments)

    def test_without_a_daemon(self):
        for command in (["status"], ["pool", "list"], ["module", "list"], ["call", "a", "b"], ["stop"]):
            self.fails(NO_DAEMON, ["chimaera start"], *command)

    def test_the_configuration_is_checked(self):
        file = self.folder / "a.yaml"
        file.write_text("runtime:\n  workres: 3\n")
        self.fails(FAILED, ["a.yaml:2", "workers"], "start", "--config", str(file))
        self.fails(FAILED, ["missing.yaml"], "start", "--config", str(self.folder / "missing.yaml"))
        file.write_text(self.done("start", "--print-config"))
        self.start("--config", str(file))

    def test_a_full_disk_is_told(self):
        with open("/dev/full", "w") as full:
            result = subprocess.run([PROGRAM, "completion", "bash"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(result.returncode, FAILED)
        self.assertIn("cannot write", result.stderr)


class Lifetime(CliTest):
    def test_start_status_stop(self):
        started = self.start()
        status = self.json("status")
        self.assertEqual(status["pid"], started["pid"])
        self.assertEqual(status["name"], "default")
        self.assertGreaterEqual(status["uptime_s"], 0)
        self.assertGreaterEqual(len(status["workers"]), 1)
        self.assertEqual([s["pid"] > 0 for s in status["sessions"]], [True])
        self.assertIn("admin", [p["name"] for p in status["pools"]])
        self.assertIn(f"pid {started['pid']}", self.done("status"))
        self.assertIn("has ended", self.done("stop"))
        self.assertTrue(self.gone(started["pid"]))
        self.assertEqual(self.left_behind(), [])

    def test_status_says_what_methods_cost(self):
        self.start()
        self.done("pool", "create", "small", "--module", "small_message")
        for _ in range(3):
            self.done("call", "small", "spin", "microseconds=3000")
        self.fails(FAILED, ["aborted"], "call", "small", "fail", "code=aborted", "text=so", "throws=false")
        rows = self.json("status", "--methods")["methods"]
        methods = {row["method"]: row for row in rows if row["module"] == "small_message"}
        self.assertEqual((methods["spin"]["tasks"], methods["spin"]["failed"]), (3, 0))
        self.assertTrue(methods["spin"]["long_running"])
        self.assertGreaterEqual(methods["spin"]["total_ns"], 8_900_000)
        self.assertEqual((methods["fail"]["tasks"], methods["fail"]["failed"]), (1, 1))
        self.assertRegex(self.done("status", "--methods"), r"small_message +spin +3 +0 ")
        self.fails(USAGE, ["--interval"], "status", "--methods", "--interval", "1s")
        self.done("stop")

    def test_a_module_s_code_is_not_taken_for_the_daemon_s(self):
        self.start()
        self.done("pool", "create", "small", "--module", "small_message")
        for code in ("unavailable", "wrong_owner", "not_found", "invalid_argument", "deadline_exceeded"):
            self.fails(FAILED, [code, "own words"], "call", "small", "fail", f"code={code}", "text=own words",
                       "throws=false")
        self.done("stop")

    def test_a_second_daemon_of_the_name_is_refused(self):
        pid = self.start()["pid"]
        self.fails(FAILED, ["already_exists", str(pid), "--name"], "start")
        self.fails(FAILED, ["already_exists", str(pid)], "start", "--foreground")
        self.assertEqual(self.json("status")["pid"], pid)

    def test_names_are_apart(self):
        one, two = self.start(name="one"), self.start(name="two")
        self.assertEqual(self.json("status", "--name", "two")["pid"], two["pid"])
        self.done("stop", "--name", "one")
        self.fails(NO_DAEMON, ["one"], "status", "--name", "one")
        self.assertEqual(self.json("status", "--name", "two")["pid"], two["pid"])

    def test_starts_again_after_kill(self):
        first = self.start()["pid"]
        os.kill(first, signal.SIGKILL)
        self.assertTrue(self.gone(first))
        self.assertNotEqual(self.left_behind(), [])
        second = self.start()["pid"]
        self.assertEqual(self.json("status")["pid"], second)
        self.done("stop")
        self.assertEqual(self.left_behind(), [])

    def test_signals_end_it_cleanly(self):
        for end in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with subprocess.Popen([PROGRAM, "start", "--foreground", "--json"], env=self.environment, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE) as daemon:
                lines = ""
                while not lines.endswith("}\n"):
                    lines += daemon.stdout.readline()
                self.assertEqual(json.loads(lines)["pid"], daemon.pid)
                daemon.send_signal(end)
                _, log = daemon.communicate(timeout=TIMEOUT)
            self.assertEqual(daemon.returncode, 0)
            self.assertIn(f"signal {int(end)}", log)
            self.assertEqual(self.left_behind(), [])

    def test_signals_that_ask_for_nothing_are_ignored(self):
        pid = self.start()["pid"]
        for ignored in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF, signal.SIGIO,
                        signal.SIGPIPE, signal.SIGXFSZ, signal.SIGRTMIN, signal.SIGRTMAX):
            os.kill(pid, ignored)
            self.assertEqual(self.json("status")["pid"], pid, ignored)

    def test_signals_that_would_end_it_in_disorder_end_it_in_order(self):
        for end in (signal.SIGQUIT, signal.SIGXCPU, signal.SIGPWR):
            pid = self.start()["pid"]
            os.kill(pid, end)
            self.assertTrue(self.gone(pid), end)
            self.assertEqual(self.left_behind(), [], end)

    def test_the_starters_signals_do_not_matter_but_for_nohup(self):
        def unlucky():
            for each in (signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP):
                signal.signal(each, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGUSR1, signal.SIGSEGV})
        self.names.append("default")
        started = subprocess.run([PROGRAM, "start", "--json"], env=self.environment, capture_output=True, text=True,
                                 timeout=TIMEOUT, preexec_fn=unlucky)
        self.assertEqual(started.returncode, DONE, started.stderr)
        pid = json.loads(started.stdout)["pid"]
        os.kill(pid, signal.SIGHUP)
        self.assertEqual(self.json("status")["pid"], pid)
        os.kill(pid, signal.SIGTERM)
        self.assertTrue(self.gone(pid))
        self.assertEqual(self.left_behind(), [])

    def test_standard_descriptors_may_be_closed(self):
        for closed in ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)):
            name = "closed" + "".join(map(str, closed))
            self.names.append(name)
            command = f"exec {' '.join(f'{fd}>&-' for fd in closed)}; exec {PROGRAM} start --name {name}"
            code = subprocess.run(["sh", "-c", command], env=self.environment, timeout=TIMEOUT).returncode
            self.assertEqual(code, FAILED if 1 in closed else DONE, closed)
            pid = self.json("status", "--name", name)["pid"]
            self.assertEqual((self.folder / f"chimaera/{name}.pid").read_text(), f"{pid}\n")
            for fd in range(3):
                target = os.readlink(f"/proc/{pid}/fd/{fd}")
                self.assertTrue(target == "/dev/null" or target.endswith(".log"), (closed, fd, target))
            self.done("stop", "--name", name)

    def test_a_start_that_is_interrupted_leaves_nothing(self):
        for pause in (0, 0.004, 0.008, 0.012, 0.02, 0.04):
            for end in (signal.SIGINT, signal.SIGTERM):
                with subprocess.Popen([PROGRAM, "start"], env=self.environment, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL,
                                      preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) as starter:
                    time.sleep(pause)  # at a moment of its way, whichever it is
                    starter.send_signal(end)
                    code = starter.wait(TIMEOUT)
                if code == DONE:
                    self.done("stop")
                else:
                    self.assertEqual(code, -end)
                    self.fails(NO_DAEMON, [], "status")
                self.assertEqual(self.left_behind() if (self.folder / "chimaera").exists() else [], [])

    def test_a_limit_of_file_sizes_is_an_error(self):
        def limited(size, *arguments):
            return subprocess.run([PROGRAM, *arguments], env=self.environment, capture_output=True, text=True,
                                  timeout=TIMEOUT,
                                  preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
        self.names.append("default")
        self.assertEqual(limited(5 << 20, "start").returncode, DONE)
        pid = self.json("status")["pid"]
        self.done("pool", "create", "store", "--module", "kv")
        self.done("call", "store", "put", "key=a", "value=b")
        made = self.expect(FAILED, "pool", "create", "disk", "-m", "bdev", f"backend=file:{self.folder}/v?size=64M",
                           "disk=true")
        self.assertIn("File too large", made.stderr)
        self.assertEqual(self.json("status")["pid"], pid)
        self.done("trace", "start")
        self.done("call", "store", "get", "key=a")
        trace = limited(100, "trace", "stop", "-o", str(self.folder / "t.json"))
        self.assertEqual(trace.returncode, FAILED, trace.stderr)
        self.assertIn("100 bytes at most (ulimit -f)", trace.stderr)
        self.assertEqual([p.name for p in self.folder.iterdir() if p.name.startswith("t.json")], [])

    def test_a_frozen_daemon_is_stopped_by_force(self):
        pid = self.start()["pid"]
        os.kill(pid, signal.SIGSTOP)
        self.done("stop", "--force", "--grace", "1ms")
        self.assertIn("pid", self.start())

    def test_the_pid_file_of_a_frozen_daemon_may_name_a_stranger(self):
        with subprocess.Popen(["sleep", "600"]) as stranger:
            try:
                pid = self.start()["pid"]
                os.kill(pid, signal.SIGSTOP)
                (self.folder / "chimaera/default.pid").write_text(f"{stranger.pid}\n")
                self.assertIn(f"pid {pid}, has ended", self.done("stop", "--force", "--grace", "1ms"))
                self.assertTrue(self.gone(pid))
                self.assertIsNone(stranger.poll())
            finally:
                stranger.kill()

    def test_the_lock_tells_who_it_is_where_the_socket_has_gone(self):
        with subprocess.Popen(["sleep", "600"]) as stranger:
            try:
                pid = self.start()["pid"]
                os.kill(pid, signal.SIGSTOP)
                (self.folder / "chimaera/default.sock").unlink()
                (self.folder / "chimaera/default.pid").write_text(f"{stranger.pid}\n")
                self.fails(NO_DAEMON, ["unavailable"], "stop")
                self.assertIn(f"pid {pid}, has ended", self.done("stop", "--force", "--grace", "1ms"))
                self.assertTrue(self.gone(pid))
                self.assertIsNone(stranger.poll())
            finally:
                stranger.kill()

    def test_stop_names_whom_it_has_ended(self):
        socket = self.start(name="other")["socket"]
        self.assertIn("daemon 'other', pid", self.done("stop", "--socket", socket))

    def test_another_daemons_socket_is_not_taken(self):
        socket = self.start(name="one")["socket"]
        file = self.folder / "two.yaml"
        file.write_text(f"socket:\n  path: {socket}\n")
        self.fails(FAILED, ["already_exists", socket], "start", "--name", "two", "--config", str(file))
        self.json("status", "--name", "one")

    def test_places_where_no_socket_can_be(self):
        deep = self.folder / ("x" * 100)
        deep.mkdir(mode=0o700)
        self.environment["XDG_RUNTIME_DIR"] = str(deep)
        self.fails(FAILED, ["shorter"], "start")
        letter = self.folder / "letter"
        letter.write_text("dear")
        file = self.folder / "a.yaml"
        file.write_text("socket:\n  path: letter\n")
        self.fails(FAILED, ["already_exists", "no socket"], "start", "--config", str(file))
        self.assertEqual(letter.read_text(), "dear")
        self.environment["XDG_RUNTIME_DIR"] = "/proc"
        self.fails(FAILED, ["/proc/chimaera", "XDG_RUNTIME_DIR"], "start")


class Names(CliTest):
    """What has a name in a folder, and what becomes of it when somebody takes it away."""

    def eventually(self, is_so, what):
        deadline = time.monotonic() + TIMEOUT
        while not is_so():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)

    def test_what_is_taken_away_is_made_anew(self):
        started = self.start()
        place = self.folder / "chimaera"
        files = [f"default.{kind}" for kind in ("sock", "pid", "log")]
        for taken in (*([name] for name in files), files):
            for name in taken:
                (place / name).unlink()
            self.eventually(lambda: all((place / n).exists() for n in taken), taken)
            self.eventually(lambda: (place / "default.pid").read_text() == f"{started['pid']}\n", taken)
            self.eventually(lambda: self.run_program("status").returncode == DONE, taken)
            self.fails(FAILED, ["already_exists", str(started["pid"])], "start")
        self.eventually(lambda: "made anew" in (place / "default.log").read_text(), "the log goes on")
        shutil.rmtree(place)
        self.eventually(lambda: self.run_program("status").returncode == DONE, "the folder")
        self.eventually(lambda: (place / "default.pid").exists(), "the folder")
        self.assertEqual(place.stat().st_mode & 0o777, 0o700)
        (place / "default.pid").write_text("1\n")
        self.eventually(lambda: (place / "default.pid").read_text() == f"{started['pid']}\n", "what is in it")
        self.done("stop")
        self.assertEqual(self.left_behind(), [])

    def test_the_end_of_one_daemon_leaves_anothers_files(self):
        first = self.start()
        os.kill(first["pid"], signal.SIGSTOP)  # so that it cannot see to its names
        shutil.rmtree(self.folder / "chimaera")
        second = self.start()
        os.kill(first["pid"], signal.SIGCONT)
        self.assertEqual(self.json("status")["pid"], second["pid"])
        os.kill(first["pid"], signal.SIGTERM)
        self.assertTrue(self.gone(first["pid"]))
        self.assertEqual(self.json("status")["pid"], second["pid"])
        self.assertEqual((self.folder / "chimaera/default.pid").read_text(), f"{second['pid']}\n")
        self.done("stop")

    def test_the_folder_is_locked_against_those_who_clean_up(self):
        self.start()
        for name in (".", "default.log"):
            with subprocess.Popen(["flock", "--exclusive", "--nonblock", str(self.folder / "chimaera" / name), "true"],
                                  stderr=subprocess.DEVNULL) as cleaner:
                self.assertEqual(cleaner.wait(TIMEOUT), 1, name)

    def test_a_daemon_whose_socket_is_elsewhere_is_found_by_name(self):
        file = self.folder / "a.yaml"
        file.write_text("socket: {path: elsewhere.sock, group: 54321}\n" if os.geteuid() == 0
                        else "socket: {path: elsewhere.sock}\n")
        started = self.start("--config", str(file))
        self.assertEqual(started["socket"], str(self.folder / "elsewhere.sock"))
        if os.geteuid() == 0:
            self.assertEqual((self.folder / "elsewhere.sock").stat().st_gid, 54321)
        self.assertEqual(self.json("status")["pid"], started["pid"])
        (self.folder / "chimaera/default.sock").unlink()
        self.eventually(lambda: self.run_program("status").returncode == DONE, "the link")
        os.kill(started["pid"], signal.SIGKILL)
        self.assertTrue(self.gone(started["pid"]))
        self.assertEqual(self.start()["socket"], str(self.folder / "chimaera/default.sock"))
        self.done("stop")
        self.start("--config", str(file))
        self.done("stop")
        self.assertEqual(self.left_behind(), [])
        self.assertFalse((self.folder / "elsewhere.sock").exists())


class PidNamespaces(CliTest):
    """A daemon and a command that do not see each other's processes, or by other numbers."""
    APART = ["unshare", "--pid", "--fork", "--kill-child"]

    def setUp(self):
        super().setUp()
        if subprocess.run([*self.APART, "true"], capture_output=True).returncode != 0:
            self.skipTest("no pid namespace can be made here")

    def apart(self, *arguments):
        return self.run_program(*self.APART[1:], PROGRAM, *arguments, program=self.APART[0])

    def test_the_daemon_is_outside(self):
        pid = self.start()["pid"]
        status = json.loads(self.apart("status", "--json").stdout)
        self.assertIsNone(status["pid"])
        self.assertEqual(status["own_pid"], pid)
        self.assertEqual([session["pid"] > 0 for session in status["sessions"]], [True])  # the daemon sees everybody
        shown = self.apart("status").stdout
        self.assertIn("in another pid namespace", shown)
        self.assertNotIn(f"pid {pid}", shown)
        self.assertIsNone(json.loads(self.apart("top", "--json", "--interval", "50ms").stdout)["pid"])
        second = self.apart("start")
        self.assertEqual(second.returncode, FAILED)
        self.assertIn("in another pid namespace", second.stderr)
        os.kill(pid, signal.SIGSTOP)
        forced = self.apart("stop", "--force", "--grace", "1ms")
        self.assertNotEqual(forced.returncode, DONE, forced.stdout)
        self.assertIn("in another pid namespace", forced.stderr)
        os.kill(pid, signal.SIGCONT)
        self.assertEqual(self.json("status")["pid"], pid)
        ended = self.apart("stop")
        self.assertEqual(ended.returncode, DONE, ended.stderr)
        self.assertIn("in another pid namespace, has ended", ended.stdout)
        self.assertTrue(self.gone(pid))

    def test_the_daemon_is_inside(self):
        self.names.append("default")
        command = [*self.APART, PROGRAM, "start", "--foreground", "--json"]
        with subprocess.Popen(command, env=self.environment, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as runner:
            lines = ""
            while not lines.endswith("}\n"):
                lines += runner.stdout.readline()
            own = json.loads(lines)["pid"]
            pid = self.json("status")["pid"]
            self.assertNotEqual(pid, own)
            self.assertEqual(self.json("status")["own_pid"], own)
            self.assertEqual(os.readlink(f"/proc/{pid}/exe"), os.path.realpath(PROGRAM))
            self.assertIn("daemon's pid namespace", self.done("status"))
            os.kill(pid, signal.SIGSTOP)
            self.assertIn(f"pid {pid}, has ended", self.done("stop", "--force", "--grace", "1ms"))
            runner.wait(TIMEOUT)


@unittest.skipUnless(os.geteuid() == 0, "only root can run a program as somebody else")
class OtherUsers(CliTest):
    """A daemon whose socket anybody may use, and a user who is neither its owner nor root."""
    NOBODY = 65534

    def setUp(self):
        super().setUp()
        self.public = pathlib.Path(tempfile.mkdtemp(prefix="chi-"))
        self.addCleanup(shutil.rmtree, self.public)
        self.public.chmod(0o755)
        self.program = shutil.copy(PROGRAM, self.public)
        self.there = ["--socket", str(self.public / "socket")]

    def start_with_socket(self, mode):
        file = self.folder / "public.yaml"
        file.write_text(f"socket:\n  path: {self.there[1]}\n  mode: {mode}\n")
        self.start("--config", str(file))
        for name, mode in (("own", "600"), ("shared", "644")):
            self.done("pool", "create", name, "--module", "kv", "--mode", mode, *self.there)
            self.done("call", name, "put", "key=a", "value=b", *self.there)

    def as_nobody(self, *arguments):
        return subprocess.run([self.program, *arguments, *self.there], user=self.NOBODY,
                              group=self.NOBODY, extra_groups=[], cwd="/", env=self.environment, capture_output=True,
                              text=True, timeout=TIMEOUT)

    def refused(self, *arguments, code=FAILED):
        result = self.as_nobody(*arguments)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        self.assertIn("permission_denied", result.stderr)

    def test_the_pools_mode_decides(self):
        self.start_with_socket("0666")
        read = self.as_nobody("call", "shared", "get", "key=a")
        self.assertEqual(read.returncode, DONE, read.stderr)
        for query in ([], ["--query", "all"], ["--query", "container:0"]):
            self.refused("call", "own", "get", "key=a", *query)
            self.refused("call", "shared", "put", "key=a", "value=c", *query)
        self.refused("pool", "destroy", "shared")
        self.refused("stop")
        self.assertIn("b", self.done("call", "shared", "get", "key=a", *self.there))

    def test_another_users_configuration_is_not_read(self):
        file = self.public / "a.yaml"
        file.write_text("log: {level: debug}\n")
        os.chown(file, self.NOBODY, self.NOBODY)
        self.fails(FAILED, ["permission_denied", str(file), f"uid {self.NOBODY}"], "start", "--config", str(file))
        os.chown(file, 0, 0)
        file.chmod(0o666)
        self.fails(FAILED, ["permission_denied", "others may write"], "start", "--config", str(file))
        file.chmod(0o644)
        os.chown(self.public, self.NOBODY, self.NOBODY)
        self.fails(FAILED, ["permission_denied", f"uid {self.NOBODY}"], "start", "--config", str(file))
        os.chown(self.public, 0, 0)
        self.start("--config", str(file))

    def test_a_folder_in_which_another_user_could_swap_things_is_not_used(self):
        run = self.public / "run"
        run.mkdir(mode=0o755)
        os.chown(run, self.NOBODY, self.NOBODY)
        self.environment["XDG_RUNTIME_DIR"] = str(run)
        self.fails(FAILED, ["permission_denied", str(run), "XDG_RUNTIME_DIR"], "start")
        self.assertEqual(list(run.iterdir()), [])

    def listen_as_nobody(self, path):
        """A stranger at the path, and what it hears within the time."""
        listener = subprocess.Popen(
            [sys.executable, "-c", f"""if True:
                import os, socket, sys
                s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                s.bind({str(path)!r}); os.chmod({str(path)!r}, 0o777); s.listen(5)
                print("listens", flush=True)
                while True:
                    c, _ = s.accept()
                    print(len(c.recv(4096)), flush=True)"""],
            user=self.NOBODY, group=self.NOBODY, extra_groups=[], stdout=subprocess.PIPE, text=True)
        self.addCleanup(listener.stdout.close)
        self.addCleanup(listener.wait)
        self.addCleanup(listener.kill)
        self.assertEqual(listener.stdout.readline(), "listens\n")
        return listener

    def test_a_stranger_at_a_stopped_daemons_socket_is_told_nothing(self):
        self.public.chmod(0o1777)
        self.start_with_socket("0666")
        self.done("stop", *self.there)
        stranger = self.listen_as_nobody(self.there[1])
        for command in ("status", "stop", "top"):
            self.fails(NO_DAEMON, ["permission_denied", f"uid {self.NOBODY}", "--user"], command, *self.there)
            self.assertEqual(stranger.stdout.readline(), "0\n", command)
        self.assertIsNone(stranger.poll())
        # So in a folder of the stranger's own, where there was another one: in /tmp whoever comes first has the name.
        place = self.public / "place"
        place.mkdir(mode=0o755)
        os.chown(place, self.NOBODY, self.NOBODY)
        stranger = self.listen_as_nobody(place / "socket")
        self.fails(NO_DAEMON, ["permission_denied"], "status", "--socket", str(place / "socket"))
        self.assertEqual(stranger.stdout.readline(), "0\n")

    def test_another_users_daemon_is_reached_by_root(self):
        run = self.public / "run"
        run.mkdir(mode=0o700)
        os.chown(run, self.NOBODY, self.NOBODY)
        modules = pathlib.Path(PROGRAM).parent.parent / "modules"
        environment = {**self.environment, "XDG_RUNTIME_DIR": str(run), "CHIMAERA_MODULE_PATH": str(modules)}
        there = {"user": self.NOBODY, "group": self.NOBODY, "extra_groups": [], "cwd": "/", "env": environment,
                 "capture_output": True, "text": True, "timeout": TIMEOUT}
        started = subprocess.run([self.program, "start", "--json"], **there)
        if "chimaera_admin" in started.stderr:
            self.skipTest("another user cannot read the modules")
        self.assertEqual(started.returncode, DONE, started.stderr)
        socket = ["--socket", str(run / "chimaera/default.sock")]
        try:
            pid = json.loads(started.stdout)["pid"]
            self.assertEqual(self.json("status", *socket)["pid"], pid)
            self.assertEqual(self.json("status", "--user", str(self.NOBODY), *socket)["pid"], pid)
            self.fails(NO_DAEMON, ["permission_denied", "uid 0"], "status", "--user", "root", *socket)
            self.fails(NO_DAEMON, ["no user"], "status", "--user", "no.such.user")
            self.environment["XDG_RUNTIME_DIR"] = str(run)
            self.assertEqual(self.json("status")["pid"], pid)
        finally:
            self.done("stop", *socket)

    def test_the_sockets_mode_comes_first(self):
        self.start_with_socket("0600")
        self.refused("status", code=NO_DAEMON)


class Pools(CliTest):
    def setUp(self):
        super().setUp()
        self.start()

    def create(self, name="inventory", containers=4, *arguments):
        return self.json("pool", "create", name, "--module", "kv", "--containers", str(containers), *arguments)

    def test_a_life_of_a_pool(self):
        made = self.create()
        self.assertEqual((made["name"], made["module"], made["containers"]), ("inventory", "kv", 4))
        self.assertIn("inventory", [p["name"] for p in self.json("pool", "list")["pools"]])
        described = self.json("pool", "describe", "inventory")
        self.assertEqual([c["index"] for c in described["containers"]], [0, 1, 2, 3])
        self.assertIn("4 containers", self.done("pool", "describe", "inventory"))
        self.fails(FAILED, ["already_exists"], "pool", "create", "inventory", "--module", "kv")
        self.assertEqual(self.create("inventory", 4, "--if-absent")["id"], made["id"])
        self.done("pool", "destroy", "inventory")
        self.fails(FAILED, ["not_found"], "pool", "describe", "inventory")
        self.fails(FAILED, ["not_found"], "pool", "destroy", "inventory")
        self.assertNotEqual(self.create()["id"], made["id"])

    def test_what_cannot_be_made(self):
        before = self.json("pool", "list")["pools"]
        self.fails(FAILED, ["not_found", "nothing"], "pool", "create", "a", "--module", "nothing")
        self.fails(FAILED, ["invalid_argument"], "pool", "create", "a", "--module", "kv", "--containers", "0")
        self.fails(FAILED, ["invalid_argument"], "pool", "create", "a/b", "--module", "kv")
        self.fails(FAILED, ["max_bytes"], "pool", "create", "a", "--module", "kv", "max_bites=1")
        self.assertEqual(self.json("pool", "list")["pools"], before)

    def test_the_warning_of_a_stuck_handler_names_its_method(self):
        config = self.folder / "stuck.yaml"
        config.write_text("runtime:\n  isolate_after: 1ms\n  stuck_after: 20ms\n")
        log = pathlib.Path(self.start("--config", str(config), name="stuck")["log"])
        self.done("pool", "create", "small", "-m", "small_message", "--name", "stuck")
        self.done("call", "small", "spin", "microseconds=1000000", "--name", "stuck")
        self.assertRegex(log.read_text(), r"small/0: spin has run for [0-9]+ ms and goes on")

    def test_the_configuration_reaches_the_module(self):
        self.create("small", 1, "max_bytes=200")
        self.done("call", "small", "put", "key=a", "value=b")
        self.fails(FAILED, ["resource_exhausted"], "call", "small", "put", "key=b", "value=" + "x" * 500)

    def test_a_pool_shows_its_configuration(self):
        self.create("small", 1, "max_bytes=200")
        self.assertEqual(self.json("pool", "describe", "small")["config"], {"max_bytes": 200})
        self.assertIn("configuration: max_bytes=200\n", self.done("pool", "describe", "small"))
        self.create("plain", 1)
        self.assertEqual(self.json("pool", "describe", "plain")["config"], {})
        self.assertIn("configuration: the module's defaults\n", self.done("pool", "describe", "plain"))
        config = self.folder / "pools.yaml"
        config.write_text("pools: [{name: p, module: kv, config: {max_bytes: 2KiB}}]\n")
        self.start("--config", str(config), name="configured")
        described = self.json("pool", "describe", "p", "--name", "configured")
        self.assertEqual(described["config"], {"max_bytes": 2048})

    def test_one_rule_for_names(self):
        rule = "beginning with a letter or digit, and not 'admin'"
        config = self.folder / "names.yaml"
        longest = "x" * 64
        good = ("9a", "a-b.c_d", longest)
        config.write_text("pools:\n" + "".join(f'- {{name: "{name}", module: kv}}\n' for name in good))
        self.start("--config", str(config), name="named")
        for name in good:
            self.done("pool", "create", "-m", "kv", "--", name)
            self.done("pool", "describe", "--name", "named", "--", name)
        for name in (".", "..", "-", "--", "-x", "..x", "_a", longest + "x", "x" * 128, "admin", "ü", "a b", ""):
            config.write_text(f'pools: [{{name: "{name}", module: kv}}]\n')
            self.fails(FAILED, [rule, f"'{name[:64]}'"], "pool", "create", "-m", "kv", "--", name)
            self.fails(FAILED, [rule, name[:60]], "start", "--name", "never", "--config", str(config))

    def test_calls(self):
        self.create()
        self.assertEqual(self.json("call", "inventory", "put", "key=apple", "value=red"), {"replaced": False})
        self.assertEqual(self.json("call", "inventory", "get", "key=apple"), {"value": "red"})
        self.assertEqual(self.done("call", "inventory", "get", "key=apple"), "value: red\n")
        self.assertEqual(self.json("call", "inventory", "get", "key=pear"), {"value": None})
        reply = self.done("call", "inventory", "get", "--json", '{"key": "apple"}')
        self.assertEqual(json.loads(reply), {"value": "red"})
        reply = self.done("call", "inventory", "get", "--json", "-", text='{"key": "apple"}')
        self.assertEqual(json.loads(reply), {"value": "red"})
        reply = self.done("call", "--json", "inventory", "get", "key=apple")
        self.assertEqual(json.loads(reply), {"value": "red"})

    def test_a_field_may_be_what_is_in_a_file(self):
        self.create()
        content = bytes(range(256)) * 100
        (self.folder / "a file").write_bytes(content)
        self.done("call", "inventory", "put", "key=a", f"value=@{self.folder}/a file")
        read = self.json("call", "inventory", "get", "key=a")["value"]
        self.assertEqual(base64.b64decode(read["base64"]), content)
        self.done("call", "inventory", "put", "key=b", "value=@@home")
        self.assertEqual(self.json("call", "inventory", "get", "key=b"), {"value": "@home"})
        self.fails(FAILED, ["'value'", "nowhere", "@@"], "call", "inventory", "put", "key=c", "value=@nowhere")
        self.fails(FAILED, ["'value'", "@@"], "call", "inventory", "put", "key=c", f"value=@{self.folder}")
        self.assertEqual(self.json("call", "inventory", "get", "key=c"), {"value": None})

    def test_json_is_one_document_in_which_each_field_is_once(self):
        self.create()
        for bad, word in (('{"key": "a", "key": "b", "value": "c"}', "'key' twice"),
                          ('{"key": "a", "value": "c"}{}', "no JSON"),
                          ("", "no JSON"), ('{"key": "a", "value": "c"}\0x', "NUL"),
                          (" " * ((64 << 20) + 1), "64 MiB")):
            self.fails(FAILED, [word], "call", "inventory", "put", "--json", "-", text=bad)
        self.fails(FAILED, ["'max_bytes' twice"], "pool", "create", "p", "-m", "kv", "--config",
                   '{"max_bytes": 1, "max_bytes": 2}')
        # AddressSanitizer's shadow is larger than any limit; without one the program's own limit is tried all the same.
        limit = "unlimited" if "ASAN_OPTIONS" in os.environ else "3000000"
        endless = subprocess.run(
            ["/bin/sh", "-c", f'ulimit -v {limit}; exec "$0" call inventory put --json - </dev/zero', PROGRAM],
            capture_output=True, text=True, timeout=TIMEOUT, env=self.environment)
        self.assertEqual(endless.returncode, FAILED, endless.stderr)

    def test_ids_and_sizes_in_json_and_in_words(self):
        made = self.create()
        self.assertRegex(made["id"], "^[0-9]+$")
        self.assertIn(made["id"], [pool["id"] for pool in self.json("status")["pools"]])
        self.assertEqual(self.json("call", "admin", "pool_find", "name=inventory")["id"], made["id"])
        for reply in self.json("call", "admin", "pool_list", "-q", "all")["replies"]:
            self.assertIn(made["id"], [pool["id"] for pool in reply["reply"]["pools"]])
        self.done("pool", "create", "small", "-m", "kv", "max_bytes=1KiB")
        self.assertEqual(self.json("call", "small", "stat")["reply"]["max_bytes"], 1024)
        self.done("pool", "create", "text", "-m", "kv", "--config", '{"max_bytes": "2KiB"}')
        self.assertEqual(self.json("call", "text", "stat")["reply"]["max_bytes"], 2048)

    def test_sums_that_overflow_name_their_group_and_no_container(self):
        self.create(containers=8)
        for number in range(16):
            self.done("call", "inventory", "put", f"key={number}", "value=G: x\nV: 9223372036854775807\n")
            if number == 0:
                self.done("call", "inventory", "sum", "group_field=G", "value_field=V")
        failed = self.expect(FAILED, "call", "inventory", "sum", "group_field=G", "value_field=V").stderr
        self.assertEqual(failed, "error: invalid_argument: the sum of group 'x' goes beyond 64 bits\n")

    def test_calls_of_many_containers(self):
        self.create()
        for i in range(20):
            self.done("call", "inventory", "put", f"key={i}", "value=x")
        merged = self.json("call", "inventory", "count")
        self.assertEqual(merged, {"reply": {"count": 20}, "failures": []})
        each = [self.json("call", "inventory", "count", "--query", f"container:{i}") for i in range(4)]
        self.assertEqual(sum(reply["count"] for reply in each), 20)
        part = self.json("call", "inventory", "count", "--query", "range:1-2")
        self.assertEqual(part["reply"]["count"], each[1]["count"] + each[2]["count"])

    def test_a_part_that_fails_is_told(self):
        self.create()
        records = json.dumps([{"key": "apple", "value": "red"}])
        asked = ["call", "inventory", "put_many", "--query", "all", f"records={records}"]
        self.assertEqual(self.expect(PARTLY_FAILED, *asked).stderr.count("error: container "), 3)
        result = self.expect(PARTLY_FAILED, *asked, "--json")
        reply = json.loads(result.stdout)
        self.assertEqual((len(reply["replies"]), len(reply["failures"])), (1, 3))
        self.assertEqual([json.loads(line) for line in result.stderr.splitlines()], reply["failures"])

    def test_calls_that_cannot_be_made(self):
        self.create()
        for command in (["call", "inventroy", "get", "key=a"], ["pool", "describe", "inventroy"],
                        ["pool", "destroy", "inventroy"]):
            self.fails(FAILED, ["not_found", "did you mean 'inventory'?", "pool list"], *command)
        self.fails(FAILED, ["not_found", "'get'"], "call", "inventory", "gett", "key=a")
        self.fails(FAILED, ["invalid_argument", "'key'"], "call", "inventory", "get", "kye=a")
        self.fails(FAILED, ["invalid_argument", "key"], "call", "inventory", "get")
        self.fails(FAILED, ["invalid_argument", "JSON"], "call", "inventory", "get", "--json", "{key")
        self.fails(FAILED, ["9"], "call", "inventory", "count", "--query", "container:9")

    def test_bytes_that_are_no_text_do_not_drive_the_terminal(self):
        self.create()
        self.done("call", "inventory", "put", "--json", '{"key": "a", "value": {"hex": "1b5b324a"}}')
        self.assertNotIn("\x1b", self.done("call", "inventory", "get", "key=a"))


class Modules(CliTest):
    def setUp(self):
        super().setUp()
        self.start()

    def test_list_describe_load(self):
        listed = {m["name"]: m for m in self.json("module", "list")["modules"]}
        self.assertTrue(listed["chimaera_admin"]["loaded"])
        self.assertFalse(listed["kv"]["loaded"])
        self.assertTrue(self.json("module", "load", "kv")["loaded"])
        described = self.json("module", "describe", "kv")
        self.assertIn("get", [m["name"] for m in described["methods"]])
        self.assertIn("(key:string)", self.done("module", "describe", "kv"))

    def own_kv(self):
        """A folder of this test's with kv in it, and its library there."""
        there = next(m for m in self.json("module", "list")["modules"] if m["name"] == "kv")["path"]
        folder = self.folder / "repo" / "kv"
        shutil.copytree(pathlib.Path(there).parent, folder)
        return folder, folder / pathlib.Path(there).name

    def test_a_rebuild_under_the_same_version_shows(self):
        folder, library = self.own_kv()
        first = self.json("module", "load", str(folder))
        self.assertRegex(first["build"], "^[0-9a-f]{16}$")
        self.done("pool", "create", "before", "-m", "kv")
        with open(library, "ab") as file:
            file.write(b"rebuilt")
        text = self.done("module", "load", str(folder))
        self.assertIn(f"pool 'before' goes on with kv {first['version']}, build {first['build']}", text)
        second = self.json("module", "load", str(folder))
        self.assertEqual(second["version"], first["version"])
        self.assertNotEqual(second["build"], first["build"])
        self.done("pool", "create", "after", "-m", "kv")
        builds = {"before": first["build"], "after": second["build"]}
        uses = {use["pool"]: use for use in self.json("module", "describe", "kv")["module"]["in_use"]}
        for pool, build in builds.items():
            self.assertEqual((uses[pool]["build"], uses[pool]["current"]), (build, pool == "after"))
            self.assertIn(build, self.done("pool", "describe", pool))
        for where in (self.json("pool", "list"), self.json("status")):
            listed = {pool["name"]: pool["module_build"] for pool in where["pools"]}
            self.assertEqual({pool: listed[pool] for pool in builds}, builds)
        for command in (("pool", "list"), ("status",), ("module", "list")):
            self.assertIn(second["build"], self.done(*command))
        self.assertIn(second["build"], self.done("module", "describe", "kv"))

    def test_code_that_others_could_have_written_is_not_loaded(self):
        folder, library = self.own_kv()
        repo = str(folder.parent)
        (self.folder / "config.yaml").write_text(f"modules:\n  paths: [{repo}]\n")
        ways = {
            "path": ("module", "load", str(folder)),
            "option": ("start", "--name", "option", "--module-path", repo),
            "configuration": ("start", "--name", "configuration", "--config", str(self.folder / "config.yaml")),
        }
        self.environment["CHIMAERA_MODULE_PATH"] = repo
        self.start(name="environment")
        del self.environment["CHIMAERA_MODULE_PATH"]
        for name in ("option", "configuration"):
            self.names.append(name)
            self.done(*ways[name])
        for changed, mode, good in ((library, 0o666, 0o644), (folder / "manifest.yaml", 0o646, 0o644),
                                    (folder, 0o777, 0o755), (folder.parent, 0o777, 0o755)):
            changed.chmod(mode)
            self.fails(FAILED, ["is not used", str(changed), "root and uid"], *ways["path"])
            for name in ("option", "configuration", "environment"):
                self.fails(FAILED, [str(changed), "root and uid"], "module", "load", "kv", "--name", name)
            changed.chmod(good)
        library.chmod(0o664)  # the compiler's, where the umask is 002 and the user has a group of his own
        if library.stat().st_uid == library.stat().st_gid:
            self.done(*ways["path"])
        library.chmod(0o644)
        if os.geteuid() != 0:
            return
        for changed in (library, folder / "manifest.yaml", folder):
            os.chown(changed, 12345, 12345)
            for way in (ways["path"], ("module", "load", "kv", "--name", "option")):
                self.fails(FAILED, [str(changed), "uid 12345"], *way)
            os.chown(changed, 0, 0)
        self.done(*ways["path"])

    def test_what_cannot_be_loaded(self):
        self.fails(FAILED, ["not_found", "nothing"], "module", "load", "nothing")
        self.fails(FAILED, ["not_found", "nothing"], "module", "describe", "nothing")
        bad = self.folder / "bad"
        bad.mkdir()
        (bad / "manifest.yaml").write_text("name: bad\nversion: 1.0.0\n")
        (bad / "libbad.so").write_text("no library")
        self.fails(FAILED, ["libbad.so"], "module", "load", str(bad))
        self.json("status")


class Simulation(CliTest):
    SMALL = ("worch", "simulate", "--workers", "4", "--lanes", "60", "--seconds", "2")

    def of(self, policy, *arguments):
        found = {each["policy"]: each for each in self.json(*self.SMALL, *arguments)["policies"]}
        return found["worch_queue_" + policy]

    def test_policies_side_by_side(self):
        text = self.done(*self.SMALL, "--load", "skewed")
        self.assertIn("4 workers, 60 lanes, load skewed (70 % of the workers' time)", text)
        for policy in ("round_robin", "least_loaded"):
            self.assertRegex(text, rf"(?m)^2 s +{policy} +\d\.\d\d ")
            self.assertRegex(text, rf"(?m)^all +{policy} +\d\.\d\d ")
        report = self.json(*self.SMALL, "--load", "skewed", "--seed", "7")
        self.assertEqual((report["workers"], report["lanes"], report["seed"]), (4, 60, "7"))
        in_turn, by_load = report["policies"]
        self.assertEqual(len(by_load["rows"]), 20)
        self.assertEqual(sum(row["moved"] for row in by_load["rows"]), by_load["moved"])
        self.assertEqual(in_turn["moved"], 0)
        self.assertLess(by_load["imbalance"], in_turn["imbalance"])
        self.assertLess(2 * by_load["wait_p99_ns"], in_turn["wait_p99_ns"])

    def test_the_same_seed_gives_the_same(self):
        self.assertEqual(self.of("least_loaded", "--load", "shifting"), self.of("least_loaded", "--load", "shifting"))
        self.assertNotEqual(self.of("least_loaded", "--seed", "2"), self.of("least_loaded"))

    def test_one_policy_by_its_whole_name(self):
        report = self.json(*self.SMALL, "--policy", "worch_queue_round_robin")
        self.assertEqual([each["policy"] for each in report["policies"]], ["worch_queue_round_robin"])

    def test_a_load_is_recorded_and_played(self):
        file = self.folder / "load.csv"
        generated = self.of("round_robin", "--load", "skewed", "--record", str(file))
        played = self.json("worch", "simulate", "--workers", "4", "--load", str(file))
        self.assertEqual(file.read_text().splitlines()[0], "time_ms,lane,tasks,handler_us")
        self.assertEqual((played["lanes"], played["seconds"]), (60, 2.0))
        self.assertAlmostEqual(played["policies"][0]["begun"] / generated["begun"], 1, delta=0.05)
        self.assertEqual(self.json("worch", "simulate", "--load", str(file), "--seconds", "1")["seconds"], 1.0)

    def test_the_picture_has_all_policies(self):
        file = self.folder / "a.svg"
        self.done(*self.SMALL, "--svg", str(file))
        root = xml.etree.ElementTree.parse(file).getroot()
        texts = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
        for word in ("round_robin", "least_loaded", "2 s"):
            self.assertIn(word, texts)
        self.assertEqual(len(list(root.iter("{http://www.w3.org/2000/svg}polyline"))), 6)

    def test_what_cannot_be_simulated(self):
        file = self.folder / "bad.csv"
        file.write_text("time_ms,lane,tasks,handler_us\n0,0,1,5\n0,1,x,5\n")
        self.fails(FAILED, ["bad.csv:3", "tasks", "'x'"], "worch", "simulate", "--load", str(file))
        self.fails(USAGE, ["--lanes", "bad.csv"], "worch", "simulate", "--load", str(file), "--lanes", "4")
        self.fails(USAGE, ["--record"], "worch", "simulate", "--load", str(file), "--record", str(file))
        self.fails(FAILED, ["not_found", "uniform, skewed, shifting"], "worch", "simulate", "--load", "skewd")
        self.fails(FAILED, ["not_found", "worch_queue_least_loaded"], "worch", "simulate", "--policy", "best")
        self.fails(FAILED, ["assign_lanes"], "worch", "simulate", "--policy", "worch_proc_topology")
        self.fails(USAGE, ["--workers"], "worch", "simulate", "--workers", "0")
        self.fails(FAILED, ["no/a.svg"], *self.SMALL, "--svg", str(self.folder / "no/a.svg"))


class Completion(CliTest):
    def complete(self, *words):
        return self.done("__complete", *words).split()

    def test_candidates(self):
        self.assertIn("status", self.complete(""))
        self.assertEqual(self.complete("call", ""), [])  # no daemon, no names, no noise
        self.start()
        self.done("pool", "create", "inventory", "--module", "kv")
        self.assertEqual(self.complete("call", "inv"), ["inventory"])
        self.assertIn("get", self.complete("call", "inventory", ""))
        self.assertEqual(self.complete("call", "inventory", "get", ""), ["key="])
        self.assertEqual(self.complete("status", "--name", ""), ["default"])

    def test_bash(self):
        script = self.done("completion", "bash")
        probe = script + """
            PATH=$1:$PATH; COMP_LINE="chimaera $2"; COMP_POINT=${#COMP_LINE}; _chimaera 2>/dev/null
            printf '%s\\n' "${COMPREPLY[@]}" """
        def replies(line):
            folder = os.path.dirname(PROGRAM)
            result = subprocess.run(["bash", "-c", probe, "bash", folder, line], env=self.environment, text=True,
                                    capture_output=True, timeout=TIMEOUT)
            self.assertEqual(result.stderr, "")
            return result.stdout.split()
        self.assertEqual(replies("sta"), ["start", "status"])
        self.assertEqual(replies("pool d"), ["describe", "destroy"])
        self.assertEqual(replies("call a b --query contai"), ["container:"])
        self.assertEqual(replies("call a b --query container:"), [])

    def test_other_shells(self):
        for shell in ("zsh", "fish"):
            script = self.done("completion", shell)
            self.assertIn("__complete", script)
            if shutil.which(shell):
                subprocess.run([shell, "-n"], input=script, text=True, check=True, timeout=TIMEOUT)
        self.fails(USAGE, ["SHELL"], "completion", "tcsh")


if __name__ == "__main__":
    unittest.main()

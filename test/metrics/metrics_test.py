#!/usr/bin/python3
# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""The metrics of a daemon, on a port and on a Unix socket: what is in them, what promtool says, who is refused.

  metrics_test.py PROGRAM [unittest arguments]
"""
import json
import os
import pathlib
import re
import resource
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))
DONE = 0
LOOPS = 10  # the mood of worch_test_moody that takes seconds to answer
GET = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
SAMPLE = re.compile(r'^([a-z_]+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-z]+)="([^"]*)"')
PROMTOOL = shutil.which("promtool")
assert PROMTOOL, "promtool is missing: install the package prometheus (tools/setup test does)"


class Daemon:
    """One with this for `metrics:`, in a folder of its own."""

    def __init__(self, test, metrics, more=""):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chi-"))
        test.addCleanup(shutil.rmtree, self.folder)
        self.environment = {**os.environ, "XDG_RUNTIME_DIR": str(self.folder)}
        self.environment.pop("CHIMAERA_MODULE_PATH", None)
        config = self.folder / "c.yaml"
        config.write_text(f"metrics: {metrics}\nlog: {{file: log}}\nruntime: {{workers: 2}}\n{more}")
        self.start = self.run("start", "--config", str(config))
        test.addCleanup(self.run, "stop", "--force")

    def run(self, *arguments):
        return subprocess.run([PROGRAM, *arguments], env=self.environment, capture_output=True, text=True, timeout=60)

    def log(self):
        return (self.folder / "log").read_text()

    def connect(self):
        at = re.search(r"metrics at (?:http://([\d.]+):(\d+)/metrics|(/\S+))", self.log())
        if at[3]:
            out = socket.socket(socket.AF_UNIX)
            out.connect(at[3])
        else:
            out = socket.create_connection((at[1], int(at[2])))
        out.settimeout(60)
        return out

    def ask(self, request=GET):
        with self.connect() as s:
            s.sendall(request)
            return heard(s)

    def text(self):
        head, body = self.ask().split("\r\n\r\n", 1)
        assert head.startswith("HTTP/1.1 200 OK\r\n"), head
        assert f"Content-Length: {len(body)}\r\n" in head, head
        return body

    def samples(self):
        return parsed(self.text())


def heard(s):
    out = b""
    while piece := s.recv(65536):
        out += piece
    return out.decode()


def parsed(text):
    """{(name, label values...): number}"""
    out = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, labels, value = SAMPLE.match(line).groups()
            key = (name, *(v for _, v in LABEL.findall(labels or "")))
            assert key not in out, f"{key} is there twice"
            out[key] = float(value)
    return out


def is_accepted(fds, port):
    """Whether a process with these descriptors has the other end of a local connection from that port."""
    rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inodes = {f"socket:[{row[9]}]" for row in rows if row[2].endswith(f":{port}")}
    for fd in fds.iterdir():
        try:
            if os.readlink(fd) in inodes:
                return True
        except FileNotFoundError:
            continue
    return False


class MetricsTest(unittest.TestCase):
    def daemon(self, metrics, more=""):
        daemon = Daemon(self, metrics, more)
        self.assertEqual(daemon.start.returncode, DONE, daemon.start.stderr)
        return daemon

    def check_numbers(self, daemon):
        self.assertEqual(daemon.run("pool", "create", "store", "-m", "kv", "--containers", "3").returncode, DONE)
        for i in range(7):
            daemon.run("call", "store", "put", f"key=k{i}", "value=red")
        daemon.run("call", "store", "get", "key=nowhere")
        text = daemon.text()
        got = parsed(text)
        self.assertEqual(got["chimaera_method_tasks_total", "kv", "put"], 7)
        self.assertEqual(got["chimaera_method_tasks_total", "kv", "get"], 1)
        self.assertEqual(got["chimaera_pool_tasks_total", "store", "kv"], 8)
        self.assertEqual(got["chimaera_pool_containers", "store", "kv"], 3)
        self.assertEqual(got["chimaera_pool_running_tasks", "store", "kv"], 0)
        self.assertGreater(got["chimaera_method_bytes_total", "kv", "put"], 7 * len("k0red"))
        self.assertEqual(got["chimaera_workers",], 2)
        self.assertEqual(got["chimaera_control_up",], 1)
        self.assertGreaterEqual(sum(v for k, v in got.items() if k[0] == "chimaera_worker_tasks_total"), 8)
        self.assertGreater(sum(v for k, v in got.items() if k[0] == "chimaera_worker_busy_seconds_total"), 0)
        self.assertIn(("chimaera_policy_info", "queue", "worch_queue_least_loaded"), [k[:3] for k in got])
        status = json.loads(daemon.run("status", "--json").stdout)
        self.assertEqual(got["chimaera_build_info", status["version"]], 1)
        self.assertAlmostEqual(got["process_resident_memory_bytes",] / status["resident_bytes"], 1, delta=0.5)
        self.check_histogram(got, "chimaera_method_duration_seconds", "kv", "put", most=7)
        judged = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
        self.assertEqual((judged.returncode, judged.stdout + judged.stderr), (0, ""), text)

    def check_histogram(self, got, name, *labels, most):
        buckets = [v for k, v in got.items() if k[:-1] == (f"{name}_bucket", *labels)]
        count = got[(f"{name}_count", *labels)]
        self.assertEqual(buckets, sorted(buckets), "they are cumulative")
        self.assertEqual(buckets[-1], count)
        self.assertTrue(1 <= count <= most, count)
        total = got[(f"{name}_sum", *labels)]
        self.assertTrue(0 < total < 60, total)

    def test_a_port_gives_the_numbers(self):
        self.check_numbers(self.daemon("{listen: '127.0.0.1:0'}"))

    def test_a_socket_gives_the_numbers(self):
        daemon = self.daemon("{listen: ./m.sock}")
        path = daemon.folder / "m.sock"
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.check_numbers(daemon)
        daemon.run("stop")
        self.assertFalse(path.exists())

    def test_numbers_follow(self):
        daemon = self.daemon("{listen: '127.0.0.1:0'}")
        with daemon.connect():
            before = daemon.samples()
        daemon.run("pool", "create", "disk", "-m", "bdev", "backend=ram:1M")
        self.assertNotIn(("chimaera_pool_tasks_total", "disk", "bdev"), before)
        self.assertEqual(daemon.samples()["chimaera_pool_tasks_total", "disk", "bdev"], 0)
        daemon.run("workers", "set", "1")
        after = daemon.samples()
        self.assertEqual(after["chimaera_workers",], 1)
        self.assertEqual((after["chimaera_worker_active", "0"], after["chimaera_worker_active", "1"]), (1, 0))
        moved = after["chimaera_lane_move_pause_seconds_count",]
        self.assertEqual(moved, json.loads(daemon.run("worch", "show", "--json").stdout)["moves"])
        end = time.monotonic() + 30  # it is counted in ticks, and being asked takes some
        while daemon.samples()["process_cpu_seconds_total",] == 0:
            self.assertLess(time.monotonic(), end)
        daemon.run("pool", "destroy", "disk")
        self.assertNotIn(("chimaera_pool_tasks_total", "disk", "bdev"), daemon.samples())

    def test_a_busy_control_thread_takes_only_its_own_numbers_away(self):
        daemon = self.daemon("{listen: '127.0.0.1:0'}", "worch: {queue: null, patience: 10s}\n")
        daemon.run("pool", "create", "worch_test_moody", "-m", "worch_test_moody")
        daemon.run("call", "worch_test_moody", "set", f"mood={LOOPS}")
        with subprocess.Popen([PROGRAM, "worch", "set", "queue", "worch_test_moody"], env=daemon.environment,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as asks:
            while (got := daemon.samples())["chimaera_control_up",]:
                self.assertIsNone(asks.poll(), "the policy has answered already")
            asks.wait(60)
        pools = ("chimaera_pool_tasks_total", "worch_test_moody", "worch_test_moody")
        self.assertEqual(got["chimaera_workers",], 2)
        self.assertNotIn(pools, got)
        got = daemon.samples()
        self.assertEqual(got["chimaera_control_up",], 1)
        self.assertGreaterEqual(got[pools], 1)

    def test_what_the_kernel_does_not_tell_is_left_out(self):
        daemon = self.daemon("{listen: '127.0.0.1:0'}")
        self.assertGreater(daemon.samples()["process_open_fds",], 0)
        pid = json.loads(daemon.run("status", "--json").stdout)["pid"]
        fds = pathlib.Path(f"/proc/{pid}/fd")
        limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        with daemon.connect() as s:
            mine = f"{s.getsockname()[1]:04X}"
            end = time.monotonic() + 60
            while not is_accepted(fds, mine):
                self.assertLess(time.monotonic(), end)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (1, limits[1]))
            try:
                s.sendall(GET)
                got = parsed(heard(s).split("\r\n\r\n", 1)[1])
            finally:
                resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
        self.assertEqual({k[0]: v for k, v in got.items() if k[0].startswith("process_")}, {"process_max_fds": 1})
        self.assertEqual(got["chimaera_workers",], 2)

    def test_hostile_clients_harm_nobody(self):
        daemon = self.daemon("{listen: '127.0.0.1:0'}")
        for request, code in ((b"POST /metrics HTTP/1.1\r\n\r\n", 405), (b"GET /etc/passwd HTTP/1.1\r\n\r\n", 404),
                              (b"A" * 300_000, 431), (b"\0\n", 400), (b"GET /metrics HTTP/9\r\n\r\n", 505)):
            self.assertRegex(daemon.ask(request), rf"^HTTP/1.1 {code} ")
        crowd = [daemon.connect() for _ in range(200)]  # silent, all of them
        half = daemon.connect()
        half.sendall(GET[:10])
        daemon.samples()
        self.assertRegex(heard(half), r"^HTTP/1.1 408 ")
        for each in crowd:
            each.close()
        half.close()
        self.assertEqual(daemon.samples()["chimaera_control_up",], 1)
        self.assertEqual(daemon.run("status").returncode, DONE)

    def test_it_ends_with_fetches_under_way(self):
        daemon = self.daemon("{listen: ./m.sock}")
        waiting = daemon.connect()
        waiting.sendall(GET[:10])
        path = str(daemon.folder / "m.sock")
        begun = threading.Event()

        def fetch():
            try:
                while True:
                    with socket.socket(socket.AF_UNIX) as s:
                        s.connect(path)
                        s.sendall(GET)
                        heard(s)
                    begun.set()
            except OSError:
                pass

        threads = [threading.Thread(target=fetch) for _ in range(4)]
        for thread in threads:
            thread.start()
        self.assertTrue(begun.wait(60))
        self.assertEqual(daemon.run("stop").returncode, DONE)
        for thread in threads:
            thread.join()
        waiting.close()
        self.assertFalse(os.path.exists(path))

    def test_off_is_off(self):
        daemon = self.daemon("{listen: null}")
        self.assertNotIn("metrics at", daemon.log())

    def test_wrong_configurations_end_the_start(self):
        with socket.socket() as taken, tempfile.NamedTemporaryFile() as file:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            for metrics, said in (("{listen: '0.0.0.0:0'}", "metrics.public: true"),
                                  ("{listen: '[::]:0'}", "metrics.public: true"),
                                  ("{listen: localhost}", "'metrics.listen' is 'localhost'; it must be an address"),
                                  ("{listen: '127.0.0.1:99999'}", "it must be an address"),
                                  ("{listen: '127.0.0.1:0', public: maybe}", "it must be true or false"),
                                  (f"{{listen: '127.0.0.1:{port}'}}", "metrics.listen"),
                                  (f"{{listen: {file.name}}}", "is no socket"),
                                  ("{listen: /nowhere/at/all.sock}", "/nowhere/at")):
                daemon = Daemon(self, metrics)
                self.assertNotEqual(daemon.start.returncode, DONE)
                self.assertIn(said, daemon.start.stderr)

    def test_public_is_said(self):
        daemon = self.daemon("{listen: '0.0.0.0:0', public: true}")
        self.assertIn("chimaera_build_info{", daemon.text())


if __name__ == "__main__":
    unittest.main()

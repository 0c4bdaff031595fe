# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""The example says what it is to say; the blocks of docs/python.md run."""
import pathlib
import re
import subprocess
import sys
import unittest

from daemon import TIMEOUT, WithDaemon

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUTPUT = """\
apples: 3
kinds, of all containers: 3
stock: {'apple': 3, 'banana': 12, 'cherry': 400}
removed: [True, False]
picture: 1048576 b'PNG'
refused: a key is 1 to 4096 bytes; this one has 0
"""


def run_script(*arguments):
    result = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=TIMEOUT)
    assert (result.returncode, result.stderr) == (0, ""), result
    return result.stdout


class Example(WithDaemon):
    def test_example(self):
        script = ROOT / "examples/08_python/inventory.py"
        self.assertEqual(run_script(script), OUTPUT)
        self.assertLess(len(script.read_text().splitlines()), 60)


class Documentation(WithDaemon):
    def test_documentation(self):
        blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/python.md").read_text(), re.DOTALL)
        self.assertGreater(len(blocks), 3)
        run_script("-c", "\n".join(blocks))


if __name__ == "__main__":
    unittest.main()

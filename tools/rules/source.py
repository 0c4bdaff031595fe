# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""What the checks have in common: which files there are, C++ without comments and literals, how findings are told."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CPP = {".h", ".cc"}


def files(suffixes=None):
    """Paths, relative to the root, of all files of the project, whether committed yet or not."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, check=True, capture_output=True).stdout.decode().split("\0")
    paths = [pathlib.Path(name) for name in listed if name and (ROOT / name).is_file()]
    return sorted(p for p in paths if suffixes is None or p.suffix in suffixes)


_NOT_CODE = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"(?P<mark>[^\s()\\]{0,16})\(.*?\)(?P=mark)"|"""
    r""""(?:\\.|[^"\\\n])*"|(?<![\w'])'(?:\\.|[^'\\\n])+'""",
    re.DOTALL)


def code_only(text):
    """C++ text with comments and literals blanked out, every line where it was."""
    def blank(match):
        found = match.group(0)
        kept = '""' if found[0] in 'R"' else ""
        return kept + "".join("\n" if c == "\n" else " " for c in found[len(kept):])
    return _NOT_CODE.sub(blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def main(check, self_test, what):
    """Runs `check()`, a list of findings, or the self-test. Exit code 0: none."""
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        print(f"{what}: the self-test passed")
        return 0
    if sys.argv[1:]:
        print(f"usage: {sys.argv[0]} [--self-test]", file=sys.stderr)
        return 2
    findings = check()
    for finding in findings:
        print(finding)
    print(f"{what}: {len(findings) or 'no'} finding{'' if len(findings) == 1 else 's'}")
    return 1 if findings else 0

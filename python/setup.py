# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""Builds the extension module by the project's own CMake build.

CHIMAERA_BUILD_DIR names a build folder to be used, such as build/release; else there is one for the time being.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = pathlib.Path(__file__).resolve().parent.parent
VERSION = re.search(r"project\(chimaera VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text())[1]


class CMakeBuild(build_ext):
    def build_extension(self, extension):
        given = os.environ.get("CHIMAERA_BUILD_DIR")
        build = pathlib.Path(given or self.build_temp).resolve()
        if not (build / "build.ninja").exists():
            subprocess.run(["cmake", "-S", ROOT, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                            f"-DPython3_EXECUTABLE={sys.executable}"], check=True)
        subprocess.run(["cmake", "--build", build, "--target", "python"], check=True)
        built = list((build / "python/chimaera").glob("_core.*.so"))
        if not built:
            raise SystemExit(f"{build} has no Python package: are pybind11-dev and libpython3-dev installed?")
        target = pathlib.Path(self.get_ext_fullpath(extension.name))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(built[0], target)


setup(version=VERSION, ext_modules=[Extension("chimaera._core", [])], cmdclass={"build_ext": CMakeBuild})

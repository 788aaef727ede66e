# SPDX-License-Identifier: MIT
"""The package as pip and `cmake --install` put it down. With the module of a build folder, so that none is compiled."""

import glob
import os
import shutil
import sys
import tempfile
import unittest

from support import ROOT, environment, package_folder, run_command

BUILD = os.environ.get("TENDRIL_BUILD_DIR")
HELLO = "import tendril; tendril.spawn(print, 'hello from', tendril.__path__[0]).join()"


@unittest.skipUnless(BUILD, "TENDRIL_BUILD_DIR does not name a build folder")
class Wheel(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="tendril-wheel-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def done(self, *command, **variables):
        status, stdout, stderr = run_command(command, timeout=100, cwd=ROOT, env=environment(**variables))
        self.assertEqual(status, 0, stdout + stderr)
        return stdout

    def says_hello(self, packages):
        greeting = self.done(sys.executable, "-c", HELLO, PYTHONPATH=packages)
        self.assertEqual(greeting, f"hello from {packages}/tendril\n")

    def pip(self, *arguments):
        try:
            import pip  # noqa: F401
        except ImportError:
            self.skipTest("no pip (Debian: python3-pip)")
        options = ("--quiet", "--no-index", "--disable-pip-version-check", "--no-cache-dir")
        return self.done(sys.executable, "-m", "pip", *arguments, *options)

    def test_pip_makes_and_installs_a_wheel_without_a_network(self):
        self.pip("wheel", ".", "--wheel-dir", self.folder)
        wheel, = glob.glob(os.path.join(self.folder, "tendril-*-cp3*-linux_*.whl"))
        packages = os.path.join(self.folder, "packages")
        self.pip("install", "--target", packages, wheel)
        self.says_hello(packages)
        self.assertEqual(self.files(packages), self.files(package_folder()))

    @staticmethod
    def files(packages):
        """The package's files; a link to what is gone is none."""
        return {os.path.relpath(path, packages) for path in glob.glob(f"{packages}/tendril/**/*", recursive=True)
                if os.path.exists(path) and "__pycache__" not in path}

    def test_an_editable_wheel_points_at_the_build_folder(self):
        program = f"import tendril_wheel; tendril_wheel.build_editable({self.folder!r})"
        self.done(sys.executable, "-c", program, PYTHONPATH=os.path.join(ROOT, "tools", "wheel"))
        self.pip("install", "--target", self.folder, *glob.glob(os.path.join(self.folder, "*.whl")))
        with open(os.path.join(self.folder, "tendril.pth"), encoding="utf-8") as file:
            self.assertEqual(file.read(), os.path.join(BUILD, "python") + "\n")

    def test_cmake_installs_the_package(self):
        self.done("cmake", "--install", BUILD, "--prefix", self.folder, "--component", "python")
        packages, = glob.glob(os.path.join(self.folder, "lib*", "python3*", "*-packages"))
        self.says_hello(packages)
        program = os.path.join(BUILD, "programs", "tendril")
        if os.path.exists(program):  # finds the package of its own prefix, for an interpreter that does not look there
            os.mkdir(os.path.join(self.folder, "bin"))
            shutil.copy(program, os.path.join(self.folder, "bin"))
            self.assertIn("tendril serve", self.done(os.path.join(self.folder, "bin", "tendril"), "serve", "--help",
                                                     PYTHONPATH=""))


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: MIT
"""Makes the wheel: what pip calls (PEP 517, PEP 660). Needs CMake, Ninja and the libraries, and no other package.

The module is built in build/wheel-cpython-311, say, or in the folder that TENDRIL_BUILD_DIR names: one that is configured
already is taken as it is, so nothing is compiled twice.
"""

import base64
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import tomllib
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SETTINGS = {
    "CMAKE_BUILD_TYPE": "Release", "TENDRIL_BUILD_PYTHON": "ON", "TENDRIL_BUILD_TESTS": "OFF",
    "TENDRIL_BUILD_EXAMPLES": "OFF", "TENDRIL_BUILD_PROGRAMS": "OFF", "TENDRIL_PYTHON": sys.executable,
}


def project():
    """The table [project] of pyproject.toml, with the version, which only a header has."""
    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as file:
        found = tomllib.load(file)["project"]
    with open(os.path.join(ROOT, "include", "tendril", "version.hpp"), encoding="utf-8") as file:
        numbers = dict(re.findall(r"^#define TENDRIL_VERSION_(MAJOR|MINOR|PATCH) (\d+)$", file.read(), re.M))
    found["version"] = "{MAJOR}.{MINOR}.{PATCH}".format(**numbers)
    return found


def metadata():
    """The text of METADATA, which is also the one of PKG-INFO."""
    about = project()
    with open(os.path.join(ROOT, about["readme"]), encoding="utf-8") as file:
        readme = file.read()
    lines = ["Metadata-Version: 2.1", f"Name: {about['name']}", f"Version: {about['version']}",
             f"Summary: {about['description']}", f"License: {about['license']['text']}",
             f"Requires-Python: {about['requires-python']}"]
    lines += [f"Classifier: {classifier}" for classifier in about["classifiers"]]
    return "\n".join([*lines, "Description-Content-Type: text/markdown", "", readme])


def entry_points():
    """The text of entry_points.txt."""
    about = project()
    groups = {"console_scripts": about.get("scripts", {}), **about.get("entry-points", {})}
    return "".join(f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in names.items()) + "\n"
                   for group, names in groups.items() if names)


def tag():
    """The interpreter, its ABI and the machine, as in a wheel's name."""
    interpreter = f"cp{sys.version_info.major}{sys.version_info.minor}"
    return f"{interpreter}-{interpreter}{sys.abiflags}-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"


def built():
    """Builds the module. Returns the build folder."""
    named = os.environ.get("TENDRIL_BUILD_DIR")
    folder = named or os.path.join(ROOT, "build", f"wheel-{sys.implementation.cache_tag}")
    if not named or not os.path.exists(os.path.join(folder, "CMakeCache.txt")):  # the last one's interpreter may be gone
        generator = ["-G", "Ninja"] if shutil.which("ninja") else []
        settings = [part for name, value in SETTINGS.items() for part in ("-D", f"{name}={value}")]
        subprocess.run(["cmake", "-S", ROOT, "-B", folder, *generator, *settings], check=True)
    done = subprocess.run(["cmake", "--build", folder, "--parallel", "--target", "tendril_python"], check=False)
    if done.returncode != 0:
        raise SystemExit("the module could not be built: see above; without the headers of Python (Debian: "
                         "python3-dev), or without OpenSSL and c-ares, there is no such target")
    return folder


class Wheel:
    """A wheel that is being written: a zip file, with a list of what is in it."""

    def __init__(self, folder, kind):
        about = project()
        self.info = f"{about['name']}-{about['version']}.dist-info"
        self.name = f"{about['name']}-{about['version']}-{kind}.whl"
        self.records = []
        self.zip = zipfile.ZipFile(os.path.join(folder, self.name), "w", zipfile.ZIP_DEFLATED)
        self.kind = kind

    def add(self, name, data, mode=0o644):
        entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))  # the same wheel from the same files
        entry.external_attr = (0o100000 | mode) << 16
        entry.compress_type = zipfile.ZIP_DEFLATED
        self.zip.writestr(entry, data)
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        self.records.append(f"{name},sha256={digest},{len(data)}\n")

    def add_tree(self, folder):
        for where, folders, files in os.walk(folder):
            folders.sort()
            for file in sorted(files):
                path = os.path.join(where, file)
                with open(path, "rb") as opened:
                    self.add(os.path.relpath(path, folder), opened.read(), os.stat(path).st_mode & 0o777)

    def close(self):
        write_info(lambda name, text: self.add(f"{self.info}/{name}", text.encode()), self.kind)
        record = f"{self.info}/RECORD"
        self.zip.writestr(zipfile.ZipInfo(record, (1980, 1, 1, 0, 0, 0)), "".join(self.records) + f"{record},,\n")
        self.zip.close()
        return self.name


def write_info(write, kind):
    """Writes what a dist-info folder has, but for the list of the files."""
    write("METADATA", metadata())
    write("WHEEL", f"Wheel-Version: 1.0\nGenerator: tendril_wheel\nRoot-Is-Purelib: false\nTag: {kind}\n")
    write("entry_points.txt", entry_points())
    with open(os.path.join(ROOT, "LICENSE"), encoding="utf-8") as file:
        write("LICENSE", file.read())


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    """PEP 517: the dist-info folder alone, for which nothing is built."""
    about = project()
    info = f"{about['name']}-{about['version']}.dist-info"
    os.makedirs(os.path.join(metadata_directory, info))

    def write(name, text):
        with open(os.path.join(metadata_directory, info, name), "w", encoding="utf-8") as file:
            file.write(text)

    write_info(write, tag())
    return info


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """PEP 517: the wheel. Returns its name."""
    folder = built()
    with tempfile.TemporaryDirectory() as stage:
        subprocess.run(["cmake", "--install", folder, "--strip", "--prefix", stage, "--component", "python"],
                       check=True, stdout=subprocess.DEVNULL)
        packages = next(where for where, folders, _ in os.walk(stage) if "tendril" in folders)
        wheel = Wheel(wheel_directory, tag())
        wheel.add_tree(packages)
        return wheel.close()


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    """PEP 660: a wheel that only points at the build folder, whose Python files are links into the tree."""
    wheel = Wheel(wheel_directory, tag())
    wheel.add("tendril.pth", os.path.join(os.path.abspath(built()), "python").encode() + b"\n")
    return wheel.close()


def build_sdist(sdist_directory, config_settings=None):
    """PEP 517: the tree as git has it, for a wheel that is built elsewhere. Returns its name."""
    about = project()
    base = f"{about['name']}-{about['version']}"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, stdout=subprocess.PIPE)
    with tarfile.open(os.path.join(sdist_directory, f"{base}.tar.gz"), "w:gz", format=tarfile.PAX_FORMAT) as file:
        for name in listed.stdout.decode().split("\0"):
            if name:
                file.add(os.path.join(ROOT, name), f"{base}/{name}", recursive=False)
        text = metadata().encode()
        entry = tarfile.TarInfo(f"{base}/PKG-INFO")
        entry.size = len(text)
        file.addfile(entry, io.BytesIO(text))
    return f"{base}.tar.gz"

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Makes the archive of a release, tendril-<version>.tar.gz, of what git has at a commit: the same bytes from the same
# commit, whenever and by whomever (up to the versions of git and gzip). Beside it its checksums, and the vcpkg port that
# builds it (packaging/vcpkg).
#
#   tools/dist.py [--commit HEAD] [FOLDER]      default: build/dist

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def git(*arguments):
    return subprocess.run(["git", "-c", "tar.umask=0022", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout


def version_at(commit):
    """The version that the commit's header says."""
    text = git("show", f"{commit}:include/tendril/version.hpp").decode()
    numbers = dict(re.findall(r"^#define TENDRIL_VERSION_(MAJOR|MINOR|PATCH) (\d+)$", text, re.M))
    return "{MAJOR}.{MINOR}.{PATCH}".format(**numbers)


def make(folder, commit):
    """Returns the archive's path."""
    folder.mkdir(parents=True, exist_ok=True)
    version = version_at(commit)
    archive = folder / f"tendril-{version}.tar.gz"
    tar = git("archive", "--format=tar", f"--prefix=tendril-{version}/", commit)  # with the commit's time, as root
    packed = subprocess.run(["gzip", "-n"], input=tar, check=True, stdout=subprocess.PIPE).stdout
    archive.write_bytes(packed)
    for name in ("sha256", "sha512"):
        (folder / f"{archive.name}.{name}").write_text(f"{hashlib.new(name, packed).hexdigest()}  {archive.name}\n")

    port = folder / "vcpkg" / "tendril"
    shutil.rmtree(port, ignore_errors=True)
    port.mkdir(parents=True)
    for file in sorted((ROOT / "packaging" / "vcpkg").iterdir()):
        (port / file.name.removesuffix(".in")).write_text(file.read_text().replace("@VERSION@", version))
    shutil.copyfile(archive, port / archive.name)
    return archive


def main():
    parser = argparse.ArgumentParser(description="Makes the archive of a release.")
    parser.add_argument("--commit", default="HEAD")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "build" / "dist")
    options = parser.parse_args()
    print(make(options.folder, options.commit))
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# dist.py: the same archive twice, and what lies beside it. Without git, as in the archive itself, nothing is tested.

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

import dist

HEADER = dist.ROOT / "include" / "tendril" / "version.hpp"


@unittest.skipUnless((dist.ROOT / ".git").exists(), "not a clone")
class Dist(unittest.TestCase):
    def make(self, folder, umask, **environment):
        """An archive, made by a process of its own."""
        script = str(dist.ROOT / "tools" / "dist.py")
        done = subprocess.run([sys.executable, script, folder], check=True, stdout=subprocess.PIPE, text=True, umask=umask,
                              env={**os.environ, **environment})
        return Path(done.stdout.strip())

    def test_is_the_same_twice_and_whole(self):
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
            archive = self.make(one, 0o077, TZ="Asia/Tokyo")
            data = archive.read_bytes()
            self.assertEqual(data, self.make(two, 0o002, TZ="UTC", GZIP="").read_bytes())
            self.assertEqual(data[4:8], b"\0\0\0\0", "gzip has a time in it")
            digest = Path(f"{archive}.sha512").read_text().split()[0]
            self.assertEqual(digest, hashlib.sha512(data).hexdigest())

            version = ".".join(re.findall(r"^#define TENDRIL_VERSION_\w+ (\d+)$", HEADER.read_text(), re.M))
            self.assertEqual(archive.name, f"tendril-{version}.tar.gz")
            with tarfile.open(fileobj=io.BytesIO(data)) as tar:
                members = tar.getmembers()
            self.assertEqual({(m.uid, m.gid) for m in members}, {(0, 0)})
            self.assertEqual(len({m.mtime for m in members}), 1)
            self.assertFalse([m.name for m in members if m.mode & 0o022])
            tracked = subprocess.run(["git", "ls-tree", "-r", "--name-only", "-z", "HEAD"], cwd=dist.ROOT, check=True,
                                     stdout=subprocess.PIPE, text=True).stdout
            self.assertEqual(sorted(m.name for m in members if not m.isdir()),
                             sorted(f"tendril-{version}/{name}" for name in tracked.split("\0") if name))

            port = Path(one) / "vcpkg" / "tendril"
            self.assertEqual(json.loads((port / "vcpkg.json").read_text())["version"], version)
            self.assertIn(archive.name, (port / "portfile.cmake").read_text())
            self.assertEqual((port / archive.name).read_bytes(), data)


if __name__ == "__main__":
    unittest.main()

# SPDX-License-Identifier: MIT
"""What the programs of this folder share: green threads by the dozen, bad peers, and lines that can be compared.

A program calls begin() before it imports what it tries. With TENDRIL_APPS_AS_THEY_ARE in the environment nothing is
patched, and interrupts are left out: so the same program runs plain, and under `tendril run`.
"""

import contextlib
import os
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback

tendril = None
MANY = 200  # green threads that wait at once
WAIT = 0.2  # seconds that each of them waits in the server
PROMPT = 5  # seconds within which a client that limits its wait to 1 gives up
FEW = 40  # OS threads: some help with files and names
ENOUGH = 20  # seconds within which all are done; one after the other they would take 40, however fast the machine


def begin():
    """Patches the interpreter. Returns the module tendril, or None where the program is to be as it is."""
    global tendril
    if "TENDRIL_APPS_AS_THEY_ARE" not in os.environ:
        import tendril as module

        module.patch()
        tendril = module
    return tendril


def together(job, count=MANY):
    """Runs job(0), job(1)... in threads of their own, all at once. Returns what they return; raises what one raises."""
    results, errors = [None] * count, []

    def run(number):
        try:
            results[number] = job(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    if tendril is not None and os_threads() > FEW:
        print(f"{os_threads()} OS threads for {count} green ones")
    for thread in threads:
        thread.join()
    if errors:
        print(f"{len(errors)} of {count} failed", file=sys.stderr)
        raise errors[0]
    return results


@contextlib.contextmanager
def at_once(what):
    """Says whether the body took less than ENOUGH seconds."""
    began, used = time.monotonic(), time.process_time()
    yield
    took = time.monotonic() - began
    print(f"{what}: " + ("at once" if took < ENOUGH else f"took {took:.1f} s"))
    if "TENDRIL_APPS_FIGURES" in os.environ:
        cpu = time.process_time() - used
        print(f"[{what}: {took:.3f} s, CPU {cpu:.3f} s, {os_threads()} OS threads]", file=sys.stderr)


def certificate(folder):
    """Makes a certificate for localhost, signed by itself. Returns the paths of it and of its key."""
    paths = os.path.join(folder, "certificate"), os.path.join(folder, "key")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", paths[1]]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = ["openssl", "req", "-x509", *curve, *names, "-days", "30", "-out", paths[0]]
    subprocess.run(command, check=True, capture_output=True)
    return paths


def os_threads():
    """Returns how many OS threads this process has."""
    return len(os.listdir("/proc/self/task"))


def interrupts(wait):
    """Breaks off wait() by a Timeout and by a kill, and says what came out. wait() would take a minute."""
    if tendril is None:
        print("timeout: Timeout\nkill: GreenletExit")
        return
    try:
        with tendril.Timeout(0.2):
            wait()
        print("timeout: nothing")
    except tendril.Timeout:
        print("timeout: Timeout")
    except BaseException as error:
        print("timeout:", type(error).__name__, error)
        traceback.print_exc()
    target = tendril.spawn(wait)
    tendril.sleep(0.2)
    target.kill()
    try:
        print("kill:", type(target.get()).__name__)
    except BaseException as error:
        print("kill:", type(error).__name__, error)


def said(call, *kinds):
    """Returns the name of the exception that call() raises, of the kinds that are expected."""
    try:
        return f"no error: {call()!r}"
    except kinds as error:
        return type(error).__name__


class Peer:
    """A peer on loopback that is no server: `refusing`, `resetting` each connection, or `silent`.

    It has the real backlog only; a resetting one has a thread.
    """

    def __init__(self, manner):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        if manner == "refusing":
            self._listener.close()
        elif manner == "resetting":
            threading.Thread(target=self._reset, daemon=True).start()

    def _reset(self):
        while True:
            peer, _ = self._listener.accept()
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            with contextlib.suppress(OSError):
                peer.recv(1)
            peer.close()


def bad_peers(connect, kinds):
    """Says what connect(port) raises where nobody listens, each connection is reset, or nothing is answered."""
    for manner in ("refusing", "resetting", "silent"):
        peer = Peer(manner)
        began = time.monotonic()
        print(f"{manner} peer:", said(lambda: connect(peer.port), *kinds))
        if time.monotonic() - began > PROMPT:
            print(f"that took {time.monotonic() - began:.1f} s")

# SPDX-License-Identifier: MIT
"""python3 -m tendril run: a program that nobody changed, on green threads; and --as."""

import os
import sys
import tempfile
import unittest

from support import environment, package_folder, run_command, run_program

RUN = ("-m", "tendril", "run")


def run(*arguments, **more):
    return run_command([sys.executable, *RUN, *arguments], **more)


class Run(unittest.TestCase):
    def test_a_program_is_as_it_would_be_plain(self):
        text = """
import os, sys, threading
print(__name__, sys.argv[1:], os.path.basename(sys.path[0]) == os.path.basename(os.path.dirname(sys.argv[0])))
print(os.environ.get("PYTHONPATH"), [name for name in os.environ if name.startswith("TENDRIL_PYTHON_RUN")])
print(__spec__, sys.flags.optimize, threading.active_count(), getattr(sys.modules.get("sitecustomize"), "__file__", 0))
"""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "program.py")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            plain = run_command([sys.executable, "-O", path, "a", "--b"])
            self.assertEqual(plain[0], 0, plain)
            self.assertEqual(run_command([sys.executable, "-O", *RUN, path, "a", "--b"]), plain)

    def test_threads_are_green(self):
        status, out, err = run_program("""
import threading, time, sys
begin = time.monotonic()
threads = [threading.Thread(target=time.sleep, args=(0.3,)) for _ in range(50)]
for thread in threads:
    thread.start()
with open("/proc/self/status") as status:
    os_threads = [int(line.split()[1]) for line in status if line.startswith("Threads:")][0]
for thread in threads:
    thread.join()
print(os_threads < 5, time.monotonic() - begin < 5)
""", options=RUN)
        self.assertEqual((status, out, err), (0, "True True\n", ""))

    def test_modules_and_code(self):
        code = "import sys, tendril; print(tendril.patched(), sys.argv)"
        self.assertEqual(run("-c", code, "x"), (0, "True ['-c', 'x']\n", ""))
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "named.py"), "w", encoding="utf-8") as file:
                file.write(code)
            status, out, err = run("-m", "named", "x", cwd=folder)
            self.assertEqual((status, out, err), (0, f"True ['{folder}/named.py', 'x']\n", ""))
            self.assertEqual(run("--interpreter", "-O", "named.py", cwd=folder), (0, "True ['named.py']\n", ""))

    def test_the_status_is_the_programs(self):
        for code, expected in ("raise SystemExit(7)", 7), ("1 / 0", 1), ("import os; os.kill(os.getpid(), 15)", -15):
            self.assertEqual(run("-c", code)[0], expected)
        self.assertIn("No such file", run("/nowhere.py")[2])

    def test_children_are_plain_unless_asked_for(self):
        code = """if True:
            import os, subprocess, sys, tendril
            child = "import tendril; print(tendril.patched())"
            print(tendril.patched(), subprocess.check_output([sys.executable, "-c", child], text=True).strip())
        """
        self.assertEqual(run("-c", code), (0, "True False\n", ""))
        self.assertEqual(run("--children", "-c", code), (0, "True True\n", ""))

    def test_a_fork_goes_on_green(self):
        self.assertEqual(run("-c", """if True:
            import os, threading, time
            pid = os.fork()
            threads = [threading.Thread(target=time.sleep, args=(0.01,)) for _ in range(5)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            if pid == 0: os._exit(3)
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        """), (0, "3\n", ""))

    def test_reports(self):
        status, out, err = run("--report", "-c", "pass")
        self.assertEqual((status, out), (0, ""))
        self.assertIn("tendril run: ", err)
        self.assertIn("slots", err)
        with tempfile.NamedTemporaryFile("r") as file:
            self.assertEqual(run("--report=" + file.name, "-c", "pass"), (0, "", ""))
            self.assertIn("slots", file.read())

    def test_refuses_what_it_does_not_know(self):
        for arguments, why in (((), "no program is named"), (("--as", "twisted", "x"), "neither gevent nor eventlet"),
                               (("--classes",), "the value is missing"), (("--nothing", "x"), "no such option"),
                               (("--watch=a", "x"), "not a number"),
                               (("--", sys.executable, "x.py"), "not a file in Python"),
                               (("sh", "x.py"), "not a file in Python")):
            status, out, err = run(*arguments)
            self.assertEqual((status, out), (125, ""))
            self.assertIn(why, err)
        status, out, err = run("--classes", "nothing", "-c", "print()")
        self.assertEqual((status, out), (126, ""))
        self.assertIn('unknown class "nothing"', err)

    def test_helps(self):
        self.assertIn("--as NAME", run("--help")[1])
        status, out, err = run_command([sys.executable, "-m", "tendril", "nothing"])
        self.assertEqual((status, out), (125, ""))
        self.assertIn("no such command: nothing", err)


def native():
    """The program tendril of the same build, or None."""
    path = os.path.join(os.path.dirname(package_folder()), "programs", "tendril")
    return path if os.access(path, os.X_OK) else None


@unittest.skipUnless(native(), "the program tendril is not built")
class Native(unittest.TestCase):
    CODE = "import sys, tendril; print(tendril.patched(), sys.argv[1:])"

    def test_an_interpreter_is_patched_from_inside(self):
        self.assertEqual(run_command([native(), "run", sys.executable, "-c", self.CODE, "x"]), (0, "True ['x']\n", ""))
        status, out, err = run_command([native(), "run", "--report", "--", sys.executable, "-c", self.CODE])
        self.assertEqual((status, out), (0, "True []\n"))
        self.assertIn("slots", err)

    def test_a_script_is_run_in_its_interpreter(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "script")
            with open(path, "w", encoding="utf-8") as file:
                file.write(f"#!{sys.executable}\n{self.CODE}\n")
            os.chmod(path, 0o755)
            self.assertEqual(run_command([native(), "run", path, "x"]), (0, "True ['x']\n", ""))

    def test_an_interpreter_without_the_package_is_preloaded(self):
        more = environment()
        del more["PYTHONPATH"]
        if run_command([sys.executable, "-c", "import tendril"], env=more, cwd="/")[0] == 0:
            self.skipTest("the package is installed")
        code = "print('libtendril_preload' in open('/proc/self/maps').read())"
        with tempfile.TemporaryDirectory() as folder:
            status, out, err = run_command([native(), "run", sys.executable, "-I", "-c", code], env=more, cwd=folder)
        self.assertEqual((status, out, err), (0, "True\n", ""))


class As(unittest.TestCase):
    def test_a_name_is_ours(self):
        code = "import sys, greenlet; print(greenlet.__spec__.name, greenlet is sys.modules['tendril.greenlet'])"
        self.assertEqual(run("--as", "gevent", "-c", code), (0, "tendril.greenlet True\n", ""))

    def test_what_is_not_there_is_named(self):
        status, out, err = run("--as", "gevent", "-c", "import greenlet.nothing")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("nothing", err.splitlines()[-1])
        self.assertIn("ModuleNotFoundError", err.splitlines()[-1])

    def test_the_real_one_is_not_replaced(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "greenlet.py"), "w", encoding="utf-8") as file:
                file.write("")
            more = environment()
            more["PYTHONPATH"] = folder + os.pathsep + more["PYTHONPATH"]
            status, out, err = run_program("""
import greenlet
from tendril import alias
alias.install("gevent")
""", env=more)
            self.assertEqual((status, out), (1, ""))
            self.assertIn("RuntimeError: greenlet itself was imported already", err)


if __name__ == "__main__":
    unittest.main()

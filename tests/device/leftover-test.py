#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The real binary from the outside: what a start that fails leaves behind."""
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from qmp import TIMEOUT
from startup import NONE, VIREO, binary, is_static, wait_gone


class NothingLeft(unittest.TestCase):
    """A start that fails late takes back what it has made."""

    MICROVM = ["-machine", "microvm,memory-backend=m", "-m", "64M", "-accel", "qtest"]
    FILES = [*MICROVM, "-object", "memory-backend-file,id=m,size=64M,mem-path=ram,share=on",
             "-serial", "file:serial", "-chardev", "file,id=f,path=char", "-D", "log",
             "-chardev", "file,id=g,path=append,append=on", "-pidfile", "pid"]
    SOCKETS = ["-qmp", "unix:qmp,server=on,wait=off",
               "-chardev", "socket,id=s,path=sock,server=on,wait=off"]
    LATE = [
        (["-device", "virtio-blk-device,drive=none"], "'none'"),
        (["-device", "virtio-net-device,netdev=none"], "'none'"),
        (["-blockdev", "driver=file,node-name=a,filename=missing"], "'missing'"),
        (["-machine", "foo=1"], "'microvm-machine.foo' not found"),
        (["-netdev", "foo,id=n"], "'foo'"),
        (["-netdev", "tap,id=n,fd=999"], "999"),
        (["-kernel", "missing"], "'missing'"),
        (["-cpu", "foo"], "foo"),
        (["-incoming", "unix:nowhere/sock"], "'nowhere/sock'"),
        (["-incoming", "tcp:nowhere"], "'tcp:nowhere'"),
        (["-incoming", "unix:in", "-kernel", "missing"], "'missing'"),
        (["-chardev", "socket,id=c,path=missing"], "'missing'"),
        (["-chardev", "socket,id=c,path=nowhere/sock,server=on"], "nowhere/sock"),
        (["-object", "memory-backend-file,id=x,size=1M,mem-path=x"], "'x'"),
        (["-pidfile", "nowhere/pid"], "nowhere/pid"),
        (["-D", "nowhere/log"], "nowhere/log"),
    ]

    def setUp(self):
        # pylint: disable=consider-using-with
        tmp = tempfile.TemporaryDirectory()
        self.addCleanup(tmp.cleanup)
        self.dir = tmp.name

    def start(self, *args):
        return subprocess.run([os.path.abspath(VIREO), *args], cwd=self.dir,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=TIMEOUT, check=False)

    def refused(self, args, *late, name=None):
        p = self.start(*args, *late)
        option = (name or late)[0]
        self.assertEqual((p.returncode, p.stdout), (1, b""), late)
        self.assertIn(b"vireo: " + option.encode(), p.stderr)
        return p.stderr.decode()

    def contents(self):
        found = {}
        for name in os.listdir(self.dir):
            with open(os.path.join(self.dir, name), "rb") as f:
                found[name] = f.read()
        return found

    def write(self, name, data):
        with open(os.path.join(self.dir, name), "wb") as f:
            f.write(data)

    def test_filtered(self):
        """The status is 1 with the filter, too, whatever looks for leaks at exit."""
        p = subprocess.run([VIREO, *self.MICROVM[:2], "-accel", "qtest"], check=False,
                           stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT)
        self.assertEqual(p.returncode, 1)
        self.assertIn(b"vireo: -machine memory-backend=m: ", p.stderr)

    def test_new(self):
        for late, value in self.LATE:
            for daemonize in [], ["-daemonize"]:
                err = self.refused([*self.FILES, *self.SOCKETS, *daemonize], *late,
                                   name=["-kernel"] if "-kernel" in late else None)
                self.assertIn(value, err)
                self.assertEqual(os.listdir(self.dir), [], (late, err))

    def test_existing(self):
        for name in "serial", "char", "append", "log", "pid":
            self.write(name, b"what was here before\n")
        self.write("ram", b"")  # it is given its size, and that is taken back
        before = self.contents()
        for late, _ in self.LATE:
            self.refused(self.FILES, *late, name=["-kernel"] if "-kernel" in late else None)
            self.assertEqual(self.contents(), before, late)

    def test_other_files_than_sockets(self):
        self.write("file", b"not a socket")
        for args in (["-qmp", "unix:file,server=on,wait=off"], ["-incoming", "unix:file"]):
            self.assertIn("File exists", self.refused(NONE, *args))
            self.assertEqual(self.contents(), {"file": b"not a socket"})

    def test_socket_in_use(self):
        """Another VM's socket stays its own, also where the start fails later."""
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(os.path.join(self.dir, "sock"))
            other.listen(1)
            for args in (["-qmp", "unix:sock,server=on,wait=off"],
                         ["-incoming", "unix:sock"]):
                self.assertIn("Address already in use", self.refused(NONE, *args))
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect(os.path.join(self.dir, "sock"))
                for _ in range(2):  # who looked, and ours
                    other.accept()[0].close()
        self.assertIn("Address already in use",
                      self.refused(NONE, "-qmp", "unix:a,server=on,wait=off", "-chardev",
                                   "socket,id=a,path=a,server=on", name=["-chardev"]))
        self.assertEqual(os.listdir(self.dir), ["sock"])

    def test_links_to_nothing(self):
        """The file behind is made, and taken back; the link stays."""
        names = "serial", "char", "append", "log", "pid", "ram"
        for name in names:
            os.symlink("real-" + name, os.path.join(self.dir, name))
        self.refused(self.FILES, "-device", "virtio-blk-device,drive=none")
        self.assertEqual(sorted(os.listdir(self.dir)), sorted(names))
        p = self.start(*self.FILES, "-daemonize")
        self.assertEqual((p.returncode, p.stderr), (0, b""))
        with open(os.path.join(self.dir, "pid"), encoding="ascii") as f:
            number = int(f.read())
        self.assertTrue(os.path.exists(os.path.join(self.dir, "real-ram")))
        os.kill(number, signal.SIGTERM)
        wait_gone(number)
        self.assertIn("pid", os.listdir(self.dir))
        self.assertNotIn("real-pid", os.listdir(self.dir))

    def test_fifos(self):
        """Nobody at their other end is waited for; output may go to a reader."""
        os.mkfifo(os.path.join(self.dir, "fifo"))
        memory = "memory-backend-file,id=m,size=64M,mem-path=fifo,share=on"
        cases = [
            (["-object", memory], "mem-path 'fifo' is not a regular file"),
            (["-object", memory + ",readonly=on"], "mem-path 'fifo' is not a regular file"),
            (["-object", memory.replace("fifo", "/dev/zero")], "not a regular file"),
            (["-kernel", "fifo"], "-kernel 'fifo': not a regular file"),
            (["-blockdev", "driver=file,node-name=a,filename=fifo"], "regular file"),
            (["-blockdev", "driver=file,node-name=a,filename=fifo,read-only=on"],
             "regular file"),
            (["-serial", "file:fifo"], "Could not open 'fifo'"),
            (["-pidfile", "fifo"], "-pidfile fifo: cannot create PID file"),
            (["-D", "fifo"], "-D fifo: cannot open log file"),
        ]
        for args, message in cases:
            machine = self.MICROVM if args[0] == "-object" else ["-M", "microvm"]
            self.assertIn(message, self.refused([*machine, "-accel", "qtest"], *args))
        self.assertEqual(os.listdir(self.dir), ["fifo"])

    def test_pidfile_is_a_file(self):
        """What is there and is none (/dev/null) is refused, and stays."""
        path = os.path.join(self.dir, "fifo")
        os.mkfifo(path)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        self.assertIn("-pidfile fifo: not a regular file",
                      self.refused(NONE, "-pidfile", "fifo"))
        self.assertEqual(os.listdir(self.dir), ["fifo"])
        os.close(reader)

    def test_pidfile_of_another(self):
        """Who removes it and makes one of that name keeps his."""
        path = os.path.join(self.dir, "pid")
        p = self.start(*NONE, "-pidfile", "pid", "-daemonize")
        self.assertEqual((p.returncode, p.stderr), (0, b""))
        with open(path, encoding="ascii") as f:
            number = int(f.read())
        os.rename(path, path + ".old")
        with open(path, "w", encoding="ascii") as f:
            f.write("1")
        os.kill(number, signal.SIGTERM)
        wait_gone(number)
        self.assertEqual(sorted(os.listdir(self.dir)), ["pid", "pid.old"])

    def daemon(self, *args):
        """What the PID file "pid" names, which writes its log to "log"."""
        p = self.start("-pidfile", "pid", "-D", "log", "-daemonize", *args)
        self.assertEqual((p.returncode, p.stderr), (0, b""))
        with open(os.path.join(self.dir, "pid"), encoding="ascii") as f:
            return int(f.read())

    def test_socket_of_another(self):
        """Who removes it and binds one of that name keeps his."""
        number = self.daemon("-M", "microvm", "-accel", "qtest", *self.SOCKETS)
        names = [name for name in os.listdir(self.dir) if name not in ("pid", "log")]
        self.assertEqual(len(names), 2)
        for name in names:
            os.rename(os.path.join(self.dir, name), os.path.join(self.dir, name + ".old"))
            with socket.socket(socket.AF_UNIX) as other:
                other.bind(os.path.join(self.dir, name))
        os.kill(number, signal.SIGTERM)
        wait_gone(number)
        self.assertEqual(sorted(os.listdir(self.dir)),
                         sorted([*names, *(name + ".old" for name in names), "log"]))

    @unittest.skipIf("VIREO_SUPERVISED" in os.environ, "nothing is filtered")
    def test_may_not_remove(self):
        """What cannot be removed is said, and the PID file names nobody then."""
        number = self.daemon(*NONE, "-qmp", "unix:qmp,server=on,wait=off",
                             "-sandbox", "on,files=deny")
        os.kill(number, signal.SIGTERM)
        wait_gone(number)
        os.unlink(os.path.join(self.dir, "qmp"))
        left = self.contents()
        self.assertIn(b"/qmp' cannot be removed, and stays: Operation not permitted\n",
                      left["log"])
        self.assertIn(b"/pid: cannot be removed, and stays, empty: Operation not "
                      b"permitted\n", left["log"])
        self.assertEqual(left["pid"], b"")

    def test_early_signal(self):
        """A signal right after the first file has been made ends it as a later one."""
        if is_static() or b"__asan_init" in binary():
            self.skipTest("nothing can be preloaded")
        gate = os.path.abspath(os.path.join(os.path.dirname(VIREO),
                                            "tests/device/early-signal.so"))
        p = subprocess.run(
            [os.path.abspath(VIREO), *NONE, "-pidfile", "pid"], cwd=self.dir, check=False,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT,
            env={**os.environ, "LD_PRELOAD": gate})
        self.assertEqual((p.returncode, os.listdir(self.dir)), (0, []), p.stderr)

    def test_file_size_limit(self):
        """A write that goes too far fails, and ends nobody."""
        p = subprocess.run(
            [os.path.abspath(VIREO), *NONE, "-pidfile", "pid"], cwd=self.dir, check=False,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))
        self.assertEqual(p.returncode, 1)
        self.assertIn(b"cannot write PID file: File too large", p.stderr)
        self.assertEqual(os.listdir(self.dir), [])

    def test_signal_while_waiting(self):
        with subprocess.Popen([os.path.abspath(VIREO), *self.FILES, "-qmp",
                               "unix:qmp,server=on"], cwd=self.dir,
                              stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as p:
            self.assertIn(b"waiting for connection on: unix:qmp", p.stderr.readline())
            p.terminate()
            self.assertEqual(p.stderr.readline(),
                             b"vireo: -qmp unix:qmp,server=on: ended by a signal while "
                             b"waiting for a connection\n")
            self.assertEqual(p.wait(TIMEOUT), 1)
        self.assertEqual(os.listdir(self.dir), [])

    def test_success(self):
        """Then old output goes, new files stay, and sockets go at the end."""
        for name in "serial", "append", "log":
            self.write(name, b"before\n")
        with socket.socket(socket.AF_UNIX) as left_over:
            left_over.bind(os.path.join(self.dir, "sock"))
        p = self.start(*self.FILES, *self.SOCKETS, "-S", "-daemonize")
        self.assertEqual((p.returncode, p.stderr), (0, b""))
        with open(os.path.join(self.dir, "pid"), encoding="ascii") as f:
            number = int(f.read())
        os.kill(number, signal.SIGTERM)
        wait_gone(number)
        left = self.contents()
        self.assertEqual(len(left.pop("ram")), 64 << 20)
        self.assertTrue(left.pop("log").startswith(b"before\nvireo: info: terminating"))
        self.assertEqual(left, {"serial": b"", "char": b"", "append": b"before\n"})


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-q"])

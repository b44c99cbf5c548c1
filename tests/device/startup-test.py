#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The real binary from the outside: start-up, errors, QMP, signals, end."""
import os
import re
import resource
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import unittest

from qmp import TIMEOUT, Qmp

VIREO = os.path.join(os.environ.get("builddir", "."), "vireo")
NONE = ["-machine", "none"]


class Vireo:
    """A running process with one monitor on an inherited socket."""

    running = []

    @classmethod
    def kill_all(cls):
        """After a failed test."""
        for vm in list(cls.running):
            vm.proc.kill()
            vm.end()

    def __init__(self, *args):
        ours, theirs = socket.socketpair()
        self.proc = subprocess.Popen(
            [VIREO, "-chardev", "socket,id=mon,fd=%d" % theirs.fileno(),
             "-mon", "mon,mode=control", *args],
            pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        theirs.close()
        self.running.append(self)
        self.qmp = Qmp(ours).start()

    def end(self):
        """Exit status and stderr."""
        self.running.remove(self)
        _, err = self.proc.communicate(timeout=TIMEOUT)
        self.qmp.sock.close()
        return self.proc.returncode, err.decode()


def run(*args):
    p = subprocess.run([VIREO, *args], stdin=subprocess.DEVNULL, capture_output=True,
                       timeout=TIMEOUT)
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def binary():
    with open(VIREO, "rb") as f:
        return f.read()


def is_static():
    """No ELF segment asks for ld.so (PT_INTERP); nor does a script in its place."""
    elf = binary()
    if not elf.startswith(b"\x7fELF"):
        return True
    at, = struct.unpack_from("<Q", elf, 32)
    size, number = struct.unpack_from("<HH", elf, 54)
    return 3 not in [struct.unpack_from("<I", elf, at + i * size)[0] for i in range(number)]


class Printing(unittest.TestCase):
    def test_version(self):
        for option in "-version", "--version":
            code, out, _ = run(option)
            self.assertEqual(code, 0)
            self.assertRegex(out.splitlines()[0],
                             r"^QEMU emulator version \d+\.\d+\.\d+ \(vireo [0-9.]+\)$")

    def test_help(self):
        for args, word in ((["-help"], "-device DRIVER"), (["-machine", "help"], "microvm"),
                           (["-device", "help"], "virtio-blk-device"),
                           (["-device", "virtio-blk-device,help"], "drive="),
                           (["-accel", "help"], "kvm"), (["-object", "help"], "iothread"),
                           (["-machine", "microvm,help"], "acpi=")):
            code, out, err = run(*args)
            self.assertEqual((code, err), (0, ""), args)
            self.assertIn(word, out)

    def test_help_of_nothing(self):
        for option, error in (("-chardev", "Parameter 'backend' does not accept value 'x'"),
                              ("-object", "Parameter 'qom-type' does not accept value 'x'"),
                              ("-netdev", "Parameter 'type' does not accept value 'x'"),
                              ("-blockdev", "Parameter 'driver' does not accept value 'x'"),
                              ("-device", "Device 'x' not found"),
                              ("-machine", "unsupported machine type"),
                              ("-name", "'name' has no help of its own, see -help")):
            code, out, err = run(option, "x,help")
            self.assertEqual((code, out, err),
                             (1, "", f"vireo: {option} x,help: {error}\n"))


class Errors(unittest.TestCase):
    CASES = [
        (["-foo", "bar"], "-foo bar: invalid option"),
        (["-machine", "foo"], "-machine foo: unsupported machine type"),
        (["-device", "foo"], "-device foo: 'foo' is not a valid device model name"),
        (["-object", "foo,id=a"], "-object foo,id=a: Parameter 'qom-type' does not accept value 'foo'"),
        (["-object", "iothread"], "-object iothread: Parameter 'id' is missing"),
        (["-object", "iothread,id=a", "-object", "iothread,id=a"],
         "-object iothread,id=a: attempt to add duplicate property 'a' to object "
         "(type 'container')"),
        (["-object", "iothread,id=a,x=1"],
         "-object iothread,id=a,x=1: Invalid parameter 'x'"),
        (["-object", "memory-backend-ram,id=m,size=1M"],
         "-object memory-backend-ram,id=m,size=1M: memory backend 'm' is not used by "
         "the machine"),
        (["-object", "memory-backend-ram,id=m,size=-5"],
         "-object memory-backend-ram,id=m,size=-5: Parameter 'size' expects a size in "
         "bytes (suffixes k, M, G, T, P, E), not '-5'"),
        (["-object", "memory-backend-ram,id=m,size=1M,foo=2"],
         "-object memory-backend-ram,id=m,size=1M,foo=2: Invalid parameter 'foo'"),
        (["-machine", "microvm", "-accel", "qtest", "-m", "1k"],
         "-m 1k: machine 'microvm' takes whole pages from 1 MiB to 4 TiB"),
        (["-machine", "microvm", "-accel", "qtest", "-cpu", "max,migratable=maybe"],
         "-cpu max,migratable=maybe: Parameter 'migratable' expects 'on' or 'off', not "
         "'maybe'"),
        (["-machine", "microvm", "-accel", "qtest", "-cpu", "host,foo=on"],
         "-cpu host,foo=on: the feature 'foo' is not supported"),
        (["-cpu", ""], "-cpu : Parameter 'model' is missing"),
        (["-mon", "x"], "-mon x: mode=readline is not supported (only control)"),
        (["-mon", "x,mode=control"], "-mon x,mode=control: chardev \"x\" not found"),
        (["-chardev", "vc,id=a"], "-chardev vc,id=a: Parameter 'backend' does not accept value 'vc'"),
        (["-sandbox", "on,spawn=maybe"],
         "-sandbox on,spawn=maybe: Parameter 'spawn' does not accept value 'maybe'"),
        (["-qtest", "unix:/x"], "-qtest unix:/x: needs -accel qtest"),
        (["-blockdev", "file,node-name=a,filename=/nonexistent"], None),
        (["-device", "virtio-rng-device"], None),
        (["-incoming", "carrier-pigeon:1"], None),
    ]

    def test_errors(self):
        with tempfile.TemporaryDirectory() as tmp:
            pid, sock = os.path.join(tmp, "pid"), os.path.join(tmp, "sock")
            for args, message in self.CASES:
                code, out, err = run(*NONE, "-pidfile", pid,
                                     "-qmp", "unix:%s,server=on,wait=off" % sock, *args)
                self.assertEqual((code, out), (1, ""), args)
                if message:
                    self.assertEqual(err.splitlines()[0], "vireo: " + message)
                else:
                    self.assertTrue(err.startswith("vireo: " + args[0]), err)
                self.assertEqual(os.listdir(tmp), [], args)


class UnknownKeys(unittest.TestCase):
    """Whatever takes key=value refuses a key that it does not know, by option."""

    # an argument with which the option would be taken
    GOOD = {
        "machine": "microvm", "accel": "qtest", "cpu": "host", "smp": "1", "m": "64M",
        "object": "iothread,id=a", "chardev": "null,id=a", "mon": "mon,mode=control",
        "blockdev": "file,node-name=a,filename=/dev/null,read-only=on",
        "drive": "if=none,id=a,file=/dev/null,readonly=on", "netdev": "tap,id=a,ifname=a",
        "device": "virtio-rng-device", "name": "a", "action": "reboot=reset",
        "sandbox": "on", "rtc": "utc", "boot": "strict=on", "overcommit": "mem-lock=off",
        "realtime": "mlock=off", "msg": "timestamp=on", "audiodev": "none,id=a",
        "run-with": "async-teardown=on", "serial": "null", "qmp": "null",
        "qmp-pretty": "null", "display": "none", "vnc": "none", "vga": "none",
        "net": "none", "nic": "none", "parallel": "none",
        "watchdog-action": "reset", "global": "virtio-mmio.force-legacy=off",
        "add-fd": "fd=0,set=1",
    }
    PLAIN = {"monitor", "kernel", "initrd", "append", "incoming", "uuid", "pidfile", "D",
             "dialect", "qtest", "qtest-log", "L"}

    def test_all(self):
        lines = run("-help")[1].splitlines()
        # a flag's help follows in the same line, padded; an argument's name does not
        options = {line[1:].split()[0] for line in lines
                   if re.match(r"-\S+ \S", line)}
        self.assertEqual(options - self.PLAIN - set(self.GOOD), set())
        for option, good in self.GOOD.items():
            bad = good + ",x-nonsense=1"
            base = [] if option == "machine" else ["-machine", "microvm"]
            base += [] if option == "accel" else ["-accel", "qtest"]
            code, out, err = run(*base, "-chardev", "null,id=mon", "-" + option, bad)
            self.assertEqual((code, out), (1, ""), option)
            self.assertRegex(err, "^vireo: -%s .*x-nonsense" % option)


class Ids(unittest.TestCase):
    """One rule for whatever has a name; over QMP and on the command line."""

    BAD = ["", "1a", "a b", "-a", "a/b", "a\u00e4", "a" * 256]
    GOOD = ["libvirt-1-storage", "charserial0", "net0", "virtio-disk0", "a._-9"]

    def test_all(self):
        vm = Vireo("-machine", "microvm", "-accel", "qtest")
        self.addCleanup(Vireo.kill_all)
        add = {
            "object-add": ("id", {"qom-type": "iothread"}),
            "blockdev-add": ("node-name", {"driver": "file", "filename": "/dev/null",
                                           "read-only": True}),
            "device_add": ("id", {"driver": "virtio-rng-device"}),
            "netdev_add": ("id", {"type": "tap", "ifname": "none"}),
        }
        for command, (key, args) in add.items():
            for name in self.BAD + ["a" * 32] * (key == "node-name"):
                self.assertIn("'%s' expects an identifier" % key,
                              vm.qmp.refused(command, **args, **{key: name}), command)
            for name in self.GOOD:
                reply = vm.qmp.raw(command, {**args, key: name})
                self.assertNotIn("identifier", str(reply), command)
        vm.qmp("quit")
        self.assertEqual(vm.end(), (0, ""))

    def test_command_line(self):
        for args in (["-object", "iothread,id=1"], ["-chardev", "null,id=1"],
                     ["-netdev", "tap,id=1,fd=0"], ["-mon", "x,mode=control,id=1"],
                     ["-blockdev", "file,node-name=1,filename=/dev/null"],
                     ["-drive", "id=1,file=/dev/null"]):
            code, _, err = run(*NONE, *args)
            self.assertEqual(code, 1)
            self.assertRegex(err, "^vireo: %s: Parameter '(id|node-name)' expects an "
                             "identifier .*, not '1'\n" % " ".join(args))


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
        Life.wait_gone(number)
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
            (["-serial", "file:fifo"], "cannot open path 'fifo'"),
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
        Life.wait_gone(number)
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
        Life.wait_gone(number)
        self.assertEqual(sorted(os.listdir(self.dir)),
                         sorted([*names, *(name + ".old" for name in names), "log"]))

    @unittest.skipIf("VIREO_SUPERVISED" in os.environ, "nothing is filtered")
    def test_may_not_remove(self):
        """What cannot be removed is said, and the PID file names nobody then."""
        number = self.daemon(*NONE, "-qmp", "unix:qmp,server=on,wait=off",
                             "-sandbox", "on,files=deny")
        os.kill(number, signal.SIGTERM)
        Life.wait_gone(number)
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
        Life.wait_gone(number)
        left = self.contents()
        self.assertEqual(len(left.pop("ram")), 64 << 20)
        self.assertTrue(left.pop("log").startswith(b"before\nvireo: info: terminating"))
        self.assertEqual(left, {"serial": b"", "char": b"", "append": b"before\n"})


class Life(unittest.TestCase):
    def tearDown(self):
        Vireo.kill_all()

    def test_quit(self):
        vm = Vireo(*NONE, "-name", "guest=n1", "-uuid",
                   "c3915bb8-a1ac-4847-9e92-4a40f5ce3750", "-S")
        qmp = vm.qmp
        self.assertIn("vireo", qmp.greeting["QMP"]["version"]["package"])
        self.assertEqual(qmp("query-status"),
                         {"running": False, "singlestep": False, "status": "prelaunch"})
        self.assertEqual(qmp("query-name"), {"name": "n1"})
        self.assertEqual(qmp("query-uuid")["UUID"],
                         "c3915bb8-a1ac-4847-9e92-4a40f5ce3750")
        self.assertEqual(qmp("query-target"), {"arch": "x86_64"})
        self.assertEqual(qmp("query-chardev"),
                         [{"label": "mon", "filename": "fd", "frontend-open": True}])
        self.assertEqual(qmp("query-cpus-fast"), [])
        qmp("cont")
        qmp.event("RESUME")
        qmp("stop")
        qmp.event("STOP")
        self.assertEqual(qmp("query-status")["status"], "paused")
        qmp("quit")
        self.assertEqual(qmp.event("SHUTDOWN")["data"],
                         {"guest": False, "reason": "host-qmp-quit"})
        self.assertEqual(vm.end(), (0, ""))

    def test_port_of_the_host(self):
        """Port 0 is any that is free; which one is said."""
        args = [VIREO, *NONE, "-qmp", "tcp:127.0.0.1:0,server=on",
                "-chardev", "socket,id=idle,port=0,server=on,wait=off"]
        p = subprocess.Popen(args, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.addCleanup(p.communicate)
        self.addCleanup(p.kill)
        said = re.search(rb"waiting for connection on: tcp:127\.0\.0\.1:(\d+),server=on\n",
                         p.stderr.readline())
        port = int(said.group(1))
        with socket.create_connection(("127.0.0.1", port)) as client:
            qmp = Qmp(client).start()
            names = {c["label"]: c["filename"] for c in qmp("query-chardev")}
            self.assertEqual(names["compat_monitor0"], f"tcp:127.0.0.1:{port},server=on")
            idle = re.fullmatch(r"disconnected:tcp::(\d+),server=on", names["idle"])
            socket.create_connection(("127.0.0.1", int(idle.group(1)))).close()
            qmp("quit")
        self.assertEqual(p.wait(TIMEOUT), 0)

    @unittest.skipIf("VIREO_SUPERVISED" in os.environ, "nothing is filtered")
    def test_filter(self):
        """On by default, in every thread; a helper for names only where they are allowed."""
        static = is_static()
        for args, mode, helpers in ([], "2", 1), (["-sandbox", "on,network=deny"], "2", 0), (
                ["-disable-seccomp"], "0", 1), (["-sandbox", "off"], "0", 1):
            vm = Vireo("-machine", "microvm", "-accel", "qtest", "-object", "iothread,id=io",
                       *args)
            tasks = "/proc/%d/task" % vm.proc.pid
            for tid in os.listdir(tasks):
                with open("%s/%s/status" % (tasks, tid)) as f:
                    self.assertIn("\nSeccomp:\t%s\n" % mode, f.read())
            with open("%s/%d/children" % (tasks, vm.proc.pid)) as f:
                self.assertEqual(len(f.read().split()), 0 if static else helpers)
            vm.qmp("quit")
            self.assertEqual(vm.end(), (0, ""))

    def test_nothing_after_quit(self):
        """Not even what the same packet brings; the reply and the event still come."""
        for _ in range(5):
            vm = Vireo("-machine", "microvm", "-accel", "qtest")
            sock = vm.qmp.sock
            add = b'{"execute":"object-add","arguments":{"qom-type":"iothread","id":"io"}}'
            sock.sendall(b'{"execute":"quit"}' + add)
            self.assertEqual(vm.qmp.read(), {"return": {}})
            events = []
            try:
                while True:
                    try:
                        sock.sendall(add)
                    except BrokenPipeError:
                        pass  # there may be more to read
                    events.append(vm.qmp.read().get("event"))
            except (EOFError, ConnectionResetError):
                pass
            self.assertEqual(events, ["SHUTDOWN"])
            self.assertEqual(vm.end(), (0, ""))

    def test_dialects(self):
        vm = Vireo(*NONE, "-dialect", "stratovirt")
        qmp = vm.qmp
        self.assertEqual(list(qmp.greeting["QMP"]["version"]), ["StratoVirt", "package"])
        self.assertEqual(qmp("query-migrate"), {"status": "none"})
        qmp("stop")
        self.assertEqual(qmp.event("STOP")["data"], {})
        self.assertNotIn("'type'", qmp.refused("netdev_add", id="n"))
        qmp("quit")
        self.assertEqual(vm.end(), (0, ""))
        vm = Vireo(*NONE)
        qmp = vm.qmp
        self.assertEqual(list(qmp.greeting["QMP"]["version"]), ["qemu", "package"])
        self.assertEqual(qmp("query-migrate"), {})
        qmp("stop")
        self.assertNotIn("data", qmp.event("STOP"))
        self.assertEqual(qmp.refused("netdev_add", id="n"),
                         "Parameter 'type' is missing")
        qmp("quit")
        self.assertEqual(vm.end(), (0, ""))

    def test_signals(self):
        for number in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
            vm = Vireo(*NONE, "-no-shutdown")
            vm.proc.send_signal(number)
            self.assertEqual(vm.qmp.event("SHUTDOWN")["data"]["reason"], "host-signal")
            code, err = vm.end()
            self.assertEqual(code, 0)
            self.assertIn("terminating on signal %d" % number, err)

    def test_introspection(self):
        vm = Vireo("-machine", "microvm", "-accel", "qtest",
                   "-object", "rng-random,id=o", "-device", "virtio-rng-device,rng=o",
                   "-device", "virtio-rng-device,rng=o,id=r")
        commands = {c["name"] for c in vm.qmp("query-commands")}
        schema = vm.qmp("query-qmp-schema")
        listed = {e["name"] for e in schema if e["meta-type"] == "command"}
        self.assertEqual(commands, listed)
        types = {t["name"] for t in vm.qmp("qom-list-types")}
        self.assertLessEqual({"virtio-blk-device", "iothread",
                              "microvm-vireo-1.0-machine"}, types)
        blk = vm.qmp("qom-list-types", implements="virtio-blk-device")
        self.assertEqual([t["name"] for t in blk], ["virtio-blk-device"])
        self.assertEqual(vm.qmp("qom-list", path="/machine/peripheral"),
                         [{"name": "type", "type": "string"},
                          {"name": "r", "type": "child<virtio-rng-device>"}])
        r = {p["name"]: p["type"]
             for p in vm.qmp("qom-list", path="/machine/peripheral/r")}
        self.assertEqual((r["type"], r["rng"]), ("string", "link<rng-backend>"))
        self.assertEqual(vm.qmp("qom-get", path="r", property="rng"), "/objects/o")
        self.assertEqual(vm.qmp("qom-list", path="/"),
                         [{"name": "type", "type": "string"},
                          {"name": "objects", "type": "child<container>"},
                          {"name": "machine", "type": "child<microvm-vireo-1.0-machine>"}])
        cpu, = vm.qmp("query-cpus-fast")
        self.assertEqual(vm.qmp("qom-list", path=cpu["qom-path"]),
                         [{"name": "type", "type": "string"}])
        below = {p["name"]: p["type"] for p in vm.qmp("qom-list", path="/machine")}
        self.assertEqual(below["peripheral"], "child<container>")
        self.assertEqual(below["ioapic"], "child<ioapic>")
        self.assertNotIn("r", below)
        self.assertEqual(vm.qmp("qom-get", path="/machine", property="peripheral"),
                         "/machine/peripheral")
        for path in "/x", "", "x", "/peripheral", "/machine/peripheral/r/x":
            for command, more in ("qom-list", {}), ("qom-get", {"property": "type"}):
                self.assertEqual(vm.qmp.error(command, path=path, **more),
                                 ("DeviceNotFound", "Device '%s' not found" % path))
        names = {p["name"] for p in
                 vm.qmp("device-list-properties", typename="virtio-blk-device")}
        self.assertIn("drive", names)
        self.assertEqual(vm.qmp.error("device-list-properties", typename="x"),
                         ("DeviceNotFound", "Device 'x' not found"))
        machines = {m["name"]: m for m in vm.qmp("query-machines")}
        self.assertEqual(machines["microvm-vireo-1.0"]["alias"], "microvm")
        vm.qmp("quit")
        self.assertEqual(vm.end(), (0, ""))

    def test_hotplug_of_back_ends(self):
        vm = Vireo(*NONE)
        qmp = vm.qmp
        with tempfile.NamedTemporaryFile() as image:
            image.truncate(1 << 20)
            qmp("blockdev-add", **{"driver": "file", "filename": image.name,
                                       "node-name": "n"})
            nodes = qmp("query-named-block-nodes", flat=True)
            self.assertEqual([n["node-name"] for n in nodes], ["n"])
            self.assertEqual(qmp.refused("blockdev-add", driver="file",
                                       filename=image.name),
                             "'node-name' must be specified for the root node")
            self.assertEqual(qmp.refused("blockdev-add", driver="qcow2"),
                             "Parameter 'driver' does not accept value 'qcow2'")
            qmp("blockdev-del", **{"node-name": "n"})
            self.assertEqual(qmp("query-named-block-nodes"), [])
        qmp("object-add", **{"qom-type": "iothread", "id": "io"})
        self.assertIn("duplicate", qmp.refused("object-add", **{"qom-type": "iothread",
                                                             "id": "io"}))
        qmp("object-del", id="io")
        self.assertEqual(qmp.refused("object-del", id="io"), "object 'io' not found")
        self.assertEqual(qmp.error("device_del", id="x"),
                         ("DeviceNotFound", "Device 'x' not found"))
        self.assertEqual(qmp.refused("getfd", fdname="f"),
                         "No file descriptor supplied via SCM_RIGHTS")
        with open("/dev/null", "rb") as null:
            qmp("getfd", null.fileno(), fdname="f")
        qmp("closefd", fdname="f")
        self.assertEqual(qmp.refused("closefd", fdname="f"),
                         "File descriptor named 'f' not found")
        qmp("quit")
        self.assertEqual(vm.end(), (0, ""))

    def test_descriptors_run_out(self):
        """The process says so and lives on."""
        vm = Vireo(*NONE)
        with open("/dev/null", "rb") as null:
            for i in range(65):
                reply = vm.qmp.raw("getfd", {"fdname": "f%d" % i}, null.fileno())
                self.assertEqual("error" in reply, i == 64, reply)
        self.assertIn("Too many file descriptors", reply["error"]["desc"])
        used = max(map(int, os.listdir("/proc/%d/fd" % vm.proc.pid)))
        limit = resource.prlimit(vm.proc.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(vm.proc.pid, resource.RLIMIT_NOFILE, (used + 1, limit[1]))
        add = {"qom-type": "iothread", "id": "io"}
        self.assertEqual(vm.qmp.refused("object-add", **add),
                         "iothread 'io': cannot create an event loop: Too many open files")
        resource.prlimit(vm.proc.pid, resource.RLIMIT_NOFILE, limit)
        vm.qmp("object-add", **add)
        vm.qmp("quit")
        self.assertEqual(vm.end(), (0, ""))

    def test_daemonize(self):
        with tempfile.TemporaryDirectory() as tmp:
            pid, sock = os.path.join(tmp, "pid"), os.path.join(tmp, "sock")
            # What libvirt runs to ask a binary what it can do.
            code, out, err = run(
                "-S", "-no-user-config", "-nodefaults", "-nographic", "-machine",
                "none,accel=kvm:tcg", "-qmp", "unix:%s,server=on,wait=off" % sock,
                "-pidfile", pid, "-daemonize")
            self.assertEqual((code, out, err), (0, "", ""))
            with open(pid, encoding="ascii") as f:
                number = int(f.read())
            self.assertEqual(stat.S_IMODE(os.stat(sock).st_mode), 0o600)
            code, _, err = run(*NONE, "-pidfile", pid)
            self.assertEqual(code, 1)
            self.assertIn("-pidfile %s: cannot lock PID file" % pid, err)
            for _ in range(2):  # one client after the other
                client = socket.socket(socket.AF_UNIX)
                client.connect(sock)
                qmp = Qmp(client).start()
                self.assertTrue(qmp("query-kvm")["present"])
                client.close()
            os.kill(number, signal.SIGTERM)
            self.wait_gone(number)
            self.assertEqual(os.listdir(tmp), [])

    @staticmethod
    def wait_gone(number):
        try:
            fd = os.pidfd_open(number)
        except ProcessLookupError:
            return
        poll = __import__("select").poll()
        poll.register(fd)
        if not poll.poll(TIMEOUT * 1000):
            raise TimeoutError
        os.close(fd)

    def test_incoming(self):
        vm = Vireo(*NONE, "-incoming", "defer")
        self.assertEqual(vm.qmp("query-status")["status"], "inmigrate")
        vm.qmp("cont")  # a wish for later
        self.assertEqual(vm.qmp("query-status")["status"], "inmigrate")
        vm.qmp("quit")
        self.assertEqual(vm.end(), (0, ""))
        vm = Vireo(*NONE)
        off = [{"capability": c, "state": False} for c in ("xbzrle", "multifd", "events")]
        vm.qmp("migrate-set-capabilities", capabilities=off)
        self.assertEqual({c["capability"] for c in vm.qmp("query-migrate-capabilities")},
                         {"events", "return-path"})
        both = [{"capability": c, "state": True} for c in ("events", "xbzrle")]
        vm.qmp.error("migrate-set-capabilities", capabilities=both)
        self.assertNotIn({"capability": "events", "state": True},
                         vm.qmp("query-migrate-capabilities"))  # all or none
        for name, message in (("xbzrle", "Migration capability 'xbzrle' is not supported"),
                              ("x", "Parameter 'capabilities[0].capability' does not "
                                    "accept value 'x'")):
            on = [{"capability": name, "state": True}]
            self.assertEqual(
                vm.qmp.refused("migrate-set-capabilities", capabilities=on), message)
        self.assertEqual(vm.qmp.refused("migrate-incoming", uri="tcp:x:1"),
                         "'-incoming' was not specified on the command line")
        vm.qmp("quit")
        self.assertEqual(vm.end(), (0, ""))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-q"])

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The real binary from the outside: start-up, errors, QMP, signals, end."""
import os
import re
import resource
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import unittest

from qmp import TIMEOUT, Qmp
from startup import NONE, VIREO, Vireo, binary, is_static, run, wait_gone


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
                           (["-nic", "help"], "user"), (["-nic", "user,help"], "model="),
                           (["-nic", "model=help"], "e1000"), (["-net", "help"], "nic"),
                           (["-net", "nic,model=?"], "e1000"),
                           (["-net", "nic,help"], "macaddr="),
                           (["-machine", "microvm,help"], "acpi="),
                           (["-boot", "help"], "boot-opts options:\n  menu=<bool (on/off)>\n"),
                           (["-help"], "\n-M [type=]name"),
                           (["-device", "virtio-blk,help"], "virtio-blk-pci options:"),
                           (["-device", "virtio-net,help"], "virtio-net-pci options:"),
                           (["-M", "q35,help"], "ACPI tables (default: on)"),
                           (["-M", "q35,help"], "shared memory (default: off)")):
            code, out, err = run(*args)
            self.assertEqual((code, err), (0, ""), args)
            self.assertIn(word, out)

    def test_defaults(self):
        """A number or address that stands for "not given" is no default to read."""
        models = re.findall('^name "([^"]+)"', run("-device", "help")[1], re.M)
        self.assertIn("pcie-root-port", models)
        for name in models:
            out = run("-device", name + ",help")[1]
            self.assertNotRegex(out, r"default: (-1|\d{10,})\b", name)

    def test_help_of_nothing(self):
        one_of = "Parameter '%s' does not accept value 'x' (it is one of %s)"
        types = {option: ", ".join(re.findall(r"^  (\S+)", run(option, "help")[1], re.M))
                 for option in ("-chardev", "-object", "-netdev", "-blockdev")}
        for option, error in (("-chardev", one_of % ("backend", types["-chardev"])),
                              ("-object", one_of % ("qom-type", types["-object"])),
                              ("-netdev", one_of % ("type", types["-netdev"])),
                              ("-blockdev", one_of % ("driver", types["-blockdev"])),
                              ("-device", "Device 'x' not found"),
                              ("-machine", "unsupported machine type"),
                              ("-name", "'name' has no help of its own, see -help")):
            code, out, err = run(option, "x,help")
            self.assertEqual((code, out, err),
                             (1, "", f"vireo: {option} x,help: {error}\n"))


class Errors(unittest.TestCase):
    CASES = [
        (["-foo", "bar"], "-foo bar: invalid option"),
        (["-numa", "node"], "-numa node: invalid option (of QEMU, not supported here)"),
        (["--fda", "a"], "--fda a: invalid option (of QEMU, not supported here)"),
        (["-boot", "z"], "-boot z: Parameter 'order': Invalid boot device 'z'"),
        (["-qmp", "mon:stdio"],
         "-qmp mon:stdio: 'mon' is not supported here, only for -serial"),
        (["-action", "panic=x"],
         "-action panic=x: Parameter 'panic' does not accept value 'x' (it is one of "
         "pause, shutdown, exit-failure, none)"),
        (["-machine", "foo"], "-machine foo: unsupported machine type"),
        (["-device", "foo"], "-device foo: 'foo' is not a valid device model name "
         "(-device help lists them)"),
        (["-net", "user", "-device", "foo"],
         "warning: hub 0 with no nics (-net nic makes one)"),
        (["-object", "foo,id=a"],
         re.compile("-object foo,id=a: Parameter 'qom-type' does not accept value 'foo' "
                    r"\(it is one of (.*, )?iothread(, .*)?\)")),
        (["-object", "iothread"], "-object iothread: Parameter 'id' is missing"),
        (["-object", "iothread,id=a", "-object", "iothread,id=a"],
         "-object iothread,id=a: attempt to add duplicate property 'a' to object "
         "(type 'container')"),
        (["-object", "iothread,id=a,x=1"],
         "-object iothread,id=a,x=1: Invalid parameter 'x' "
         "(-object iothread,help lists what there is)"),
        (["-object", "memory-backend-ram,id=m,size=1M"],
         "-object memory-backend-ram,id=m,size=1M: memory backend 'm' is not used by "
         "the machine"),
        (["-object", "memory-backend-ram,id=m,size=-5"],
         "-object memory-backend-ram,id=m,size=-5: Parameter 'size' expects a size in "
         "bytes (suffixes k, M, G, T, P, E), not '-5'"),
        (["-object", "memory-backend-ram,id=m,size=1M,foo=2"],
         "-object memory-backend-ram,id=m,size=1M,foo=2: Invalid parameter 'foo' "
         "(-object memory-backend-ram,help lists what there is)"),
        (["-machine", "microvm", "-accel", "qtest", "-m", "1k"],
         "-m 1k: machine 'microvm' takes whole pages from 1 MiB to 4 TiB"),
        (["-machine", "microvm", "-accel", "qtest", "-cpu", "max,migratable=maybe"],
         "-cpu max,migratable=maybe: Parameter 'migratable' expects 'on' or 'off', not "
         "'maybe'"),
        (["-machine", "microvm", "-accel", "qtest", "-cpu", "host,foo=on"],
         "-cpu host,foo=on: the feature 'foo' is not supported"),
        (["-cpu", ""], "-cpu : Parameter 'model' is missing"),
        (["-mon", "x,mode=y"], "-mon x,mode=y: Parameter 'mode' does not accept value 'y'"),
        (["-mon", "x,mode=control"], "-mon x,mode=control: chardev \"x\" not found"),
        (["-chardev", "vc,id=a"],
         re.compile("-chardev vc,id=a: Parameter 'backend' does not accept value 'vc' "
                    r"\(it is one of (.*, )?stdio(, .*)?\)")),
        (["-sandbox", "on,spawn=maybe"],
         "-sandbox on,spawn=maybe: Parameter 'spawn' does not accept value 'maybe' "
         "(it is one of allow, deny)"),
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
                first = err.splitlines()[0].removeprefix("vireo: ")
                if isinstance(message, re.Pattern):
                    self.assertTrue(message.fullmatch(first), err)
                elif message:
                    self.assertEqual(first, message)
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
        "sandbox": "on", "rtc": "utc", "boot": "strict=on", "smbios": "type=1", "fw_cfg": "name=opt/a,string=a", "overcommit": "mem-lock=off",
        "realtime": "mlock=off", "msg": "timestamp=on", "audiodev": "none,id=a",
        "run-with": "async-teardown=on", "serial": "null", "qmp": "null",
        "qmp-pretty": "null", "display": "none", "vnc": "none", "vga": "none",
        "net": "none", "nic": "none", "parallel": "none",
        "watchdog-action": "reset", "global": "virtio-mmio.force-legacy=off",
        "add-fd": "fd=0,set=1",
    }
    PLAIN = {"monitor", "echr", "bios", "kernel", "initrd", "append", "incoming", "uuid", "pidfile", "D",
             "dialect", "qtest", "qtest-log", "L",
             "hda", "hdb", "hdc", "hdd", "cdrom", "pflash",
             "M"}  # -machine, and so its errors say

    def test_all(self):
        lines = run("-help")[1].splitlines()
        # a flag's help follows in the same line, padded; an argument's name does not
        options = {line[1:].split()[0] for line in lines
                   if re.match(r"-\S+ \S", line)}
        self.assertEqual(options - self.PLAIN - set(self.GOOD), set())
        for option, good in self.GOOD.items():
            bad = good + ",x-nonsense=1"
            board = "q35" if option in ("smbios", "fw_cfg") else "microvm"
            base = [] if option == "machine" else ["-machine", board]
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
            self.assertEqual(qmp.refused("blockdev-add", driver="qed"),
                             "Parameter 'driver' does not accept value 'qed'")
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
            self.assertIn("-pidfile %s: cannot lock PID file: another process" % pid, err)
            for _ in range(2):  # one client after the other
                client = socket.socket(socket.AF_UNIX)
                client.connect(sock)
                qmp = Qmp(client).start()
                self.assertTrue(qmp("query-kvm")["present"])
                client.close()
            os.kill(number, signal.SIGTERM)
            wait_gone(number)
            self.assertEqual(os.listdir(tmp), [])

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

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Descriptors from outside, in the real binary: sets, numbers, names, their flags."""
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import tempfile
import time
import unittest

from qmp import TIMEOUT, Qmp, is_sanitized

VIREO = os.path.join(os.environ.get("builddir", "."), "vireo")
QTEST = ["-machine", "microvm", "-accel", "qtest", "-m", "16M", "-nodefaults"]


# linux/sched.h, linux/if_tun.h
CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454ca
IFF_TAP, IFF_MULTI_QUEUE, IFF_NO_PI, IFF_VNET_HDR = 0x2, 0x100, 0x1000, 0x4000
EXTRA = ["-disable-seccomp"] if is_sanitized(VIREO) else []


def is_nonblocking(fd):
    return bool(fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK)


class Vireo:
    """A process with n monitors, which inherits fds."""

    def __init__(self, *args, fds=(), monitors=1):
        pairs = [socket.socketpair() for _ in range(monitors)]
        mons = []
        for i, (_, theirs) in enumerate(pairs):
            mons += ["-chardev", "socket,id=mon%d,fd=%d" % (i, theirs.fileno()),
                     "-mon", "mon%d,mode=control" % i]
        self.proc = subprocess.Popen(
            [VIREO, *EXTRA, *mons, *args], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
            pass_fds=[*fds, *(theirs.fileno() for _, theirs in pairs)])
        for _, theirs in pairs:
            theirs.close()
        self.mons = [Qmp(ours).start() for ours, _ in pairs]
        self.qmp = self.mons[0] if self.mons else None

    def quit(self):
        self.qmp("quit")
        _, err = self.proc.communicate(timeout=TIMEOUT)
        for mon in self.mons:
            mon.sock.close()
        return self.proc.returncode, err.decode()


def run(*args, fds=()):
    p = subprocess.run([VIREO, *EXTRA, *args], stdin=subprocess.DEVNULL, capture_output=True,
                       timeout=TIMEOUT, pass_fds=fds)
    return p.returncode, p.stderr.decode()


class Case(unittest.TestCase):
    def setUp(self):
        self.tmp = tempfile.TemporaryDirectory()
        self.addCleanup(self.tmp.cleanup)

    def file(self, name, flags, size=0):
        """A descriptor of a new file that has no name any more."""
        path = os.path.join(self.tmp.name, name)
        with open(path, "wb") as f:
            f.truncate(size)
        fd = os.open(path, flags)
        os.unlink(path)
        self.addCleanup(os.close, fd)
        return fd


class Sets(Case):
    def test_command_line(self):
        """All that opens files takes sets; what is opened has the set's access mode."""
        disk = self.file("disk", os.O_RDWR, 1 << 20)
        log = self.file("log", os.O_WRONLY)
        serial = self.file("serial", os.O_WRONLY)
        ram = self.file("ram", os.O_RDWR, 16 << 20)
        rng = os.open("/dev/urandom", os.O_RDONLY)
        self.addCleanup(os.close, rng)
        fds = [disk, log, serial, ram, rng]
        sets = []
        for i, fd in enumerate(fds):
            sets += ["-add-fd", "fd=%d,set=%d,opaque=n%d" % (fd, i + 2, i)]
        vm = Vireo(*QTEST, *sets, "-D", "/dev/fdset/3",
                   "-object", "memory-backend-file,id=m,mem-path=/dev/fdset/5,size=16M,share=on",
                   "-machine", "memory-backend=m",
                   "-object", "rng-random,id=r,filename=/dev/fdset/6",
                   "-chardev", "file,id=s,path=/dev/fdset/4,append=on", "-serial", "chardev:s",
                   "-blockdev", "file,node-name=d,filename=/dev/fdset/2,cache.direct=on",
                   "-device", "virtio-blk-device,drive=d",
                   "-device", "virtio-rng-device,rng=r", fds=fds)
        self.assertEqual(
            vm.qmp("query-fdsets"),
            [{"fdset-id": i + 2, "fds": [{"fd": fd, "opaque": "n%d" % i}]}
             for i, fd in enumerate(fds)])
        self.assertEqual(vm.qmp("query-named-block-nodes")[0]["image"]["virtual-size"],
                         1 << 20)
        self.assertFalse(is_nonblocking(log))
        self.assertEqual(vm.quit(), (0, ""))
        self.assertFalse(is_nonblocking(serial))

    def test_option_rom(self):
        """A card that is plugged where no file may be opened has its ROM from a set."""
        rom = self.file("rom", os.O_RDONLY, 5000)
        sandbox = ["-sandbox", "on,files=deny"] if not EXTRA else []
        vm = Vireo("-machine", "q35", "-accel", "qtest", "-m", "16M", "-nodefaults",
                   "-device", "pcie-root-port,id=rp,chassis=1", *sandbox)
        vm.qmp("add-fd", rom, fdset_id=7)
        vm.qmp("device_add", driver="pci-testdev", id="d", bus="rp", romfile="/dev/fdset/7")
        port, = (d for d in vm.qmp("query-pci")[0]["devices"] if d["qdev_id"] == "rp")
        card, = port["pci_bridge"]["devices"]
        self.assertEqual([r["size"] for r in card["regions"] if r["bar"] == 6], [8192])
        vm.qmp("device_del", id="d")
        vm.qmp("system_reset")
        vm.qmp.event("DEVICE_DELETED")
        self.assertEqual(vm.quit(), (0, ""))

    def test_refused(self):
        disk = self.file("disk", os.O_RDONLY, 4096)
        n = "fd=%d" % disk
        for args, why in (
                (["-add-fd", n], "Parameter 'set' is missing"),
                (["-add-fd", "set=1"], "Parameter 'fd' is missing"),
                (["-add-fd", n + ",set=-1"], "expects a number"),
                (["-add-fd", n + ",set=1,x=1"], "Invalid parameter 'x'"),
                (["-add-fd", "fd=999,set=1"], "File descriptor '999': Bad file descriptor"),
                (["-add-fd", "fd=x,set=1"], "'x' is not the number of a file descriptor"),
                (["-add-fd", n + ",set=1", "-add-fd", n + ",set=2"], "is already in use"),
                (["-blockdev", "file,node-name=d,filename=/dev/fdset/1"],
                 "No such file or directory"),
                (["-add-fd", n + ",set=1", "-blockdev",
                  "file,node-name=d,filename=/dev/fdset/1"], "Permission denied"),
                (["-blockdev", "file,node-name=d,filename=/dev/fdset/x"],
                 "No such file or directory")):
            status, err = run(*QTEST, *args, fds=[disk])
            self.assertEqual(status, 1, args)
            self.assertIn(why, err)

    def test_explained(self):
        """What the client calls the file stands behind the set's name, once for each name."""
        disk, text = self.file("disk", os.O_RDWR, 4096), self.file("text", os.O_RDONLY)
        add = ["-add-fd", "set=12,fd=%d,opaque=/the/kernel" % text,
               "-add-fd", "set=1,fd=%d" % disk]
        for args, why in (
                (["-kernel", "/dev/fdset/12"], "-kernel '/dev/fdset/12' (/the/kernel): neither"),
                (["-blockdev", "host_device,node-name=d,filename=/dev/fdset/12,read-only=on"],
                 "which '/dev/fdset/12' (/the/kernel) is not"),
                (["-blockdev", "host_device,node-name=d,filename=/dev/fdset/1"],
                 "which '/dev/fdset/1' is not"),
                (["-blockdev", "file,node-name=d,filename=/dev/fdset/"], "'/dev/fdset/': No"),
                (["-blockdev", "file,node-name=d,filename=/dev/fdset/x"], "/dev/fdset/x': No")):
            status, err = run(*QTEST, *add, *args, fds=[disk, text])
            self.assertEqual(status, 1, args)
            self.assertIn(why, err)
        vm = Vireo(*QTEST)
        vm.qmp("add-fd", passing=disk, fdset_id=0, opaque="a\nb")
        self.assertIn("which '/dev/fdset/0' (a?b) is not", vm.qmp.refused(
            "blockdev-add", driver="host_device", node_name="x", filename="/dev/fdset/0"))
        vm.quit()

    def test_qmp(self):
        reads = self.file("a", os.O_RDONLY, 4096)
        writes = self.file("b", os.O_RDWR, 8192)
        vm = Vireo(*QTEST)
        qmp = vm.qmp
        self.assertEqual(qmp("query-fdsets"), [])
        first = qmp("add-fd", passing=reads, opaque="ro")
        self.assertEqual(first["fdset-id"], 0)
        second = qmp("add-fd", passing=writes, fdset_id=0)
        self.assertEqual(second["fdset-id"], 0)
        self.assertEqual(qmp("add-fd", passing=reads)["fdset-id"], 1)
        self.assertEqual(qmp("add-fd", passing=reads, fdset_id=7)["fdset-id"], 7)
        self.assertEqual(qmp("add-fd", passing=reads)["fdset-id"], 2)
        self.assertEqual([s["fdset-id"] for s in qmp("query-fdsets")], [0, 1, 2, 7])
        self.assertEqual(qmp("query-fdsets")[0]["fds"],
                         [{"fd": first["fd"], "opaque": "ro"}, {"fd": second["fd"]}])
        # by access mode: 8192 bytes when it may be written, else 4096
        for name, ro, size in (("w", False, 8192), ("r", True, 4096)):
            qmp("blockdev-add", driver="file", node_name=name, filename="/dev/fdset/0",
                    read_only=ro)
            nodes = {n["node-name"]: n for n in qmp("query-named-block-nodes")}
            self.assertEqual(nodes[name]["image"]["virtual-size"], size)
        self.assertIn("Permission denied",
                      qmp.refused("blockdev-add", driver="file", node_name="x",
                                filename="/dev/fdset/7"))
        qmp("object-add", qom_type="rng-random", id="r", filename="/dev/fdset/7")
        qmp("remove-fd", fdset_id=0)
        self.assertEqual([s["fdset-id"] for s in qmp("query-fdsets")], [1, 2, 7])
        self.assertEqual(qmp.refused("remove-fd", fdset_id=0),
                         "File descriptor named 'fdset-id:0' not found")
        self.assertEqual(qmp.refused("remove-fd", fdset_id=7, fd=999),
                         "File descriptor named 'fdset-id:7, fd:999' not found")
        self.assertEqual(qmp.refused("add-fd"), "No file descriptor supplied via SCM_RIGHTS")
        self.assertIn("non-negative", qmp.refused("add-fd", passing=reads, fdset_id=-1))
        self.assertEqual(vm.quit(), (0, ""))


    def test_client_leaves(self):
        """Sets stay when the last client goes, as in QEMU from 9.1 on: a management layer
        that comes back finds what it has given."""
        path = os.path.join(self.tmp.name, "qmp")
        vm = Vireo(*QTEST, "-qmp", "unix:%s,server=on,wait=off" % path, monitors=0)
        disk = self.file("disk", os.O_RDWR, 1 << 20)

        def connect():
            sock = socket.socket(socket.AF_UNIX)
            while sock.connect_ex(path) and vm.proc.poll() is None:
                time.sleep(0.01) # it starts
            return Qmp(sock).start()
        first = connect()
        given = first("add-fd", passing=disk, fdset_id=5)
        first.sock.close()
        vm.qmp = connect()
        self.assertEqual(vm.qmp("query-fdsets"),
                         [{"fdset-id": 5, "fds": [{"fd": given["fd"]}]}])
        vm.qmp("blockdev-add", driver="file", node_name="d", filename="/dev/fdset/5")
        self.assertEqual(vm.quit(), (0, ""))
        vm.qmp.sock.close()


class Numbers(Case):
    def test_in_use(self):
        """A number that is in use, by whatever it is, is nobody else's."""
        a, b = socket.socketpair()
        vm = Vireo(*QTEST, "-chardev", "socket,id=c,fd=%d" % b.fileno(),
                   "-serial", "chardev:c", fds=[b.fileno()])
        for fd in range(3, 40):
            try:
                os.readlink("/proc/%d/fd/%d" % (vm.proc.pid, fd))
            except FileNotFoundError:
                continue
            error = vm.qmp.refused("netdev_add", type="tap", id="n", fd=str(fd))
            self.assertIn("'%d' is already in use" % fd, error)
            self.assertIn("'%d' is already in use" % fd,
                          vm.qmp.refused("migrate", uri="fd:%d" % fd))
        self.assertEqual(vm.quit(), (0, ""))
        a.close()
        b.close()

    def test_names(self):
        """A name belongs to the monitor that was given it."""
        r, w = os.pipe()
        vm = Vireo(*QTEST, monitors=2)
        one, two = vm.mons
        one("getfd", passing=w, fdname="m")
        not_found = "File descriptor named 'm' has not been found"
        self.assertEqual(two.refused("migrate", uri="fd:m"), not_found)
        self.assertEqual(two.refused("netdev_add", type="tap", id="n", fd="m"), not_found)
        self.assertIn("not found", two.refused("closefd", fdname="m"))
        vsock = {"driver": "vhost-vsock-device", "guest-cid": 3, "vhostfd": "m"}
        self.assertEqual(two.refused("device_add", **vsock), not_found)
        # one that could not be used is still there
        self.assertIn("vhost-vsock: features:", one.refused("device_add", **vsock))
        self.assertIn("is not a tap",
                      one.refused("netdev_add", type="tap", id="n", fd="m"))
        one("closefd", fdname="m")
        os.close(w)
        self.assertEqual(os.read(r, 1), b"")
        os.close(r)
        self.assertEqual(vm.quit(), (0, ""))

    def test_migrate(self):
        """By number at both ends, and the pipe's flags are afterwards what they were."""
        for name in (False, True):
            r, w = os.pipe()
            there = Vireo(*QTEST, "-incoming", "fd:%d" % r, fds=[r])
            here = Vireo(*QTEST, fds=[] if name else [w])
            if name:
                here.qmp("getfd", passing=w, fdname="m")
            uri = "fd:m" if name else "fd:%d" % w
            self.assertIn("no paused migration",
                          here.qmp.refused("migrate", uri=uri, resume=True))
            here.qmp("migrate", uri=uri, detach=True, resume=False)  # as libvirt asks
            for vm in (here, there):
                while (now := vm.qmp("query-migrate").get("status")) not in (
                        "completed", "failed"):
                    pass
                self.assertEqual(now, "completed")
            self.assertFalse(is_nonblocking(r))
            self.assertFalse(is_nonblocking(w))
            self.assertEqual(here.quit(), (0, ""))
            self.assertEqual(there.quit(), (0, ""))
            os.close(r)
            os.close(w)

    def test_standard_input(self):
        """-incoming fd:0, as in a shell's pipe; it stays what it is."""
        r, w = os.pipe()
        p = subprocess.Popen([VIREO, *EXTRA, *QTEST, "-incoming", "fd:0"], stdin=r,
                             stderr=subprocess.PIPE)
        os.write(w, b"no stream at all, and long enough to be seen as such " * 10)
        os.close(w)
        self.assertIn(b"-incoming", p.stderr.readline())
        self.assertFalse(is_nonblocking(r))
        p.kill()
        p.communicate(timeout=TIMEOUT)
        os.close(r)


class Taps(Case):
    """Queues of an interface, of which some may be too few, too many, or of none."""

    def setUp(self):
        super().setUp()
        libc = ctypes.CDLL(None, use_errno=True)
        if not os.access("/dev/net/tun", os.R_OK | os.W_OK) or libc.unshare(CLONE_NEWNET):
            self.skipTest("no right to make taps")

    def tap(self, name, flags):
        fd = os.open("/dev/net/tun", os.O_RDWR)
        self.addCleanup(os.close, fd)
        fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), flags))
        return fd

    def queues(self, n, name="tapm"):
        return [self.tap(name, IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE)
                for _ in range(n)]

    def again(self, fd):
        fd = os.dup(fd)
        self.addCleanup(os.close, fd)
        return fd

    @staticmethod
    def netdev(fds, more=""):
        return ["-netdev", "tap,id=h,fds=%s%s" % (":".join(map(str, fds)), more)]

    def test_queues(self):
        """As many pairs as descriptors: 3 and 5 of them, one of a multiqueue tap alone."""
        for n in (3, 5, 1):
            fds = self.queues(n, "tap%d" % n)
            vm = Vireo("-machine", "q35", "-accel", "qtest", "-m", "16M", "-nodefaults",
                       *self.netdev(fds), "-device", "virtio-net-pci,id=d,netdev=h,mq=on",
                       fds=fds)
            self.assertEqual(vm.qmp("qom-get", path="/machine/peripheral/d",
                                    property="vectors"), 2 * n + 2)
            self.assertEqual(vm.quit(), (0, ""))

    def test_single(self):
        """A tap that was made for one queue is not several; nothing is left claimed."""
        one = self.tap("taps", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)
        two = self.again(one)
        status, err = run(*QTEST, *self.netdev([one, two]), fds=[one, two])
        self.assertEqual(status, 1)
        self.assertIn("Parameter 'fds' with 2 descriptors: tap device 'taps' was made for one "
                      "queue (without IFF_MULTI_QUEUE)", err)
        status, err = run(*QTEST, "-netdev", "tap,id=h,ifname=taps,queues=2")
        self.assertEqual(status, 1)
        self.assertIn("netdev 'h' with queues=2: Could not configure tap interface 'taps': "
                      "Invalid argument (it is no tap, or it was made for one queue and is "
                      "wanted with several, or the other way round)", err)
        vm = Vireo(*QTEST)
        for name in ("a", "b"):
            vm.qmp("getfd", one, fdname=name)
        self.assertIn("made for one queue",
                      vm.qmp.error("netdev_add", type="tap", id="h", fds="a:b")[1])
        vm.qmp("netdev_add", type="tap", id="h", fd="b")
        self.assertEqual(vm.quit(), (0, ""))

    def test_names(self):
        """What interfaces cannot be, and a descriptor by the number that it was given by."""
        self.tap("busy", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)
        for option, why in (
                ("ifname=", "Parameter 'ifname' is empty"),
                ("ifname=lo", "'lo': Invalid argument (it is no tap, or "),
                ("ifname=busy", "'busy': Device or resource busy (somebody else has it open)"),
                ("fd=0", "Parameter 'fd': descriptor 0 is not a tap device")):
            status, err = run(*QTEST, "-netdev", "tap,id=h," + option)
            self.assertEqual(status, 1, option)
            self.assertIn(why, err)

    def test_refused(self):
        fds = self.queues(3)
        null = os.open("/dev/null", os.O_RDWR)
        self.addCleanup(os.close, null)
        for args, why in (
                (self.netdev(fds, ",vhost=on,vhostfds=%d:%d" % (null, fds[0])),
                 "number of fds passed does not match the number of vhostfds"),
                (self.netdev(fds[:2] + [null]), "descriptor %d is not a tap device" % null),
                (self.netdev(fds[:2] + [fds[0]]), "Parameter 'fds'"),
                (self.netdev(fds, ",queues=4"), "queues= are invalid with fds=")):
            status, err = run(*QTEST, *args, fds=[*fds, null])
            self.assertEqual(status, 1, args)
            self.assertIn(why, err)


class Flags(Case):
    """O_NONBLOCK is not left behind on what others share, after failures neither."""

    def test_chardev(self):
        for good in (True, False):
            a, b = socket.socketpair()
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(os.path.join(self.tmp.name, "l%d" % good))
            listener.listen()
            args = ["-chardev", "socket,id=a,fd=%d" % b.fileno(), "-serial", "chardev:a",
                    "-chardev", "socket,id=l,server=on,wait=off,fd=%d" % listener.fileno()]
            fds = [b.fileno(), listener.fileno()]
            if good:
                vm = Vireo(*QTEST, *args, fds=fds)
                self.assertTrue(is_nonblocking(b.fileno()))
                self.assertEqual(vm.quit(), (0, ""))
            else:
                self.assertEqual(run(*QTEST, *args, "-kernel", "/nowhere", fds=fds)[0], 1)
            self.assertFalse(is_nonblocking(b.fileno()))
            self.assertFalse(is_nonblocking(listener.fileno()))
            for s in (a, b, listener):
                s.close()

    def test_file(self):
        r, w = os.pipe()
        vm = Vireo(*QTEST, "-add-fd", "fd=%d,set=0" % w,
                   "-chardev", "file,id=s,path=/dev/fdset/0", "-serial", "chardev:s", fds=[w])
        self.assertTrue(is_nonblocking(w)) # a pipe that nobody reads stops nobody
        self.assertEqual(vm.quit(), (0, ""))
        self.assertFalse(is_nonblocking(w))
        os.close(r)
        os.close(w)

    def test_qtest(self):
        a, b = socket.socketpair()
        vm = Vireo(*QTEST, "-qtest", "fd:%d" % b.fileno(), fds=[b.fileno()])
        self.assertEqual(vm.quit(), (0, ""))
        self.assertFalse(is_nonblocking(b.fileno()))
        a.close()
        b.close()


if __name__ == "__main__":
    unittest.main()

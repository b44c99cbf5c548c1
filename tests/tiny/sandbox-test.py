#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Errors where the filter is narrowest: a vCPU's thread must be able to tell of them."""
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from migration_vm import GUEST, TIMEOUT, VIREO, QmpError, Vm


class Sandbox(unittest.TestCase):
    def test_no_vcpu(self):
        """Not enough descriptors: the thread that makes the vCPU finds out."""
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30))
        done = subprocess.run(
            [VIREO, "-accel", "kvm", "-machine", "microvm", "-nodefaults", "-m", "24M",
             "-smp", "64", "-kernel", GUEST],
            preexec_fn=limit, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
            timeout=TIMEOUT, check=False)
        self.assertIn(b"KVM cannot create vCPU", done.stderr)
        self.assertIn(b"Too many open files", done.stderr)
        self.assertEqual(done.returncode, 1)

    def test_hole(self):
        """The file behind the memory is cut off: the VM stops, its process goes on."""
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "memory")
            vm = Vm("-machine", "microvm,memory-backend=m", "-m", "24M", "-object",
                    "memory-backend-file,id=m,size=24M,share=on,mem-path=" + path,
                    "-serial", "stdio", "-kernel", GUEST, "-append",
                    "cpus=1 mib=1 hot=4 print=20")
            self.addCleanup(vm.kill)
            vm.wait_rounds(1)
            os.truncate(path, 0)
            end = time.monotonic() + TIMEOUT
            while vm.status() == "running":
                self.assertLess(time.monotonic(), end)
            self.assertEqual(vm.status(), "internal-error")
            vm.quit()

    def test_closed(self):
        """All that it opens has been given to it: then files=deny takes nothing away."""
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "image")
            with open(path, "wb") as image:
                image.truncate(1 << 20)
            disks = [os.open(path, os.O_RDWR) for _ in range(2)]
            fds = [os.open("/dev/kvm", os.O_RDWR), os.open(GUEST, os.O_RDONLY), disks[0]]
            sets = [arg for i, fd in enumerate(fds)
                    for arg in ("-add-fd", "set=%d,fd=%d" % (i, fd))]
            vm = Vm(*sets, "-machine", "microvm", "-m", "24M", "-serial", "stdio",
                    "-kernel", "/dev/fdset/1", "-append", "cpus=1 mib=1 hot=4 print=20",
                    "-blockdev", "file,node-name=a,filename=/dev/fdset/2",
                    "-sandbox", "on,network=deny,files=deny",
                    accel="kvm,device=/dev/fdset/0", fds=fds)
            self.addCleanup(vm.kill)
            for n in range(len(fds)):
                vm.qmp("remove-fd", **{"fdset-id": n})
            vm.wait_rounds(1)
            self.assertTrue(vm.qmp("query-kvm")["enabled"])
            vm.qmp("system_reset")  # the kernel is read again
            vm.wait_rounds(1)
            node = {"driver": "file", "node-name": "b"}
            with self.assertRaisesRegex(QmpError, "Operation not permitted"):
                vm.qmp("blockdev-add", filename=path, **node)
            with self.assertRaisesRegex(QmpError, "Operation not permitted"):
                vm.qmp("object-add", **{"qom-type": "rng-random", "id": "r"})
            vm.qmp("add-fd", disks[1], fdset_id=0)
            vm.qmp("blockdev-add", filename="/dev/fdset/0", **node)
            vm.qmp("device_add", driver="virtio-blk-device", id="d", drive="b")
            vm.wait_rounds(1)
            for fd in fds + disks[1:]:
                os.close(fd)
            vm.quit()

    def test_no_kvm(self):
        """A descriptor that is something else."""
        with tempfile.TemporaryFile() as fd:
            done = subprocess.run(
                [VIREO, "-add-fd", "set=0,fd=%d" % fd.fileno(), "-machine", "microvm",
                 "-accel", "kvm,device=/dev/fdset/0"], pass_fds=[fd.fileno()],
                stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=TIMEOUT,
                check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"'/dev/fdset/0' is not KVM", done.stderr)

    def test_vcpu_writes(self):
        """A real vCPU writes to a socket, and its panic is told to QMP."""
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        path = os.path.join(directory.name, "console")
        hello = os.path.join(os.environ.get("builddir", "."), "tests/tiny/hello.elf")
        vm = Vm("-machine", "microvm", "-m", "24M", "-device", "pvpanic", "-chardev",
                f"socket,id=c,path={path},server=on,wait=off", "-serial", "chardev:c",
                "-kernel", hello, "-append", "panic=1", "-S", "-action", "panic=pause")
        self.addCleanup(vm.kill)
        with socket.socket(socket.AF_UNIX) as console:
            console.settimeout(TIMEOUT)
            console.connect(path)
            vm.qmp("cont")
            vm.qmp.event("GUEST_PANICKED")
            text = b""
            while b"hello\n" not in text:
                text += console.recv(100)
        vm.quit()


if __name__ == "__main__":
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        print("skipped: no /dev/kvm", file=sys.stderr)
        sys.exit(77)
    unittest.main()

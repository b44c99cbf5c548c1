#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of hosts, looked up through a module of nsswitch.conf: loading one is what no
filter allows, so a process of its own does it."""
import os
import select
import signal
import socket
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../tiny"))
sys.dont_write_bytecode = True
from migration_vm import BUILD, TIMEOUT, Qmp, QmpError, Vm, free_port  # noqa: E402

PRIVATE = "VIREO_TEST_PRIVATE"
MACHINE = ("-machine", "microvm", "-m", "16M")


def enter_private():
    """Again, in a mount namespace with an nsswitch.conf of our own."""
    script = ('set -e; printf "hosts: vireotest\\n" >"$0/nsswitch.conf"; '
              'mount --bind "$0/nsswitch.conf" /etc/nsswitch.conf; exec "$@"')
    with tempfile.TemporaryDirectory() as directory:
        slow = os.path.join(directory, "slow")
        environment = dict(os.environ, VIREO_TEST_SLOW=slow, LD_LIBRARY_PATH=os.path.abspath(
            os.path.join(BUILD, "tests/device")), **{PRIVATE: "1"})
        return os.spawnvpe(os.P_WAIT, "unshare", [
            "unshare", "--mount", "--propagation", "private", "sh", "-c", script, directory,
            sys.executable, *sys.argv], environment)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(child) for child in f.read().split()]


def until(condition):
    end = time.monotonic() + TIMEOUT
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it does not come to that")
        time.sleep(0.01)


class Resolver(unittest.TestCase):
    def vm(self, *args):
        vm = Vm(*MACHINE, "-S", *args, accel="qtest")
        self.addCleanup(vm.kill)
        return vm

    def check_moves(self, source, uri):
        source.qmp("migrate", uri=uri)
        source.wait_migration("completed")

    def test_migrate(self):
        uri = f"tcp:127.0.0.1:{free_port()}"
        self.vm("-incoming", uri)
        self.check_moves(self.vm(), uri.replace("127.0.0.1", "vireo-test"))

    def test_incoming(self):
        uri = f"tcp:vireo-test:{free_port()}"
        self.vm("-incoming", uri)
        self.check_moves(self.vm(), uri)

    def test_incoming_later(self):
        uri = f"tcp:vireo-test:{free_port()}"
        destination, source = self.vm("-incoming", "defer"), self.vm()
        destination.qmp("migrate-incoming", uri=uri)
        self.check_moves(source, uri)  # it listens when it has answered

    def test_unknown(self):
        source, destination = self.vm(), self.vm("-incoming", "defer")
        source.qmp("migrate", uri="tcp:vireo-nowhere:1")
        source.wait_migration("failed")
        self.assertRegex(source.qmp("query-migrate")["error-desc"],
                         "Failed to resolve 'vireo-nowhere:1': Name or service not known")
        with self.assertRaisesRegex(QmpError, "Failed to resolve 'vireo-nowhere:1': "
                                    "Name or service not known"):
            destination.qmp("migrate-incoming", uri="tcp:vireo-nowhere:1")
        # and another one is tried
        uri = f"tcp:127.0.0.1:{free_port()}"
        destination.qmp("migrate-incoming", uri=uri)
        self.check_moves(source, uri)

    def test_slow(self):
        """It holds back neither the monitor, nor its end, nor another look-up."""
        slow = os.environ["VIREO_TEST_SLOW"]
        with open(slow, "w", encoding="ascii"):
            pass
        self.addCleanup(lambda: os.path.exists(slow) and os.unlink(slow))
        uri = f"tcp:vireo-test:{free_port()}"
        source, destination = self.vm(), self.vm("-incoming", uri)
        source.qmp("migrate", uri="tcp:vireo-slow:1")
        self.assertEqual(source.qmp("query-migrate")["status"], "setup")
        source.qmp("migrate_cancel")
        source.wait_migration("cancelled")
        self.check_moves(source, uri)
        destination.qmp("quit")
        destination.wait()
        self.check_waits()

    def check_waits(self):
        """The reply of a look-up for migrate-incoming comes late, others do not wait."""
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "other")
            waiting = self.vm("-incoming", "defer", "-qmp", f"unix:{path},server=on,wait=off")
            sock = socket.socket(socket.AF_UNIX)
            sock.connect(path)
            other = Qmp(sock).start()
            waiting.qmp.sock.sendall(b'{"execute":"migrate-incoming","arguments":'
                                     b'{"uri":"tcp:vireo-slow:1"}}')
            until(lambda: "already been started" in other.refused("migrate-incoming",
                                                                  uri="fd:999"))
            self.assertEqual(other("query-migrate"), {})
            other("quit")
            self.assertEqual(waiting.wait(), 0)
            sock.close()

    def test_denied(self):
        source = self.vm("-sandbox", "on,network=deny")
        self.assertEqual(children(source.process.pid), [])
        source.qmp("migrate", uri="tcp:vireo-test:1")
        source.wait_migration("failed")
        self.assertRegex(source.qmp("query-migrate")["error-desc"],
                         "the name 'vireo-test' cannot be looked up: .*network=deny")

    def test_without(self):
        """The helper was killed: an error, and numbers do without it."""
        uri = f"tcp:127.0.0.1:{free_port()}"
        source = self.vm()
        self.vm("-incoming", uri)
        [helper] = children(source.process.pid)
        os.kill(helper, signal.SIGKILL)
        source.qmp("migrate", uri="tcp:vireo-test:1")
        source.wait_migration("failed")
        self.assertIn("Failed to resolve", source.qmp("query-migrate")["error-desc"])
        self.check_moves(source, uri)

    def test_end(self):
        """The helper goes with its VM, whether or not it has been asked."""
        for ask in False, True:
            vm = self.vm()
            [helper] = children(vm.process.pid)
            with os.fdopen(os.pidfd_open(helper)) as pidfd:
                if ask:
                    vm.qmp("migrate", uri="tcp:vireo-nowhere:1")
                    vm.wait_migration("failed")
                vm.process.kill()
                self.assertTrue(select.select([pidfd], [], [], TIMEOUT)[0])

    def test_descriptors(self):
        """It keeps none of the VM's: a client that leaves would not be seen to."""
        vm = self.vm()
        [helper] = children(vm.process.pid)
        own = os.readlink(f"/proc/{vm.process.pid}/exe")
        until(lambda: sorted(os.listdir(f"/proc/{helper}/fd")) == list("01234") and
              {os.readlink(f"/proc/{helper}/fd/{fd}") for fd in "0124"} == {own})


if __name__ == "__main__":
    if PRIVATE not in os.environ:
        if os.geteuid() or os.system("unshare --mount true"):
            print("skipped: not root", file=sys.stderr)
            sys.exit(77)
        sys.exit(enter_private())
    unittest.main()

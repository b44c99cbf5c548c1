#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls of stock virsh that go on to libvirt's other daemons: a stand-in for that of storage
says what it has. Skipped (77) where there is no virsh.

    driver-forward-test.py [NAME...]    runs all tests, or those named
"""
import socket
import struct
import subprocess
import sys
import threading

from driver_daemon import EMULATOR, main, wait_for
from driver_networkd import AUTH_LIST, OPEN, Failure, NetworkDaemon
from driver_rpc import Rpc, string

CLOSE, FEATURE, DESTROY, REFRESH, LOOKUP, INFO, AUTOSTART, ACTIVE, LIST_ALL = \
    2, 60, 80, 83, 84, 87, 89, 154, 281
NO_POOL = 49


class StorageDaemon(NetworkDaemon):
    """pools: name -> whether it is active. flags: of all connections, as they were opened."""

    def __init__(self, daemon, pools, name="virtstoraged-sock"):
        self.pools = dict(pools)
        self.flags = []
        self.clients = []
        super().__init__(daemon, {}, name)

    def serve(self, client):
        self.clients.append(client)
        try:
            super().serve(client)
        except OSError:
            pass  # who has asked has gone

    def drop_clients(self):
        for client in self.clients:
            client.shutdown(socket.SHUT_RDWR)

    def open(self, r):
        assert r.number() == 1
        self.uris.append(r.string())
        self.flags.append(r.number())
        return b""

    def close_connection(self, _):
        return b""

    def feature(self, r):
        return struct.pack(">I", r.number() == 10)

    def pool(self, r):
        name = r.string()
        assert r.bytes(16) == self.uuid(name)
        return name

    def uuid(self, name):
        return name.encode().ljust(16, b"\1")

    def list_all(self, r):
        assert r.number() == 1
        r.number()
        return struct.pack(">I", len(self.pools)) + b"".join(
            string(name) + self.uuid(name) for name in self.pools) + struct.pack(
                ">I", len(self.pools))

    def look_up(self, r):
        name = r.string()
        if name not in self.pools:
            raise Failure(NO_POOL, "Storage pool not found: none is called '%s'" % name)
        return string(name) + self.uuid(name)

    def is_active(self, r):
        return struct.pack(">I", self.pools[self.pool(r)])

    def info(self, r):
        return struct.pack(">IQQQ", 2 * self.pools[self.pool(r)], 3, 2, 1)

    def autostart(self, r):
        self.pool(r)
        return struct.pack(">I", 0)

    def destroy(self, r):
        self.pools[self.pool(r)] = False
        return b""

    def refresh(self, r):
        self.pool(r)
        r.number()
        return b""

StorageDaemon.handlers = {
    AUTH_LIST: ("auth", NetworkDaemon.auth), OPEN: ("open", StorageDaemon.open),
    CLOSE: ("close", StorageDaemon.close_connection),
    FEATURE: ("feature", StorageDaemon.feature), LIST_ALL: ("list", StorageDaemon.list_all),
    LOOKUP: ("look up", StorageDaemon.look_up), INFO: ("info", StorageDaemon.info),
    ACTIVE: ("active", StorageDaemon.is_active),
    AUTOSTART: ("autostart", StorageDaemon.autostart),
    DESTROY: ("destroy", StorageDaemon.destroy), REFRESH: ("refresh", StorageDaemon.refresh),
}


def test_virsh(a, b):
    """Lists, errors and changes are the daemon's own, from its own socket or libvirtd's."""
    a.fails("no daemon has libvirt's storage driver: cannot connect to .*/libvirt-sock",
            "pool-list")
    for name in "virtstoraged-sock", "libvirt-sock":
        daemon = StorageDaemon(a, {"images": True, "old": False}, name)
        lines = sorted(line.split() for line in a.virsh("pool-list", "--all").splitlines())
        assert lines == [["images", "active", "no"], ["old", "inactive", "no"]], lines
        assert daemon.uris[0] == "storage:///system", daemon.uris
        a.fails("Storage pool not found: none is called 'new'", "pool-refresh", "new")
        a.virsh("pool-refresh", "old")
        a.virsh("pool-destroy", "images")
        assert daemon.pools == {"images": False, "old": False}
        assert set(daemon.flags) == {0}, daemon.flags
        daemon.close()


def test_read_only(a, b):
    """What looks is asked by a connection that cannot write."""
    daemon = StorageDaemon(a, {"images": True})
    a.virsh("-r", "pool-list")
    a.fails("read only access prevents", "-r", "pool-destroy", "images")
    assert daemon.flags == [1, 1], daemon.flags
    assert "destroy" not in daemon.calls
    daemon.close()


def test_silent(a, b):
    """Other clients and other calls do not wait for a daemon that says nothing, and neither
    does the end of ours."""
    daemon = StorageDaemon(a, {"images": True})
    daemon.silent.add("refresh")
    waiting = subprocess.Popen(a.command("pool-refresh", "images"), stderr=subprocess.PIPE,
                               stdout=subprocess.DEVNULL, text=True)
    wait_for("the call", lambda: "refresh" in daemon.calls)
    assert "images" in a.virsh("pool-list")
    client = Rpc(a)
    pool = string("images") + daemon.uuid("images") + struct.pack(">I", 0)
    silent = client.send(REFRESH, pool)
    look = client.send(LOOKUP, string("images"))
    assert client.wait(look)[0] == 0
    assert silent not in client.replies
    a.virsh("list", "--all")
    a.stop()
    assert waiting.wait(30) != 0, "virsh pool-refresh"
    waiting.stderr.close()
    a.start()
    daemon.silent.clear()
    assert "images" in a.virsh("pool-list")
    daemon.close()


def test_daemon_ends(a, b):
    """In the midst of a call: an error for that one; and the next one finds another."""
    daemon = StorageDaemon(a, {"images": True})
    client = Rpc(a)
    assert client.wait(client.send(LOOKUP, string("images")))[0] == 0
    daemon.hold["look up"] = held = threading.Event()
    serial = client.send(LOOKUP, string("images"))
    wait_for("the call", lambda: daemon.calls.count("look up") == 2)
    daemon.drop_clients()
    status, payload = client.wait(serial)
    assert status == 1 and b"has closed the connection" in payload, payload
    held.set()
    del daemon.hold["look up"]
    assert client.wait(client.send(LOOKUP, string("images")))[0] == 0
    assert len(daemon.uris) == 2, daemon.uris
    daemon.close()


if __name__ == "__main__":
    sys.exit(main(globals(), EMULATOR))

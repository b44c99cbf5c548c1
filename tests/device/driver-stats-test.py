#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Statistics of domains and devices, under stock virsh, with a stand-in for the emulator.
Skipped (77) where there is no virsh.

    driver-stats-test.py [NAME...]    runs all tests, or those named
"""
import fcntl
import os
import signal
import socket
import struct
import sys

from driver_daemon import DISK, EMULATOR, image, main, wait_for
from driver_rpc import OK, Rpc, domain, string

BLOCK_STATS, BLOCK_STATS_FLAGS = 64, 243
MAC = "52:54:00:12:34:56"
# A tap of the test's, which the daemon opens when the test has let go of it.
INTERFACE = ("<interface type='ethernet'><mac address='%s'/>"
             "<target dev='%%s' managed='no'/></interface>" % MAC)
TUNSETIFF, TUNSETPERSIST, SIOCSIFFLAGS = 0x400454ca, 0x400454cb, 0x8914
TAP_FLAGS = 0x0002 | 0x1000 | 0x4000  # IFF_TAP, IFF_NO_PI, IFF_VNET_HDR
HEADER = 10  # bytes before a frame, of IFF_VNET_HDR
FRAME = b"\xff" * 6 + b"\x02\0\0\0\0\1" + b"\x88\xb5" + b"x" * 100


def numbers(text, separator=None):
    """The last two words of each line."""
    rows = (line.split(separator) for line in text.splitlines())
    return {row[-2].strip(): row[-1].strip() for row in rows if len(row) > 1}


def test_disk_sizes(a, b):
    """What the host's file system says of an image."""
    path = image(a)
    with open(path, "r+b") as f:
        f.write(b"x" * 8192)
        os.fsync(f.fileno())
    a.define(devices=DISK.format(path=path, target="vda", cache="", more=""))
    wanted = {"Capacity": str(1 << 20), "Physical": str(1 << 20),
              "Allocation": str(os.stat(path).st_blocks * 512)}
    for _ in range(2):
        for name in "vda", path:
            info = numbers(a.virsh("domblkinfo", "vm", name), ":")
            assert info == wanted, info
        a.try_virsh("start", "vm")
    a.fails("invalid path vdx not assigned to domain", "domblkinfo", "vm", "vdx")
    os.rename(path, path + ".away")
    a.fails("cannot look at '%s': No such file" % path, "domblkinfo", "vm", "vda")
    os.mkfifo(path)  # which nobody writes to
    a.fails("cannot look at '%s': Invalid argument" % path, "domblkinfo", "vm", "vda")


def two_disks(a, name="vm", number=1, words=""):
    """Of which the second has counted twice as much."""
    paths = [image(a, "%s%d.img" % (name, i)) for i in (1, 2)]
    a.define(name, words=words, number=number, devices="".join(
        DISK.format(path=path, target=target, cache="", more="")
        for path, target in zip(paths, ("vda", "vdb"))))
    return paths


COUNTERS = {"rd_req": 11, "rd_bytes": 1100, "wr_req": 22, "wr_bytes": 2200,
            "flush_operations": 33, "rd_total_times": 111, "wr_total_times": 222,
            "flush_total_times": 333}


def test_disk_counters(a, b):
    """domblkstat, by both procedures."""
    paths = two_disks(a)
    a.fails("domain is not running", "domblkstat", "vm", "vda")
    a.virsh("start", "vm")
    for names, factor in (("vda", paths[0]), 1), (("vdb", paths[1]), 2), (("",), 3):
        for name in names:
            stats = numbers(a.virsh("domblkstat", "vm", name))
            assert stats == {k: str(v * factor) for k, v in COUNTERS.items()}, stats
    a.fails("invalid path: vdx", "domblkstat", "vm", "vdx")
    rpc = Rpc(a)
    status, reply = rpc.wait(rpc.send(BLOCK_STATS, domain(1) + string("vdb")))
    assert status == OK and struct.unpack(">5q", reply) == (22, 2200, 44, 4400, -1), reply
    for wanted, params, count in (0, 0, 8), (3, 3, 0), (16, 8, 0):
        status, reply = rpc.wait(rpc.send(BLOCK_STATS_FLAGS, domain(1) + string("vda") +
                                          struct.pack(">iI", wanted, 0)))
        assert status == OK, reply
        assert struct.unpack(">I", reply[:4])[0] == params, reply
        assert struct.unpack(">i", reply[-4:])[0] == count, reply


def test_domain_counters(a, b):
    """In domstats. Of a disk that runs, "allocation" is how far it has been written."""
    paths = two_disks(a)
    stats = numbers(a.virsh("domstats", "--block", "vm"), "=")
    assert stats["block.count"] == "2" and "block.0.rd.reqs" not in stats, stats
    a.virsh("start", "vm")
    stats = numbers(a.virsh("domstats", "--block", "vm"), "=")
    wanted = {"rd.reqs": 11, "rd.bytes": 1100, "rd.times": 111, "wr.reqs": 22,
              "wr.bytes": 2200, "wr.times": 222, "fl.reqs": 33, "fl.times": 333,
              "allocation": 4096}
    for index in 0, 1:
        prefix = "block.%d." % index
        assert stats.pop(prefix + "path") == paths[index], stats
        for key, value in wanted.items():
            assert stats.pop(prefix + key) == str(value * (index + 1)), (key, stats)
    assert sorted(stats) == sorted(["block.count"] + [
        "block.%d.%s" % (i, k) for i in (0, 1) for k in ("name", "capacity", "physical")])


def all_counters(a):
    """The names of domains that domstats has counters of; of the others all else."""
    names = set()
    for part in a.virsh("domstats", "--block").split("\n\n"):
        name = part.split("'")[1]
        stats = numbers(part, "=")
        assert stats["block.0.capacity"] == str(1 << 20), part
        if "block.0.rd.reqs" in stats:
            names.add(name)
    return names


def test_silent(a, b):
    """Emulators that do not answer keep nobody's statistics, and lose nothing."""
    silent = ["silent%d" % i for i in range(5)]
    for number, name in enumerate(silent + ["vm"], 1):
        two_disks(a, name, number, "stall=query-blockstats" if name != "vm" else "")
        a.virsh("start", name)
    for _ in range(3):
        assert all_counters(a) == {"vm"}
    for name in silent:
        os.kill(a.pid(name), signal.SIGCONT)
    # What was asked for in vain is answered now; then all can be asked again.
    wait_for("the answers", lambda: all_counters(a) == set(silent + ["vm"]))
    assert all(a.state(name) == "running (booted)" for name in silent)


def test_no_counters(a, b):
    """An emulator that is older than the command."""
    two_disks(a, words="lacks=query-blockstats")
    a.virsh("start", "vm")
    a.fails("query-blockstats has not been found", "domblkstat", "vm", "vda")
    stats = numbers(a.virsh("domstats", "--block", "vm"), "=")
    assert stats["block.0.capacity"] == str(1 << 20), stats
    assert "block.0.rd.reqs" not in stats, stats


def open_tap(name, persistent):
    tap = open("/dev/net/tun", "r+b", buffering=0)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), TAP_FLAGS))
    fcntl.ioctl(tap, TUNSETPERSIST, int(persistent))
    return tap


def make_tap(name, frames):
    """It stays, and these have come in by it."""
    with open_tap(name, True) as tap, socket.socket() as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sH22x", name.encode(), 1))  # IFF_UP
        for _ in range(frames):
            tap.write(bytes(HEADER) + FRAME)


def counted(name, what):
    with open("/sys/class/net/%s/statistics/%s" % (name, what)) as f:
        return int(f.read())


def test_interface(a, b):
    """As the guest sees it: what its tap has received, it has sent."""
    if not os.path.exists("/dev/net/tun"):
        print("no /dev/net/tun: not tested")
        return
    tap = "vst%d" % (os.getpid() % 10**6)
    a.define(devices=INTERFACE % tap)
    a.fails("not running", "domifstat", "vm", MAC)
    make_tap(tap, 3)
    try:
        a.virsh("start", "vm")
        a.fails("'nic9' is not a known interface", "domifstat", "vm", "nic9")
        for name in tap, MAC.upper():
            stats = numbers(a.virsh("domifstat", "vm", name))
            assert (stats["tx_packets"], stats["tx_bytes"]) == ("3", "342"), stats
            assert int(stats["rx_packets"]) <= counted(tap, "tx_packets"), stats
        stats = numbers(a.virsh("domstats", "--interface", "vm"), "=")
        assert stats["net.count"] == "1" and stats["net.0.name"] == tap, stats
        assert (stats["net.0.tx.pkts"], stats["net.0.tx.bytes"]) == ("3", "342"), stats
        a.virsh("destroy", "vm")
    finally:
        a.try_virsh("destroy", "vm")
        open_tap(tap, False).close()


def test_domains(a, b):
    path = image(a)
    a.define(devices=DISK.format(path=path, target="vda", cache="", more=""))
    a.define("off", number=2)
    a.virsh("start", "vm")
    a.virsh("suspend", "vm")
    stats = numbers(a.virsh("domstats", "vm"), "=")
    wanted = {"state.state": "3", "state.reason": "1", "balloon.current": "65536",
              "balloon.maximum": "65536", "vcpu.current": "1", "vcpu.maximum": "1",
              "net.count": "0", "block.count": "1", "block.0.name": "vda",
              "block.0.path": path, "block.0.capacity": str(1 << 20)}
    assert {k: stats.get(k) for k in wanted} == wanted, stats
    # A group that there is none of is left out, or refused when it must be there.
    assert numbers(a.virsh("domstats", "--perf", "vm"), "=") == {}
    a.fails("Stats types bits 0x40 are not supported", "domstats", "--perf", "--enforce",
            "vm")
    names = [line for line in a.virsh("domstats", "--state").splitlines()
             if line.startswith("Domain")]
    assert sorted(names) == ["Domain: 'off'", "Domain: 'vm'"], names
    for option, name in ("--list-active", "vm"), ("--list-inactive", "off"), \
            ("--list-paused", "vm"), ("--list-shutoff", "off"):
        assert "Domain: '%s'" % name in a.virsh("domstats", option), option
        assert a.virsh("domstats", option).count("Domain:") == 1, option


if __name__ == "__main__":
    sys.exit(main(globals(), EMULATOR, both=
                  "disk_sizes disk_counters domain_counters interface domains"))

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Interfaces of all types, with stand-ins for the emulator and for libvirt's network
driver, in network namespaces of their own. Skipped (77) where there is no virsh, no
/dev/net/tun, or no right to make a namespace.

    driver-interface-test.py [NAME...]    runs all tests, or those named
"""
import json
import os
import re
import signal
import subprocess
import sys
import threading

from driver_daemon import (EMULATOR, LIMIT, PORTS, main, migrate, process_state, wait_for,
                           wrapper)
from driver_networkd import NetworkDaemon

MAC = "52:54:00:01:02:03"
NIC = """<interface type='%s'><mac address='""" + MAC + """'/>%s<model type='virtio'/>
</interface>"""
NETWORKS = {"default": "<plug type='network' bridge='br0' macTableManager='libvirt'/>",
            "other": "<plug type='bridge' bridge='br1'/>",
            "lan": "<plug type='direct' dev='eth9' mode='bridge'/>",
            "tagged": "<vlan><tag id='7'/></vlan><plug type='bridge' bridge='br0'/>",
            "pool": "<plug type='hostdev-pci' managed='yes'/>"}
BRIDGES = """for i in 0 1; do ip link add br$i type bridge && ip link set br$i mtu 14${i}0 up
|| exit 1; done; ip tuntap add eth9 mode tap && ip link set eth9 up && exec "$@\""""
# It does what it is told, but for policing, which not every kernel can do.
TC = """#!/bin/sh
echo "$*" >> %s
case "$*" in *fail-now*) echo "told to fail" >&2; exit 1 ;; *police*) exit 0 ;; esac
PATH=/usr/sbin:/sbin:/usr/bin:/bin exec tc "$@"
"""


def network(name, more=""):
    return NIC % ("network", "<source network='%s'/>%s" % (name, more))


def start(a, path=None):
    """The daemon beside bridges, with an emulator that has all of it."""
    a.stop()
    a.emulator = EMULATOR
    a.emulator = wrapper(a, "-with-q35", "-with-net")
    env = {"PATH": "%s:%s" % (path, os.environ["PATH"])} if path else None
    a.start(wrapper=["unshare", "-n", "sh", "-c", BRIDGES.replace("\n", " "), "-"], env=env)
    # It lasts as long as this process has it open.
    a.namespace = "/proc/%d/fd/%d" % (os.getpid(), os.open(
        "/proc/%d/ns/net" % a.process.pid, os.O_RDONLY))


def restart(a):
    """Another daemon in the same namespace."""
    a.kill()
    a.start(wrapper=["nsenter", "--net=" + a.namespace, "--"])


def in_network(a, *command):
    return subprocess.run(["nsenter", "-n", "-t", str(a.process.pid)] + list(command),
                          check=True, capture_output=True, text=True).stdout


def link(a, name, *option):
    return in_network(a, "ip", "-o", *option, "link", "show", name)


def links(a, prefix):
    return re.findall(r"^\d+: (%s\d*)[:@]" % prefix, in_network(a, "ip", "-o", "link", "show"),
                      re.M)


def device(a, text):
    path = os.path.join(a.root, "device.xml")
    with open(path, "w") as f:
        f.write(text)
    return path


def log(a):
    with open(os.path.join(a.root, "var/log/libvirt/vireo/vm.log")) as f:
        return f.read()


def arguments(a):
    """Of the emulator that was started last."""
    return log(a).rpartition("starting up, virtvireod:")[2].partition("\n")[0]


def define(a, devices):
    a.define(machine="q35", devices=devices + PORTS)


def check_addresses(a, told):
    """What the bridge sends to the tap: what it is told of, or what it learns."""
    port = link(a, "vnet0", "-d")
    entries = in_network(a, "bridge", "fdb", "show", "dev", "vnet0")
    assert ("learning off flood off" in port) == told, port
    assert any(MAC in line and "static" in line
               for line in entries.splitlines()) == told, entries


def test_network(a, b):
    """A port is created and deleted with each interface, whoever ends it."""
    start(a)
    define(a, network("default", "<source portgroup='red'/>").replace(
        "/><source portgroup", " portgroup"))
    a.fails("no daemon has libvirt's network driver", "start", "vm")
    daemon = NetworkDaemon(a, NETWORKS)
    a.virsh("start", "vm")
    (uuid, (name, xml)), = daemon.ports.items()
    assert daemon.uris == ["network:///system"], daemon.uris
    assert name == "default"
    assert xml == "<networkport><uuid>%s</uuid><owner><name>vm</name><uuid>11111111-2222-" \
        "3333-4444-000000000001</uuid></owner><group>red</group><mac address='%s'/>" \
        "</networkport>" % (uuid, MAC), xml
    text = a.virsh("dumpxml", "vm")
    assert "<source network='default' portgroup='red' portid='%s' bridge='br0' " \
        "macTableManager='libvirt'/>" % uuid in text, text
    assert "<source network='default' portgroup='red'/>" in a.virsh(
        "dumpxml", "vm", "--inactive")
    assert "network" in a.virsh("domiflist", "vm") and "default" in a.virsh("domiflist", "vm")
    assert "master br0" in link(a, "vnet0") and "mtu 1400" in link(a, "vnet0")
    check_addresses(a, True)
    restart(a)  # the next daemon knows of it
    # To a network whose bridge learns, and back.
    a.virsh("update-device", "vm", device(a, network("other")), "--live")
    assert "master br1" in link(a, "vnet0")
    assert "macTableManager" not in a.virsh("dumpxml", "vm")
    check_addresses(a, False)
    a.virsh("update-device", "vm", device(a, network("default")), "--live")
    assert "macTableManager='libvirt'" in a.virsh("dumpxml", "vm")
    check_addresses(a, True)
    a.virsh("destroy", "vm")
    wait_for("the end of the port", lambda: not daemon.ports)
    # One that does not come up leaves nothing.
    a.define(machine="q35", words="exit-at-start", devices=network("default") + PORTS)
    a.fails("told to end", "start", "vm")
    wait_for("the end of the port", lambda: not daemon.ports)
    assert daemon.calls.count("create") == 4 == daemon.calls.count("delete")
    daemon.networks["default"] = NETWORKS["default"].replace("'libvirt'", "'me'")
    a.define(machine="q35", devices=network("default") + PORTS)
    a.fails("network 'default' has macTableManager='me'", "start", "vm")
    wait_for("the end of the port", lambda: not daemon.ports)
    daemon.close()


def test_network_errors(a, b):
    """What the network driver says is passed on; what we cannot do is refused."""
    start(a)
    daemon = NetworkDaemon(a, NETWORKS)
    for name, words in (("nowhere", "^error: Failed to start domain 'vm'\nerror: Network not "
                         "found: no network with matching name 'nowhere'$"),
                        ("tagged", "network 'tagged' has <vlan>, which vireo does not"),
                        ("pool", "network 'pool' has ports of type 'hostdev-pci'")):
        define(a, network(name))
        a.fails(words, "start", "vm")
        assert not daemon.ports, name
    assert links(a, "vnet") == []
    define(a, network("default"))
    daemon.fail = {"create"}
    a.fails("Requested operation is not valid: told to fail", "start", "vm")
    daemon.fail = {"describe"}
    a.fails("told to fail", "start", "vm")
    assert not daemon.ports
    # It cannot be told that it is not wanted any more: that is logged, and no more.
    daemon.fail = {"delete"}
    a.virsh("start", "vm")
    a.virsh("destroy", "vm")
    wait_for("words", lambda: re.search("the port '.*' of network 'default' cannot be "
                                        "deleted: .*told to fail", open(a.log).read()))
    assert len(daemon.ports) == 1
    daemon.close()
    # The daemon that has all drivers is as good.
    daemon = NetworkDaemon(a, NETWORKS, "libvirt-sock")
    a.virsh("start", "vm")
    assert len(daemon.ports) == 1
    a.virsh("destroy", "vm")
    wait_for("the end of the port", lambda: not daemon.ports)
    # One that does not answer is not waited for for long.
    a.virsh("start", "vm")
    daemon.silent = {"delete"}
    a.virsh("destroy", "vm")
    wait_for("words", lambda: re.search("cannot be deleted: the daemon at '.*/libvirt-sock' "
                                        "does not answer", open(a.log).read()))
    a.virsh("start", "vm")
    a.virsh("destroy", "vm")
    daemon.close()


def test_network_plug(a, b):
    """Plugged and unplugged; and given to another network, in both definitions or none."""
    start(a)
    daemon = NetworkDaemon(a, NETWORKS)
    define(a, "")
    a.virsh("start", "vm")
    path = device(a, network("default"))
    a.virsh("attach-device", "vm", path, "--live", "--config")
    first = list(daemon.ports)
    assert len(first) == 1 and "master br0" in link(a, "vnet0")

    def where(network_name, bridge, *option):
        text = a.virsh("dumpxml", "vm", *option)
        return re.search("<source network='%s'%s" % (
            network_name, "" if option else " portid='.*' bridge='%s'" % bridge), text)

    a.virsh("update-device", "vm", device(a, network("other")), "--live", "--config")
    assert [n for n, _ in daemon.ports.values()] == ["other"]
    assert list(daemon.ports) != first and "master br1" in link(a, "vnet0")
    assert where("other", "br1") and where("other", "", "--inactive")
    assert list(daemon.ports)[0] in a.virsh("dumpxml", "vm")
    # Neither the network that is not there nor one of macvtaps changes anything.
    before = dict(daemon.ports)
    a.fails("no network with matching name", "update-device", "vm",
            device(a, network("nowhere")), "--live", "--config")
    a.fails("whose interfaces are macvtaps", "update-device", "vm",
            device(a, network("lan")), "--live")
    assert daemon.ports == before and "master br1" in link(a, "vnet0")
    assert where("other", "br1") and where("other", "", "--inactive")
    a.virsh("detach-device", "vm", device(a, network("other")), "--live")
    assert not daemon.ports and links(a, "vnet") == []
    # A plug that fails gives the port back.
    daemon.fail = {"describe"}
    a.fails("told to fail", "attach-device", "vm", path, "--live")
    assert not daemon.ports and links(a, "vnet") == []
    a.virsh("destroy", "vm")
    daemon.close()


def test_network_ends(a, b):
    """The VM ends while its interface gets another network: neither port is left."""
    start(a)
    daemon = NetworkDaemon(a, NETWORKS)
    define(a, network("default"))
    a.virsh("start", "vm")
    assert len(daemon.ports) == 1
    daemon.calls.clear()
    hold = daemon.hold["delete"] = threading.Event()
    update = subprocess.Popen(a.command("update-device", "vm", device(a, network("other")),
                                        "--live"), stdin=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True)
    wait_for("the change", lambda: "delete" in daemon.calls)
    assert sorted(n for n, _ in daemon.ports.values()) == ["default", "other"]
    os.kill(a.pid(), signal.SIGKILL)
    wait_for("the end", lambda: daemon.calls.count("delete") == 2)
    daemon.hold.clear()
    hold.set()
    _, err = update.communicate(timeout=LIMIT)
    assert update.returncode != 0 and "the domain has ended" in err, err
    wait_for("the end", lambda: a.virsh("domstate", "vm").strip() == "shut off")
    wait_for("the end of the ports", lambda: not daemon.ports)
    assert links(a, "vnet") == []
    a.virsh("start", "vm")
    assert len(daemon.ports) == 1
    a.virsh("destroy", "vm")
    wait_for("the end of the port", lambda: not daemon.ports)
    daemon.close()


def test_network_crash(a, b):
    """The daemon dies while it plugs: the next one, or the end of the VM, finds the port."""
    start(a)
    daemon = NetworkDaemon(a, NETWORKS)
    for ends in False, True:
        a.define(machine="q35", words="stall=netdev_add", devices=PORTS)
        a.virsh("start", "vm")
        pid = a.pid()
        plug = subprocess.Popen(a.command("attach-device", "vm", device(
            a, network("default"))), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("the plug", lambda: process_state(pid) == "T")
        assert len(daemon.ports) == 1
        a.kill()
        plug.wait(LIMIT)
        os.kill(pid, signal.SIGKILL if ends else signal.SIGCONT)
        a.start(wrapper=["nsenter", "--net=" + a.namespace, "--"])
        wait_for("the end of the port", lambda: not daemon.ports)
        wait_for("the end of the tap", lambda: links(a, "vnet") == [])
        if not ends:
            a.virsh("destroy", "vm")
    daemon.close()


def test_network_migration(a, b):
    """Each host has a port of its own, and the one that is left deletes its."""
    start(a)
    b.stop()
    b.emulator = EMULATOR
    b.emulator = wrapper(b, "-with-q35", "-with-net")
    b.start(wrapper=["nsenter", "--net=" + a.namespace, "--"])
    in_network(a, "ip", "link", "set", "lo", "up")
    here = NetworkDaemon(a, NETWORKS)
    there = NetworkDaemon(b, {"default": NETWORKS["other"]})
    define(a, network("default", "<link state='down'/>"))
    a.virsh("start", "vm")
    first = list(here.ports)
    a.virsh(*migrate(a, b, "--live"))
    wait_for("the end of the port", lambda: not here.ports)
    second = list(there.ports)
    assert len(second) == 1 and second != first
    assert "portid='%s' bridge='br1'" % second[0] in b.virsh("dumpxml", "vm")
    assert "link of net0 is down" in log(b)
    b.virsh("destroy", "vm")
    wait_for("the end of the port", lambda: not there.ports)
    # One that does not come in leaves none, and is where it was.
    a.define(machine="q35", words="fail-incoming=migrate-incoming",
             devices=network("default") + PORTS)
    a.virsh("start", "vm")
    first = dict(here.ports)
    a.fails("could not load the state", *migrate(a, b, "--live"))
    wait_for("the end of the port", lambda: not there.ports)
    assert here.ports == first and there.calls.count("create") == 2
    a.virsh("destroy", "vm")
    here.close()
    there.close()


def test_addresses(a, b):
    start(a)
    daemon = NetworkDaemon(a, NETWORKS)
    define(a, network("default"))
    a.fails("domain is not running", "domifaddr", "vm")
    a.virsh("start", "vm")
    assert "192.168" not in a.virsh("domifaddr", "vm")
    daemon.leases[MAC] = "192.168.122.7"
    assert re.search(r"vnet0\s+%s\s+ipv4\s+192\.168\.122\.7/24" % MAC,
                     a.virsh("domifaddr", "vm"))
    in_network(a, "ip", "address", "add", "192.168.122.1/24", "dev", "br0")
    in_network(a, "ip", "neigh", "add", "192.168.122.8", "lladdr", MAC, "dev", "br0",
               "nud", "reachable")
    assert re.search(r"vnet0\s+%s\s+ipv4\s+192\.168\.122\.8/0" % MAC,
                     a.virsh("domifaddr", "vm", "--source", "arp"))
    a.fails("QEMU guest agent is not configured", "domifaddr", "vm", "--source", "agent")
    assert re.search(r"vnet0 rx_bytes \d+", a.virsh("domifstat", "vm", "vnet0"))
    a.virsh("destroy", "vm")
    daemon.close()


def check_network_of_macvtaps(a):
    """With the other tests of macvtaps: their numbers are names in /dev, which network
    namespaces share."""
    daemon = NetworkDaemon(a, NETWORKS)
    define(a, network("lan"))
    a.virsh("start", "vm")
    uuid = list(daemon.ports)[0]
    assert "<source network='lan' portid='%s' dev='eth9' mode='bridge'/>" % uuid in a.virsh(
        "dumpxml", "vm")
    text = link(a, "macvtap0", "-d")
    assert MAC in text and "macvtap mode bridge" in text and "macvtap0@eth9" in text, text
    a.virsh("destroy", "vm")
    wait_for("the end of both", lambda: not daemon.ports and links(a, "macvtap") == [])
    daemon.close()


def address(text):
    return re.search(r"link/ether (\S+)", text).group(1)


def test_direct(a, b):
    """A macvtap goes with its interface, and nothing else does."""
    nic = NIC % ("direct", "<source dev='eth9' mode='%s'/>%s")
    start(a)
    define(a, nic % ("private", ""))
    a.virsh("start", "vm")
    assert "macvtap mode private" in link(a, "macvtap0", "-d")
    assert "<target dev='macvtap0'/>" in a.virsh("dumpxml", "vm")
    assert "macvtap0" not in a.virsh("dumpxml", "vm", "--inactive")
    assert re.search(r"macvtap0\s+direct\s+eth9", a.virsh("domiflist", "vm"))
    second = (nic % ("bridge", "<target dev='mine'/>")).replace("02:03", "02:04")
    a.virsh("attach-device", "vm", device(a, second))
    assert "macvtap mode bridge" in link(a, "mine", "-d")
    # The name is taken: whose it is, it stays.
    third = second.replace("02:04", "02:05")
    a.fails("mine", "attach-device", "vm",
            device(a, third))
    b.stop()
    b.emulator = wrapper(b, "-with-q35", "-with-net")
    b.start(wrapper=["nsenter", "-n", "-t", str(a.process.pid), "--"])
    define(b, third)
    b.fails("cannot make the macvtap device 'mine': File exists", "start", "vm")
    assert "mine" in link(a, "mine")
    a.virsh("detach-device", "vm", device(a, second))
    assert links(a, "mine") == [] and links(a, "macvtap") == ["macvtap0"]
    restart(a)
    a.virsh("destroy", "vm")
    wait_for("its end", lambda: links(a, "macvtap") == [])
    # All of the device: its address is the guest's meanwhile.
    before = link(a, "eth9")
    define(a, nic % ("passthrough", ""))
    a.virsh("start", "vm")
    assert "macvtap mode passthru" in link(a, "macvtap0", "-d")
    assert MAC in link(a, "macvtap0") and MAC in link(a, "eth9") and MAC not in before
    b.fails("cannot make the macvtap device 'mine'", "start", "vm")
    a.virsh("destroy", "vm")
    wait_for("its end", lambda: links(a, "macvtap") == [])
    assert address(link(a, "eth9")) == address(before)
    define(a, nic.replace("eth9", "eth7") % ("bridge", ""))
    a.fails("cannot use the network device 'eth7': No such device", "start", "vm")
    check_network_of_macvtaps(a)


def test_queues(a, b):
    """Queues, sizes, offloads and the MTU reach the emulator and the tap."""
    start(a)
    driver = "<driver name='qemu' queues='4' rx_queue_size='512' tx_queue_size='256'>" \
        "<host csum='off' mrg_rxbuf='off'/><guest tso4='off' ufo='on'/></driver>" \
        "<mtu size='1300'/>"
    define(a, NIC % ("bridge", "<source bridge='br0'/>" + driver))
    a.virsh("start", "vm")
    text = arguments(a)
    assert re.search(r'"type":"tap","fds":"\d+:\d+:\d+:\d+","id":"hostnet0"', text), text
    for member in ('"mq":true', '"vectors":10', '"rx_queue_size":512', '"host_mtu":1300',
                   '"tx_queue_size":256', '"csum":false', '"mrg_rxbuf":false',
                   '"guest_tso4":false', '"guest_ufo":true'):
        assert member in text, (member, text)
    assert "mtu 1300" in link(a, "vnet0") and "master br0" in link(a, "vnet0")
    assert "multi_queue" in link(a, "vnet0", "-d")
    a.virsh("attach-device", "vm", device(a, (
        NIC % ("ethernet", driver)).replace("02:03", "02:04")))
    assert "multi_queue" in link(a, "vnet1", "-d") and "mtu 1300" in link(a, "vnet1")
    text = a.virsh("dumpxml", "vm")
    assert text.count("queues='4'") == 2 and text.count("<mtu size='1300'/>") == 2
    a.virsh("destroy", "vm")
    # One that is there, for one queue only.
    in_network(a, "ip", "tuntap", "add", "single", "mode", "tap")
    define(a, NIC % ("ethernet", "<target dev='single' managed='no'/>" + driver))
    a.fails("cannot open the tap device with 4 queues 'single': Invalid argument", "start",
            "vm")
    for change, words in (("<driver queues='300'/>", "'300'.*interface/driver"),
                          ("<driver rx_queue_size='500'/>", "rx_queue_size has to be a power"),
                          ("<driver name='vhost'/>", "vhost-net was requested"),
                          ("<mtu size='9'/>", "the MTU 9 of the tap device")):
        if os.path.exists("/dev/vhost-net") and "vhost" in change:
            continue
        define_or_start(a, NIC % ("bridge", "<source bridge='br0'/>" + change), words)
    a.stop()
    a.emulator = EMULATOR
    a.emulator = wrapper(a, "-with-q35")
    a.start()
    if '"fds"' not in introspected_tap():
        define_or_start(a, NIC % ("bridge", "<source bridge='br0'/><driver queues='2'/>"),
                        "the emulator does not have several queues")


def define_or_start(a, nic, words):
    path = a.define(machine="q35", devices=nic + PORTS, command="")
    status, _, err = a.try_virsh("define", path)
    if status == 0:
        status, _, err = a.try_virsh("start", "vm")
    assert status != 0 and re.search(words, err), err


def test_no_bridge(a, b):
    """An interface of the host that is no bridge: said before anything is set."""
    start(a)
    define(a, NIC % ("bridge", "<source bridge='lo'/>"))
    a.fails("cannot use the bridge 'lo': Operation not supported", "start", "vm")
    assert links(a, "vnet") == []


def introspected_tap():
    """What this build's own emulator says of taps."""
    with open(os.path.join(os.path.dirname(EMULATOR), "introspection.json")) as f:
        types = {t["name"]: t for t in json.load(f)["schema"]}
    cases = types[types["netdev_add"]["arg-type"]]["variants"]
    return json.dumps([types[c["type"]] for c in cases if c["case"] == "tap"])


def test_user(a, b):
    """The emulator's own stack: it may make connections then, and no other may."""
    start(a)
    define(a, NIC % ("user", ""))
    a.virsh("start", "vm")
    assert '"type":"user","id":"hostnet0"' in arguments(a)
    assert "network=deny" not in arguments(a)
    assert "user" in a.virsh("domiflist", "vm")
    a.virsh("destroy", "vm")
    define(a, "")
    a.virsh("start", "vm")
    assert "network=deny" in arguments(a)
    a.fails("type='user' cannot be added at run time", "attach-device", "vm",
            device(a, NIC % ("user", "")), "--live")
    a.virsh("destroy", "vm")
    for more, words in (("<driver queues='2'/>", "several queues"),
                        ("<mtu size='1000'/>", "MTU on interface type user"),
                        ("<bandwidth><inbound average='1'/></bandwidth>", "a bandwidth"),
                        ("<ip address='10.0.0.1'/>", "<devices/interface/ip")):
        define_or_start(a, NIC % ("user", more), words)


def test_link(a, b):
    """Down from the start, and by domif-setlink, in each definition by itself."""
    down = "<link state='down'/>"
    start(a)
    define(a, NIC % ("bridge", "<source bridge='br0'/>" + down))
    a.virsh("start", "vm")
    assert log(a).count("link of net0 is down") == 1

    def state(*option):
        return a.virsh("domif-getlink", "vm", "vnet0" if not option else MAC,
                       *option).split()[-1]

    assert (state(), state("--config")) == ("down", "down")
    a.virsh("domif-setlink", "vm", "vnet0", "up")
    assert log(a).count("link of net0 is up") == 1
    assert (state(), state("--config")) == ("up", "down")
    a.virsh("domif-setlink", "vm", MAC, "up", "--config")
    assert (state(), state("--config")) == ("up", "up")
    a.virsh("attach-device", "vm", device(a, (NIC % ("ethernet", down)).replace(
        "02:03", "02:04")), "--live")
    assert log(a).count("link of net1 is down") == 1
    restart(a)
    a.virsh("domif-setlink", "vm", "vnet0", "down")
    assert log(a).count("link of net0 is down") == 2 and state() == "down"
    # When the bridge is not there, the link is as it was.
    text = NIC % ("bridge", "<source bridge='br7'/>")
    a.fails("bridge 'br7'", "update-device", "vm", device(a, text.replace(
        "</interface>", "<link state='up'/></interface>")), "--live")
    assert log(a).count("link of net0 is down") == 3 and state() == "down"
    a.virsh("destroy", "vm")
    a.define(machine="q35", words="fail-once=set_link",
             devices=NIC % ("bridge", "<source bridge='br0'/>") + PORTS)
    a.virsh("start", "vm")
    a.fails("told to fail once", "domif-setlink", "vm", "vnet0", "down")
    assert state() != "down"
    a.virsh("destroy", "vm")


def check_port_group(a, limit, tuned):
    """The limit of a port group stays, whatever else is updated, until it is changed."""
    daemon = NetworkDaemon(a, {"default": "<bandwidth><inbound average='4000'/></bandwidth>" +
                               NETWORKS["default"]})
    a.virsh("destroy", "vm")
    define(a, network("default"))
    a.virsh("start", "vm")
    assert limit() == ("32Mbit", "32Mbit") and tuned()[0] == 4000
    a.virsh("update-device", "vm", device(a, network("default", "<link state='down'/>")))
    assert limit() == ("32Mbit", "32Mbit") and tuned()[0] == 4000
    assert tuned("--config") == 7 * [0]
    a.virsh("domiftune", "vm", MAC, "--inbound", "0", "--live")
    assert limit() is None and tuned() == 7 * [0]
    a.virsh("update-device", "vm", device(a, network("default", "<link state='up'/>")))
    assert limit() is None and tuned() == 7 * [0]
    a.virsh("destroy", "vm")
    wait_for("the end of the port", lambda: not daemon.ports)
    daemon.close()
    define(a, NIC % ("bridge", "<source bridge='br0'/>"))
    a.virsh("start", "vm")


def test_rates(a, b):
    """By tc: at the start, by domiftune, and by update-device."""
    bins = os.path.join(a.root, "bin")
    calls = os.path.join(a.root, "calls")
    os.mkdir(bins)
    with open(os.path.join(bins, "tc"), "w") as f:
        f.write(TC % calls)
    os.chmod(f.name, 0o755)
    start(a, bins)
    nic = NIC % ("bridge", "<source bridge='br0'/>%s")
    define(a, nic % "<bandwidth><inbound average='1000' peak='2000' burst='64'/>"
           "<outbound average='500'/></bandwidth>")
    a.virsh("start", "vm")

    def limit():
        text = in_network(a, "tc", "class", "show", "dev", "vnet0")
        found = re.search(r"rate (\S+) ceil (\S+) ", text)
        return found.groups() if found else None

    def said():
        with open(calls) as f:
            text = f.read()
        os.unlink(calls)
        return text

    def tuned(*option):
        return [int(n) for n in re.findall(r": (\d+)", a.virsh("domiftune", "vm", MAC,
                                                               *option))]

    assert limit() == ("8Mbit", "16Mbit"), limit()
    assert "filter add dev vnet0 parent ffff: protocol all u32 match u32 0 0 police rate " \
        "500kbps burst 500kb mtu 65536 drop flowid :1" in said()
    assert tuned() == [1000, 2000, 64, 0, 500, 0, 0], tuned()
    # One side, of what runs.
    a.virsh("domiftune", "vm", "vnet0", "--inbound", "2000", "--live")
    assert limit() == ("16Mbit", "16Mbit") and "police rate 500kbps" in said()
    assert tuned() == [2000, 0, 0, 0, 500, 0, 0]
    assert tuned("--config") == [1000, 2000, 64, 0, 500, 0, 0]
    # More than tc can count of what a second has.
    a.virsh("domiftune", "vm", "vnet0", "--outbound", "12500000", "--live")
    assert "police rate 12500000kbps burst 4194303kb " in said()
    a.virsh("domiftune", "vm", MAC, "--inbound", "0", "--outbound", "0", "--live", "--config")
    assert limit() is None and "police" not in said()
    for option in (), ("--config",):
        assert tuned(*option) == 7 * [0]
    assert "bandwidth" not in a.virsh("dumpxml", "vm")
    a.virsh("update-device", "vm", device(
        a, nic % "<bandwidth><inbound average='3000'/></bandwidth>"), "--live")
    assert limit() == ("24Mbit", "24Mbit") and tuned()[0] == 3000
    a.virsh("update-device", "vm", device(a, nic % ""), "--live")
    assert limit() is None and tuned() == 7 * [0]
    check_port_group(a, limit, tuned)
    a.fails("'floor' of an interface of type 'bridge'", "domiftune", "vm", MAC, "--inbound",
            "1,2,3,4", "--config")
    a.fails("'vnet7' is not a known interface", "domiftune", "vm", "vnet7")
    # tc fails: neither the device nor a definition changes.
    with open(os.path.join(bins, "tc"), "w") as f:
        f.write((TC % calls).replace("fail-now", "47000kbps"))
    a.fails("cannot set bandwidth limits on vnet0: .*told to fail", "domiftune", "vm", MAC,
            "--inbound", "47000", "--live", "--config")
    assert tuned() == tuned("--config") == 7 * [0] and limit() is None
    a.virsh("destroy", "vm")


def test_refused(a, b):
    """By name, and kept."""
    for more, words in (("<tune><sndbuf>1600</sndbuf></tune>", "devices/interface/tune"),
                        ("<filterref filter='clean-traffic'/>",
                         "devices/interface/filterref filter='clean-traffic'"),
                        ("<virtualport type='openvswitch'/>",
                         "devices/interface/virtualport type='openvswitch'"),
                        ("<script path='/etc/qemu-ifup'/>",
                         "/etc/qemu-ifup"),
                        ("<driver name='vfio'/>", "name='vfio'")):
        define_or_start(a, NIC % ("ethernet", more), words)
    a.define(devices=NIC % ("ethernet", "<script path=''/>"))
    assert "<script" not in a.virsh("dumpxml", "vm")


if __name__ == "__main__":
    if not os.access("/dev/net/tun", os.W_OK):
        print("skipped: no /dev/net/tun")
        sys.exit(77)
    if subprocess.run(["unshare", "-n", "ip", "link", "add", "br0", "type", "bridge"],
                      check=False).returncode != 0:
        print("skipped: no network namespaces, or no bridges in them")
        sys.exit(77)
    sys.exit(main(globals(), EMULATOR))

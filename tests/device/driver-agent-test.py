#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's agent through stock virsh and the daemon, and what goes to the monitor as it
is. The emulator is the real one; the agent is ours, and listens where the emulator did.
Skipped (77) where there is no virsh.

    driver-agent-test.py [NAME...]    runs all tests, or those named
"""
import base64
import json
import os
import re
import socket
import subprocess
import sys
import threading
import xml.etree.ElementTree as ElementTree

from driver_daemon import LIMIT, main, wait_for
from driver_guest import EMULATOR, KERNEL, Guests, make_emulator
from driver_serial import SerialDriver

CHANNEL = ("<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/>"
           "</channel>")
NONE = object()  # no answer
VCPUS = [{"logical-id": i, "online": i != 2, "can-offline": i != 0} for i in range(4)]
DISK = {"name": "/dev/vda1", "mountpoint": "/", "type": "ext4", "total-bytes": 1000,
        "used-bytes": 10, "disk": [{"bus-type": "virtio", "serial": "s0", "dev": "/dev/vda",
                                    "bus": 0, "target": 0, "unit": 0, "pci-controller":
                                    {"domain": 0, "bus": 9, "slot": 0, "function": 0}}]}
ANSWERS = {
    "guest-fsfreeze-freeze": 2, "guest-fsfreeze-freeze-list": 1, "guest-fsfreeze-thaw": 2,
    "guest-fstrim": {"paths": []}, "guest-get-host-name": {"host-name": "inside"},
    "guest-set-user-password": {}, "guest-set-time": {}, "guest-get-time": 1234567890123456789,
    "guest-ssh-get-authorized-keys": {"keys": ["ssh-rsa A", "ssh-rsa B"]},
    "guest-ssh-add-authorized-keys": {}, "guest-ssh-remove-authorized-keys": {},
    "guest-get-vcpus": VCPUS, "guest-set-vcpus": 1, "guest-get-fsinfo": [DISK],
    "guest-get-users": [{"user": "root", "login-time": 1500.25}],
    "guest-get-osinfo": {"id": "debian", "name": "Debian", "kernel-release": "6.1"},
    "guest-get-timezone": {"zone": "UTC", "offset": 0},
    "guest-network-get-interfaces": [
        {"name": "lo", "ip-addresses": [
            {"ip-address": "127.0.0.1", "ip-address-type": "ipv4", "prefix": 8}]},
        {"name": "eth0", "hardware-address": "52:54:00:00:00:01", "ip-addresses": [
            {"ip-address": "10.0.0.5", "ip-address-type": "ipv4", "prefix": 24}]},
        {"name": "eth0:1", "ip-addresses": [
            {"ip-address": "fe80::1", "ip-address-type": "ipv6", "prefix": 64}]}],
}


class Agent:
    """Answers as .answers has it; what it is asked is in .asked: (command, arguments)."""

    def __init__(self, path):
        os.unlink(path)  # the emulator goes on listening, where nobody comes
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(4)
        self.answers = dict(ANSWERS)
        self.asked = []
        self.synchronises = True
        self.connections = 0
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            client = self.listener.accept()[0]
            self.connections += 1
            with client, client.makefile("rb") as lines:
                for line in lines:
                    message = json.loads(line.lstrip(b"\xff"))
                    if not self.reply(client, message["execute"],
                                      message.get("arguments")):
                        break

    def reply(self, client, command, args):
        if command == "guest-sync-delimited":
            if self.synchronises:
                client.sendall(b"\xff" + json.dumps({"return": args["id"]}).encode() + b"\n")
            return True
        self.asked.append((command, args))
        answer = self.answers.get(command, {"class": "CommandNotFound", "desc": "none"})
        if answer is NONE:
            return True
        if answer is None:
            return False  # it goes away
        word = "error" if isinstance(answer, dict) and "class" in answer else "return"
        client.sendall(json.dumps({word: answer}).encode() + b"\n")
        return True

    def last(self):
        return self.asked[-1]


def start(a, channel=CHANNEL):
    """A guest that has opened the port; how it is driven."""
    guests = Guests(a)
    a.define(words=guests.words(), devices=channel, machine="microvm")
    a.virsh("start", "vm")
    return guests.next()


def set_port(driver, value):
    """Opens or closes it; of changes the emulator tells once a second of the guest's."""
    driver.guest.call("clock_step 2000000000")
    driver.open(1, value)


def start_agent(a):
    driver = SerialDriver(start(a))
    live = ElementTree.fromstring(a.virsh("dumpxml", "vm")).find("devices/channel")
    driver.ready(1)
    driver.open(1)
    wait_for("the port", lambda: "state='connected'" in a.virsh("dumpxml", "vm"))
    return Agent(live.find("source").get("path")), driver


def test_file_systems(a, b):
    agent, _ = start_agent(a)
    a.virsh("domfsfreeze", "vm")
    assert agent.last() == ("guest-fsfreeze-freeze", None)
    a.virsh("domfsfreeze", "vm", "--mountpoint", "/a", "--mountpoint", "/b")
    assert agent.last() == ("guest-fsfreeze-freeze-list", {"mountpoints": ["/a", "/b"]})
    a.virsh("domfsthaw", "vm")
    assert agent.last() == ("guest-fsfreeze-thaw", None)
    a.virsh("domfstrim", "vm", "--minimum", "4096")
    assert agent.last() == ("guest-fstrim", {"minimum": 4096})
    a.fails("Specifying mount point is not supported", "domfstrim", "vm", "--mountpoint", "/")
    assert a.virsh("domfsinfo", "vm").split()[:3] == ["/", "/dev/vda1", "ext4"]
    for wrong in ("x", -1, 1 << 40, [], {}):
        agent.answers["guest-fsfreeze-thaw"] = wrong
        a.fails("malformed data in the guest agent's answer to guest-fsfreeze-thaw",
                "domfsthaw", "vm")
    agent.answers["guest-get-fsinfo"] = [{"name": "a"}]
    a.fails("name, mountpoint or type is missing", "domfsinfo", "vm")
    assert agent.connections == 1


def test_users_and_time(a, b):
    agent, _ = start_agent(a)
    assert a.virsh("domhostname", "vm") == "inside"
    a.virsh("set-user-password", "vm", "root", "secret")
    assert agent.last() == ("guest-set-user-password", {
        "crypted": False, "username": "root",
        "password": base64.b64encode(b"secret").decode()})
    assert "secret" not in open(a.log).read()
    told = a.virsh("get-user-sshkeys", "vm", "root")
    assert re.fullmatch(r"ssh-rsa A\s*ssh-rsa B", told), told
    keys = os.path.join(a.root, "keys")
    with open(keys, "w") as f:
        f.write("ssh-rsa C")
    a.virsh("set-user-sshkeys", "vm", "root", "--file", keys)
    assert agent.last() == ("guest-ssh-add-authorized-keys", {
        "username": "root", "keys": ["ssh-rsa C"], "reset": False}), agent.last()
    a.virsh("set-user-sshkeys", "vm", "root", "--reset", "--file", keys)
    assert agent.last()[1]["reset"] is True
    a.virsh("set-user-sshkeys", "vm", "root", "--remove", "--file", keys)
    assert agent.last() == ("guest-ssh-remove-authorized-keys", {
        "username": "root", "keys": ["ssh-rsa C"]})
    assert "1234567890" in a.virsh("domtime", "vm")
    a.virsh("domtime", "vm", "--time", "7")
    assert agent.last() == ("guest-set-time", {"time": 7000000000})
    a.virsh("domtime", "vm", "--sync")
    assert agent.last() == ("guest-set-time", None)
    agent.answers["guest-get-time"] = -5
    a.fails("the time is negative", "domtime", "vm")


def test_information(a, b):
    agent, _ = start_agent(a)
    told = dict(re.findall(r"^(\S+)\s*: (.*)$", a.virsh("guestinfo", "vm"), re.M))
    for name, value in (("user.count", "1"), ("user.0.name", "root"),
                        ("user.0.login-time", "1500250"), ("os.id", "debian"),
                        ("os.kernel-release", "6.1"), ("timezone.name", "UTC"),
                        ("timezone.offset", "0"), ("hostname", "inside"), ("fs.count", "1"),
                        ("fs.0.mountpoint", "/"), ("fs.0.total-bytes", "1000"),
                        ("fs.0.disk.0.serial", "s0"), ("if.count", "2"),
                        ("if.1.addr.1.addr", "fe80::1"), ("if.1.addr.1.type", "ipv6"),
                        ("if.1.hwaddr", "52:54:00:00:00:01"), ("if.1.addr.count", "2")):
        assert told.get(name) == value, (name, told)
    assert "disk.count" not in told  # the agent does not know that command
    a.fails("Operation not supported: unable to execute QEMU agent command "
            "'guest-get-disks': none", "guestinfo", "vm", "--disk")
    assert "os.id" in a.virsh("guestinfo", "vm", "--os")
    lines = a.virsh("domifaddr", "vm", "--source", "agent").split("\n")
    assert [line.split() for line in lines if "eth0" in line][0] == \
        ["eth0", "52:54:00:00:00:01", "ipv4", "10.0.0.5/24"], lines
    agent.answers["guest-network-get-interfaces"] = [{"name": "x", "ip-addresses": [1]}]
    a.fails("ip-address-type", "domifaddr", "vm", "--source", "agent")


def test_cpus(a, b):
    agent, _ = start_agent(a)
    told = dict(re.findall(r"^(\S+)\s*: (.*)$", a.virsh("guestvcpus", "vm"), re.M))
    assert told == {"vcpus": "0-3", "online": "0-1,3", "offlinable": "1-3"}, told
    a.virsh("guestvcpus", "vm", "--enable", "--cpulist", "2")
    assert agent.last() == ("guest-set-vcpus",
                            {"vcpus": [{"logical-id": 2, "online": True}]})
    # It does one at a time.
    a.virsh("guestvcpus", "vm", "--disable", "--cpulist", "1,3")
    assert [x[1]["vcpus"] for x in agent.asked[-2:]] == [
        [{"logical-id": 1, "online": False}, {"logical-id": 3, "online": False}],
        [{"logical-id": 3, "online": False}]]
    a.fails("guest vCPU '0' can't be offlined", "guestvcpus", "vm", "--disable",
            "--cpulist", "0")
    a.fails("guest is missing vCPUs", "guestvcpus", "vm", "--enable", "--cpulist", "7")
    assert a.virsh("vcpucount", "vm", "--guest") == "3"
    a.virsh("setvcpus", "vm", "4", "--guest")
    assert agent.last()[1] == {"vcpus": [{"logical-id": 2, "online": True}]}
    a.fails("greater than the count of enabled vcpus", "setvcpus", "vm", "5", "--guest")
    a.fails("not supported", "setvcpus", "vm", "1", "--live")
    agent.answers["guest-set-vcpus"] = 0
    a.fails("it has set none, or too many", "setvcpus", "vm", "4", "--guest")


def test_not_there(a, b):
    """Not configured, not running, not connected, gone."""
    start(a, "")
    a.fails("QEMU guest agent is not configured", "domfsfreeze", "vm")
    a.fails("QEMU guest agent is not configured", "shutdown", "vm", "--mode", "agent")
    a.virsh("destroy", "vm")
    a.fails("domain is not running", "domfsfreeze", "vm")
    a.virsh("undefine", "vm")
    os.unlink(os.path.join(a.root, "qtest"))
    agent, driver = start_agent(a)
    agent.answers["guest-info"] = NONE
    p = subprocess.Popen(a.command("qemu-agent-command", "vm", "--block",
                                   '{"execute":"guest-info"}'),
                         stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    wait_for("the command", lambda: ("guest-info", None) in agent.asked)
    set_port(driver, 0)
    assert "Guest agent disappeared" in p.communicate(timeout=LIMIT)[1]
    a.fails("QEMU guest agent is not connected", "domfsfreeze", "vm")
    set_port(driver, 1)
    wait_for("the port", lambda: "state='connected'" in a.virsh("dumpxml", "vm"))
    a.virsh("suspend", "vm")
    a.fails("domain is not running", "domfsfreeze", "vm")
    a.virsh("resume", "vm")
    a.virsh("domfsfreeze", "vm")


def test_patience(a, b):
    """Times; a client that goes away; a new daemon."""
    agent, _ = start_agent(a)
    agent.answers["guest-info"] = NONE
    command = ("qemu-agent-command", "vm", '{"execute":"guest-info"}')
    a.fails("guest agent didn't respond to command within '0' seconds", *command, "--async")
    a.fails("to command within '1' seconds", *command, "--timeout", "1")
    a.virsh("guest-agent-timeout", "vm", "--timeout", "1")
    agent.synchronises = False
    a.fails("Guest agent is not responding: guest agent didn't respond to synchronization "
            "within '1' seconds", "domhostname", "vm")
    agent.synchronises = True
    a.fails("is less than the minimum", "guest-agent-timeout", "vm", "--timeout", "-3")
    p = subprocess.Popen(a.command(*command, "--block"), stdin=subprocess.DEVNULL)
    count = len(agent.asked)
    wait_for("the command", lambda: len(agent.asked) > count)
    a.virsh("suspend", "vm")  # nobody waits for the agent but who has asked it
    a.virsh("resume", "vm")
    p.kill()
    p.wait()
    assert a.virsh("domhostname", "vm") == "inside"
    wait_for("the status", lambda: a.status()["agent-seconds"] == 1)
    a.kill()
    a.start()
    assert a.virsh("domhostname", "vm") == "inside"
    agent.answers["guest-get-host-name"] = NONE
    a.fails("to command within '1' seconds", "domhostname", "vm")
    p = subprocess.Popen(a.command(*command, "--block"), stdin=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
    count = len(agent.asked)
    wait_for("the command", lambda: len(agent.asked) > count)
    a.stop()  # it does not wait for the agent, either
    p.wait()
    a.start()


def test_commands(a, b):
    """As they are, to agent and emulator; the domain says so."""
    agent, _ = start_agent(a)
    agent.answers["guest-x"] = {"a": [1, "b"]}
    message = '{"execute": "guest-x", "arguments": {"q": null}}'
    assert json.loads(a.virsh("qemu-agent-command", "vm", message)) == {
        "return": {"a": [1, "b"]}}
    assert agent.last() == ("guest-x", {"q": None})
    a.fails("cannot parse json", "qemu-agent-command", "vm", "guest-x")
    agent.answers["guest-y"] = {"class": "GenericError", "desc": "no way"}
    a.fails("unable to execute QEMU agent command 'guest-y': no way", "qemu-agent-command",
            "vm", '{"execute": "guest-y"}')
    a.fails("command 'guest-z': none", "qemu-agent-command", "vm", '{"execute": "guest-z"}')
    assert "custom guest agent control commands issued" in a.virsh("dominfo", "vm")
    assert "custom control commands issued" not in a.virsh("dominfo", "vm")
    reply = json.loads(a.virsh("qemu-monitor-command", "vm",
                               '{"execute": "query-status", "id": 5}'))
    assert reply["return"]["status"] == "running" and reply["id"] == 5, reply
    reply = json.loads(a.virsh("qemu-monitor-command", "vm", '{"execute": "no-such"}'))
    assert reply["error"]["class"] == "CommandNotFound", reply
    assert "\n" in a.virsh("qemu-monitor-command", "vm", "--pretty",
                           '{"execute": "query-status"}')
    assert "VM status: running" in a.virsh("qemu-monitor-command", "vm", "--hmp", "info status")
    assert "unknown command" in a.virsh("qemu-monitor-command", "vm", "--hmp", "nothing")
    a.fails("not supported", "qemu-monitor-event", "vm", "--timeout", "1")
    a.kill()
    a.start()
    told = a.virsh("dominfo", "vm")
    assert "custom control commands issued" in told and "guest agent control" in told, told
    read_only = a.command("-r", "domifaddr", "vm", "--source", "agent")
    uri = read_only.index(a.uri)
    read_only[uri] = a.uri.replace("virtvireod-sock", "virtvireod-sock-ro")
    p = subprocess.run(read_only, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                       timeout=LIMIT, check=False)
    assert p.returncode and re.search("read.?only|forbidden", p.stderr), p.stderr


def test_power(a, b):
    """By the agent alone, by default first by it, and then by ACPI."""
    agent, driver = start_agent(a)
    agent.answers["guest-shutdown"] = None  # it goes down, and the agent with it
    a.virsh("shutdown", "vm", "--mode", "agent")
    assert agent.last() == ("guest-shutdown", {"mode": "powerdown"})
    a.virsh("reboot", "vm", "--mode", "agent")
    assert agent.last() == ("guest-shutdown", {"mode": "reboot"})
    a.virsh("shutdown", "vm")
    assert len(agent.asked) == 3
    a.virsh("shutdown", "vm", "--mode", "acpi")
    assert len(agent.asked) == 3
    agent.answers["guest-shutdown"] = {"class": "GenericError", "desc": "not now"}
    a.fails("not now", "reboot", "vm", "--mode", "agent")
    a.virsh("reboot", "vm")
    assert "reboot by its guest's agent" in open(a.log).read()
    a.virsh("shutdown", "vm", "--mode", "agent,acpi")
    # A reset answers for the agent that does not.
    agent.answers["guest-shutdown"] = NONE
    count = len(agent.asked)
    p = subprocess.Popen(a.command("reboot", "vm", "--mode", "agent"),
                         stdin=subprocess.DEVNULL)
    wait_for("the command", lambda: len(agent.asked) > count)
    a.virsh("reset", "vm")
    assert p.wait(LIMIT) == 0


if __name__ == "__main__":
    reason = make_emulator()
    if reason:
        print("skipped: " + reason)
        sys.exit(77)
    sys.exit(main(globals(), EMULATOR, KERNEL))

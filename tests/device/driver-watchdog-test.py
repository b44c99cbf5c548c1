#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The watchdog of a q35's chipset: stock virsh, the daemon and the real emulator, with a
guest's side that is played over qtest. Skipped (77) where there is no virsh.

    driver-watchdog-test.py [NAME...]    runs all tests, or those named
"""
import os
import sys

from driver_daemon import main, wait_for
from driver_guest import EMULATOR, KERNEL, Guests, make_emulator

ITCO = "<watchdog model='itco'%s/>"
TCO = 0x660
STEP = 600000000  # ns


def start(a, action):
    guests = Guests(a)
    a.define(machine="q35", words=guests.words(), devices=ITCO % action)
    a.virsh("start", "vm")
    return guests.next()


def expire(guest):
    """It is started, and not heard of again for longer than it waits, twice."""
    guest.out16(TCO + 0x12, 4)
    guest.out16(TCO, 1)
    guest.call("clock_step %d" % (9 * STEP))


def argv(a):
    with open("/proc/%d/cmdline" % a.pid(), "rb") as f:
        return [w.decode() for w in f.read().split(b"\0")]


def test_pause(a, b):
    """It is why the guest stands, also for the next daemon."""
    guest = start(a, " action='pause'")
    events = a.events()
    expire(guest)
    a.expect("paused (watchdog)")
    events.expect("watchdog: pause", kind="watchdog")
    events.expect("lifecycle: Suspended Watchdog", kind="lifecycle")
    events.stop()
    wait_for("the status", lambda: a.status()["reason"] == 6)  # VIR_DOMAIN_PAUSED_WATCHDOG
    a.kill()
    a.start()
    a.expect("paused (watchdog)")
    a.virsh("resume", "vm")
    assert a.state() == "running (unpaused)", a.state()


def test_reset(a, b):
    """What is not said is a reset. The alias is libvirt's."""
    guest = start(a, "")
    assert "<watchdog model='itco' action='reset'/>" in a.virsh("dumpxml", "vm", "--inactive")
    assert "<alias name='watchdog0'/>" in a.virsh("dumpxml", "vm")
    words = argv(a)
    at = words.index("ICH9-LPC.noreboot=off")
    assert words[at - 1:at + 3] == ["-global", "ICH9-LPC.noreboot=off", "-watchdog-action",
                                    "reset"], words
    events = a.events()
    expire(guest)
    events.expect("watchdog: reset", kind="watchdog")
    events.expect("reboot", kind="reboot")
    events.stop()
    assert a.state() == "running (booted)", a.state()


def test_none(a, b):
    guest = start(a, " action='none'")
    events = a.events()
    expire(guest)
    events.expect("watchdog: none", kind="watchdog")
    events.stop()
    assert a.state() == "running (booted)", a.state()


def test_refused(a, b):
    path = a.define(machine="microvm", devices=ITCO % "", command="path")
    a.fails("watchdog model> 'itco': the machine has none", "define", path)
    path = a.define(machine="q35", devices=(ITCO % "").replace(
        "/>", "><address type='isa' iobase='0x70'/></watchdog>"), command="path")
    a.fails("type='isa' of element <devices/watchdog/address>", "define", path)
    a.define(machine="q35")
    device = os.path.join(a.root, "device.xml")
    with open(device, "w") as f:
        f.write(ITCO % " action='none'")
    a.virsh("start", "vm", "--paused")
    a.fails("hotplug of watchdog of model itco", "attach-device", "vm", device, "--live")
    a.virsh("attach-device", "vm", device, "--config")
    assert "action='none'" in a.virsh("dumpxml", "vm", "--inactive")
    a.virsh("detach-device", "vm", device, "--config")
    assert "<watchdog" not in a.virsh("dumpxml", "vm", "--inactive")


if __name__ == "__main__":
    why = make_emulator()
    if why:
        print("skipped: " + why)
        sys.exit(77)
    sys.exit(main(globals(), EMULATOR, KERNEL))

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Async jobs that others look at and change, that outlive a daemon, and the reasons why
CPUs stand or run. Under stock virsh, with a stand-in for the emulator. Skipped (77)
where there is no virsh.

    driver-job-test.py [NAME...]    runs all tests, or those named
"""
import json
import re
import subprocess
import sys

from driver_daemon import (DISK, EMULATOR, LIMIT, check_io_error, image, main, migrate, start_slow,
                           wait_for)
from driver_proxy import PERFORM, REPLY, Proxy


def test_settings(a, b):
    """How a migration goes on can be changed, and asked for."""
    a.define()
    a.fails("not running", "migrate-setmaxdowntime", "vm", "50")
    a.fails("not running", "migrate-getmaxdowntime", "vm")
    assert a.virsh("migrate-getspeed", "vm") == "8796093022207"
    a.virsh("migrate-setspeed", "vm", "7")  # of those that are to come
    a.fails("must be less than", "migrate-setspeed", "vm", "8796093022208")
    assert a.virsh("migrate-getspeed", "vm") == "7"
    p = start_slow(a, b)
    assert a.virsh("migrate-getmaxdowntime", "vm") == "300"
    a.virsh("migrate-setmaxdowntime", "vm", "50")
    assert a.virsh("migrate-getmaxdowntime", "vm") == "50"
    a.virsh("migrate-setspeed", "vm", "9")
    assert a.virsh("migrate-getspeed", "vm") == "9"
    for pattern in (r"Operation:\s+Outgoing migration", r"Memory total:\s+3.906 MiB",
                    r"Data total:\s+3.906 MiB"):  # the emulator is asked now and then
        wait_for(pattern, lambda: re.search(pattern, a.virsh("domjobinfo", "vm")))
    a.virsh("domjobabort", "vm")
    p.communicate(timeout=LIMIT)
    assert p.returncode != 0


def test_goes_on(a, b):
    """A job that a new daemon cannot end yet stays one, and aborting it tries again."""
    p = start_slow(a, b, "fail-once=migrate_cancel")
    a.kill()
    p.communicate(timeout=LIMIT)
    a.start()
    wait_for("the attempt", lambda: "told to fail once" in open(a.log).read())
    assert "Unbounded" in a.virsh("domjobinfo", "vm")
    a.virsh("suspend", "vm")  # as while any migration goes on
    assert a.state() == "paused (migrating)"
    a.virsh("domjobabort", "vm")
    a.expect("running (migration canceled)")
    wait_for("the end", lambda: "None" in a.virsh("domjobinfo", "vm"))
    wait_for("the status", lambda: "job" not in a.status())
    a.virsh("suspend", "vm")
    assert a.state() == "paused (user)"


def test_old_daemon(a, b):
    """What an older daemon has written of a migration is understood."""
    p = start_slow(a, b)
    a.kill()
    p.communicate(timeout=LIMIT)
    old = a.status()
    del old["job"]
    for phase, suspended, state in (("out-begin", False, "running (booted)"),
                                    ("out-done", True, "paused (migrating)")):
        old.update({"phase": phase, "paused": False, "suspended": suspended,
                    "reason": 2 if suspended else 1})
        with open(a.run_dir + "/vm.status", "w") as f:
            json.dump(old, f)
        if suspended:
            # The emulator of a source that has sent all stands.
            a.start()
            a.virsh("suspend", "vm")
            a.kill()
            with open(a.run_dir + "/vm.status", "w") as f:
                json.dump(old, f)
        a.start()
        a.expect(state)
        wait_for("the end of the job", lambda: "None" in a.virsh("domjobinfo", "vm"))
        a.kill()
    a.start()
    a.virsh("resume", "vm")


def test_left_paused(a, b):
    """A source that may run elsewhere stays paused, whatever becomes of its daemon."""
    def cut():
        source.cut()
        p.kill()

    a.define()
    a.virsh("start", "vm")
    source = Proxy(a, PERFORM, REPLY, cut)
    command = a.command(*migrate(a, b, "--live"))
    command[command.index(a.uri)] = source.uri
    p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
    p.communicate(timeout=LIMIT)
    source.close()
    wait_for("the end of the job", lambda: "None" in a.virsh("domjobinfo", "vm"))
    wait_for("the status", lambda: "job" not in a.status())
    for _ in range(2):
        assert a.state() == "paused (migrating)", a.state()
        a.kill()
        a.start()
    a.virsh("resume", "vm")
    a.kill()
    a.start()
    assert a.state() == "running (unpaused)", a.state()


# ---- reasons ----

def test_io_error_while_migrating(a, b):
    """It is why the guest stands, and it is not let run by the end of the migration."""
    p = start_slow(a, b, "io-stop=query-migrate")
    a.expect("paused (I/O error)")
    wait_for("the status", lambda: a.status()["suspended"])
    a.kill()
    p.communicate(timeout=LIMIT)
    a.start()
    wait_for("the end of the job", lambda: "None" in a.virsh("domjobinfo", "vm"))
    assert a.state() == "paused (I/O error)", a.state()
    a.virsh("resume", "vm")
    assert a.state() == "running (unpaused)", a.state()


def test_io_error_events(a, b):
    """They say which disk it was, by its node, or by the device."""
    path = image(a)
    for words in "", " io-no-node":
        a.define("vm", "io-error=system_reset" + words,
                 DISK.format(path=path, target="vda", cache="", more=""))
        events = a.events()
        a.virsh("start", "vm")
        a.virsh("reset", "vm")
        which = "%s (virtio-disk0) pause" % path
        events.expect("io-error: " + which, kind="io-error")
        events.expect("io-error-reason: %s due to enospc" % which, kind="io-error-reason")
        events.stop()
        a.virsh("destroy", "vm")


def test_io_error_late(a, b):
    """It comes when the guest stands already: for this time only."""
    a.define(words="io-late=stop")
    a.virsh("start", "vm")
    a.virsh("suspend", "vm")
    check_io_error(a)


def test_reasons_kept(a, b):
    """Over a restart of the daemon, in each state that a VM can be left in."""
    a.define()
    a.virsh("start", "--paused", "vm")
    for command, state in ((None, "paused (user)"), ("resume", "running (unpaused)"),
                           ("suspend", "paused (user)")):
        if command:
            a.virsh(command, "vm")
        a.kill()
        a.start()
        assert a.state() == state, (command, a.state())
    a.virsh("resume", "vm")
    a.virsh(*migrate(a, b, "--live"))
    b.kill()
    b.start()
    assert b.state() == "running (migrated)", b.state()


if __name__ == "__main__":
    sys.exit(main(globals(), EMULATOR, both=
                  "io_error_while_migrating io_error_events"))

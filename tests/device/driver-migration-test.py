#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Migrations between two daemons under stock virsh, with a stand-in for the emulator
(driver-emulator.py) that can be told to fail. Skipped (77) where there is no virsh.

    driver-migration-test.py [NAME...]    runs all tests, or those named
"""
import os
import resource
import signal
import subprocess
import sys
import termios
import time

from driver_daemon import (DISK, EMULATOR, LIMIT, image, main, migrate, read_tty, spawn_tty,
                           start_slow, virsh, wait_for)
from driver_proxy import (BEGIN, CALL, CONFIRM, FINISH, PERFORM, PREPARE, REPLY, Proxy)


def test_migration(a, b):
    a.define()
    a.virsh("start", "vm")
    source, destination = a.events(), b.events()
    a.virsh(*migrate(a, b, "--live", "--persistent", "--undefinesource"))
    assert a.state() is None
    assert b.state() == "running (migrated)"
    assert b.virsh("list", "--persistent", "--name") == "vm"
    assert "Completed" in b.virsh("domjobinfo", "--completed", "vm")
    source.expect("lifecycle: Suspended Migrated", "lifecycle: Stopped Migrated",
                  "lifecycle: Undefined Removed", kind="lifecycle")
    destination.expect("lifecycle: Started Migrated", "lifecycle: Defined Added",
                       "lifecycle: Resumed Migrated")
    source.stop()
    destination.stop()
    assert a.files() == [], a.files()
    # And back, not live, paused afterwards.
    b.virsh(*migrate(b, a, "--suspend"))
    assert a.state() == "paused (user)", a.state()
    assert b.state() == "shut off (migrated)", b.state()
    a.virsh("resume", "vm")
    a.kill()
    a.start()
    assert a.state() == "running (unpaused)"
    a.virsh("destroy", "vm")
    assert a.state() is None  # it was transient


def test_migration_refused(a, b):
    a.define(devices=DISK.format(path=image(a), target="vda", cache="", more=""))
    a.virsh("start", "vm")
    a.fails("Unsafe migration: Migration may lead to data corruption",
            *migrate(a, b, "--live"))
    a.fails("not supported", *migrate(a, b, "--live", "--unsafe", "--copy-storage-all"))
    a.fails("not supported", *migrate(a, b, "--live", "--unsafe", "--auto-converge"))
    begin = time.time()
    a.fails("Attempt to migrate guest to the same host",
            *migrate(a, a, "--live", "--unsafe"))
    assert time.time() - begin < 25  # for a job it would wait 30 seconds
    assert a.state() == "running (booted)"
    a.virsh(*migrate(a, b, "--live", "--unsafe"))
    assert b.state() == "running (migrated)"
    a.virsh("start", "vm")
    a.fails("already active", *migrate(a, b, "--live", "--unsafe"))
    assert a.state() == "running (booted)"
    a.virsh("suspend", "vm")  # no job was left


def test_migration_definition(a, b):
    """What the user gives for the destination is of the same domain."""
    a.define()
    a.virsh("start", "vm")
    name = a.define("other", command="path")
    uuid = a.define(number=2, command="path")
    a.fails("Target domain name 'other' does not match source 'vm'",
            *migrate(a, b, "--live", "--xml", name))
    a.fails("Target domain uuid '11111111.*2' does not match source '11111111.*1'",
            *migrate(a, b, "--live", "--xml", uuid))
    persistent = ("--live", "--persistent", "--persistent-xml")
    a.fails("Target domain name 'other'", *migrate(a, b, *persistent, name))
    a.fails("Target domain uuid", *migrate(a, b, *persistent, uuid))
    broken = a.define(on_poweroff="preserve", command="path")
    a.fails("on_poweroff.*preserve", *migrate(a, b, *persistent, broken))
    assert a.state() == "running (booted)"  # it has not stood for this
    assert b.virsh("list", "--all", "--name") == ""
    a.virsh(*migrate(a, b, "--live", "--dname", "other", "--xml",
                     a.define(command="path")))
    assert b.state("other") == "running (migrated)"


def test_migration_fails(a, b):
    a.define(words="bad-migration")
    a.virsh("start", "vm")
    a.fails("could not load the state", *migrate(a, b, "--live"))
    a.expect("running (migration canceled)")
    assert b.virsh("list", "--all", "--name") == "" and b.files() == []
    a.define("vm", words="fail=migrate")
    a.virsh("destroy", "vm")
    a.virsh("start", "vm")
    a.fails("told to fail", *migrate(a, b, "--live"))
    a.virsh("suspend", "vm")
    a.virsh("resume", "vm")
    assert b.virsh("list", "--all", "--name") == "" and b.files() == []


def test_migration_persist_fails(a, b):
    """What the destination had defined before is there again, or nothing."""
    a.define(words="fail-incoming=cont")
    a.virsh("start", "vm")
    a.fails("told to fail", *migrate(a, b, "--live", "--persistent"))
    a.expect("running (migration canceled)")
    assert b.virsh("list", "--all", "--name") == "" and b.files() == []
    b.define(words="old")
    old = b.virsh("dumpxml", "vm")
    for _ in range(2):
        a.fails("told to fail", *migrate(a, b, "--live", "--persistent"))
        assert b.state().startswith("shut off"), b.state()
        assert b.virsh("dumpxml", "vm") == old
        b.stop()
        b.start()  # and on disk
    assert b.virsh("dumpxml", "vm") == old


def source_goes_on(a, b):
    wait_for("the source to run", lambda: (a.state() or "").startswith("running"))
    wait_for("the end of the destination",
             lambda: b.virsh("list", "--all", "--name") == "" and b.files() == [])
    # Until its job has ended the source is let run again by that.
    wait_for("the end of the job", lambda: "None" in a.virsh("domjobinfo", "vm"))
    a.virsh("suspend", "vm")
    a.virsh("resume", "vm")


def test_migration_abort(a, b):
    p = start_slow(a, b)
    a.fails("cannot acquire|timed out|Timed out|no job|domain", "domjobabort", "nobody")
    a.virsh("domjobabort", "vm")
    _, err = p.communicate(timeout=LIMIT)
    assert p.returncode != 0 and "canceled by client" in err, err
    source_goes_on(a, b)


def test_migration_abort_late(a, b):
    """When all has been sent, there is nothing left to abort."""
    a.define()
    a.virsh("start", "vm")
    results = []
    source = Proxy(a, PERFORM, REPLY,
                   lambda: results.append(a.try_virsh("domjobabort", "vm")))
    command = list(migrate(a, b, "--live"))
    p = subprocess.run(virsh(source.uri, *command), capture_output=True,
                       timeout=LIMIT, stdin=subprocess.DEVNULL)
    assert p.returncode == 0, p.stderr
    source.close()
    assert results[0][0] != 0 and "it is complete" in results[0][2], results
    assert b.state() == "running (migrated)"
    assert a.state() == "shut off (migrated)"


def test_migration_interrupted(a, b):
    a.define(words="slow-migration")
    a.virsh("start", "vm")
    pid, fd = spawn_tty(a.command(*migrate(a, b, "--live", "--verbose")))
    seen = read_tty(fd, b"Migration")
    assert b"Migration" in seen, seen
    # virsh shows this before it takes the terminal; until then Ctrl-C is lost on it.
    wait_for("virsh to take the terminal",
             lambda: not termios.tcgetattr(fd)[3] & termios.ICANON)
    os.write(fd, b"\x03")  # Ctrl-C
    seen = read_tty(fd, b"client")
    assert b"canceled by client" in seen, seen
    os.waitpid(pid, 0)
    os.close(fd)
    source_goes_on(a, b)


def test_migration_suspended(a, b):
    p = start_slow(a, b)
    a.virsh("suspend", "vm")  # allowed while it goes on
    assert a.state() == "paused (migrating)"
    a.virsh("domjobabort", "vm")
    p.communicate(timeout=LIMIT)
    assert a.state() == "running (migration canceled)"  # as if nothing had been


def test_migration_client_dies(a, b):
    p = start_slow(a, b)
    p.kill()
    p.communicate()
    source_goes_on(a, b)


def has_no_job(a):
    _, out, err = a.try_virsh("domjobinfo", "vm")
    return "None" in out or "domain is not running" in err


def die_in_phase(a, b, procedure, kind):
    """virsh dies when this call has been sent, or before it sees the reply."""
    def die():
        source.cut()
        destination.cut()
        p.kill()

    a.virsh("start", "vm")
    on_source = procedure in (BEGIN, PERFORM, CONFIRM)
    source = Proxy(a, procedure if on_source else None, kind, die)
    destination = Proxy(b, None if on_source else procedure, kind, die)
    command = a.command(*migrate(a, destination, "--live"))
    command[command.index(a.uri)] = source.uri
    p = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
    p.communicate(timeout=LIMIT)
    assert (source if on_source else destination).done.wait(LIMIT)
    source.close()
    destination.close()
    wait_for("both sides", lambda: has_no_job(a) and
             b.state() in (None, "running (migrated)"))


def test_migration_client_dies_anywhere(a, b):
    """Never do two run; one always does, or the source can be resumed."""
    a.define()
    for procedure in (BEGIN, PREPARE, PERFORM, FINISH, CONFIRM):
        for kind in (CALL, REPLY):
            die_in_phase(a, b, procedure, kind)
            state = a.state()
            where = (procedure, kind, state, b.state())
            # Prepare may still have been on its way: what is left of that ends below.
            if where[3] not in (None, "paused (migrating)"):
                assert not state.startswith("running"), where
                assert procedure in (FINISH, CONFIRM), where
                b.virsh("destroy", "vm")
            elif state == "paused (migrating)":
                assert (procedure, kind) in ((PERFORM, CALL), (PERFORM, REPLY),
                                             (FINISH, CALL)), where
                a.virsh("resume", "vm")
            else:
                assert state.startswith("running"), where
            if not state.startswith("shut off"):
                a.virsh("destroy", "vm")
            wait_for("the end of the destination",
                     lambda: b.virsh("list", "--all", "--name") == "" and b.files() == [])


def test_migration_source_daemon_dies(a, b):
    p = start_slow(a, b)
    a.kill()
    p.communicate(timeout=LIMIT)
    assert p.returncode != 0
    a.start()
    source_goes_on(a, b)


def test_migration_no_descriptor(a, b):
    """A connection that cannot be taken yet is taken later, and not tried without end."""
    def limit():
        folder = "/proc/%d/fd" % b.process.pid
        used = {int(n) for n in os.listdir(folder)}
        free = next(n for n in range(len(used) + 1) if n not in used)
        subprocess.run(["prlimit", "--pid", str(b.process.pid), "--nofile=%d:" % free],
                       check=True)

    a.define()
    a.virsh("start", "vm")
    hard = resource.prlimit(b.process.pid, resource.RLIMIT_NOFILE)
    destination = Proxy(b, PREPARE, REPLY, limit)
    p = subprocess.Popen(a.command(*migrate(a, destination, "--live")),
                         stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    refusal = "cannot take the connection"
    wait_for("more than one attempt", lambda: open(b.log).read().count(refusal) > 1)
    resource.prlimit(b.process.pid, resource.RLIMIT_NOFILE, hard)
    _, err = p.communicate(timeout=LIMIT)
    assert p.returncode == 0, err
    destination.close()
    assert b.state() == "running (migrated)"
    # Five a second, and not as many as a thread can.
    assert open(b.log).read().count(refusal) < 5 * LIMIT


def test_migration_destination_daemon_dies(a, b):
    p = start_slow(a, b)
    b.kill()
    a.virsh("domjobabort", "vm")  # the stand-in does not notice
    p.communicate(timeout=LIMIT)
    b.start()  # ends what waits for data
    source_goes_on(a, b)


def test_migration_vm_dies(a, b):
    p = start_slow(a, b)
    os.kill(a.pid(), signal.SIGKILL)
    _, err = p.communicate(timeout=LIMIT)
    assert p.returncode != 0, err
    a.expect("shut off (crashed)")
    wait_for("the end of the destination",
             lambda: b.virsh("list", "--all", "--name") == "" and b.files() == [])


if __name__ == "__main__":
    sys.exit(main(globals(), EMULATOR, both=
                  "migration migration_refused"))

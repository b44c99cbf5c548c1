#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What many VMs cost the daemon, counted: threads, descriptors, locks. Skipped (77) where
there is no virsh.

    driver-many-test.py [NAME...]    runs all tests, or those named
"""
import os
import re
import signal
import struct
import sys

import driver_many as many
from driver_daemon import BUILD, main, process_state, wait_for
from driver_rpc import Rpc

VMS = 200
DEFINED = 1000
STARTING = 20
RUNNING = 1  # flag of a list: VIR_CONNECT_LIST_DOMAINS_ACTIVE
COUNTER = os.path.abspath(os.path.join(BUILD, "tests/device/lock-count.so"))


def signal_all(a, numbers, what):
    for number in numbers:
        os.kill(a.pid(many.name_of(number)), what)


def is_stopped(a, number):
    """Its emulator has begun, and stands still."""
    try:
        return process_state(a.pid(many.name_of(number))) == "T"
    except (OSError, ValueError):  # there is no PID yet
        return False


def wait_descriptors(a, most):
    """What calls have had open, and connections that have ended, goes soon."""
    wait_for("%d descriptors" % most, lambda: many.descriptors(a) <= most)


def test_restart(a, b):
    """A daemon that finds many VMs, whose emulators do not answer yet, makes no thread
    for each, and two descriptors."""
    numbers = range(1, VMS + 1)
    threads, descriptors = many.threads(a), many.descriptors(a)
    many.define(a, numbers)
    many.start(a, numbers)
    wait_descriptors(a, descriptors + 2 * VMS + 4)
    a.kill()
    signal_all(a, numbers, signal.SIGSTOP)
    a.start()
    assert many.list_all(Rpc(a), RUNNING) == VMS
    assert many.threads(a) - threads <= 24, many.threads(a)
    assert many.descriptors(a) - descriptors <= 2 * VMS + 8, many.descriptors(a)
    a.stop()  # while it waits for all of them
    a.start()
    signal_all(a, numbers, signal.SIGCONT)
    many.reset(a, numbers)
    wait_descriptors(a, descriptors + 2 * VMS + 8)
    a.stop()
    a.start()  # they all answer at once
    many.reset(a, numbers)
    many.destroy(a, numbers)
    wait_descriptors(a, descriptors + 4)
    assert a.files() == [], a.files()


def soft_limit(pid):
    """Of descriptors."""
    with open("/proc/%d/limits" % pid) as f:
        return int(re.search(r"Max open files +(\d+)", f.read()).group(1))


def test_limit(a, b):
    """A tenth of 2,000 VMs with a tenth of the descriptors: what is allowed is used, by the
    daemon alone, and is enough to start them and to find them again."""
    soft, hard = 64, 600
    numbers = range(1, VMS + 1)
    limited = ["prlimit", "--nofile=%d:%d" % (soft, hard)]
    a.stop()
    a.start(wrapper=limited)
    assert soft_limit(a.process.pid) == hard, soft_limit(a.process.pid)
    before = many.descriptors(a)
    many.define(a, numbers)
    many.start(a, numbers)
    assert soft_limit(a.pid(many.name_of(VMS))) == soft
    wait_descriptors(a, before + 2 * VMS + 4)
    a.kill()
    a.start(wrapper=limited)
    assert many.list_all(Rpc(a), RUNNING) == VMS
    many.reset(a, numbers)
    wait_descriptors(a, before + 2 * VMS + 8)
    many.destroy(a, numbers)
    wait_descriptors(a, before + 4)
    assert "Too many open files" not in open(a.log).read()


class Counts:
    """Of what the daemon did since the last look."""

    def __init__(self, a):
        self.path = os.path.join(a.root, "counts")
        with open(self.path, "wb") as f:
            f.write(bytes(24))
        self.last = (0, 0, 0)
        a.stop()
        a.start(env={"LD_PRELOAD": COUNTER, "LOCK_COUNT": self.path})

    def take(self):
        with open(self.path, "rb") as f:
            now = struct.unpack("3Q", f.read())
        taken = tuple(n - b for n, b in zip(now, self.last))
        self.last = now
        return taken


def test_list(a, b):
    """The list of many definitions, while VMs are being started, costs a few locks for
    each, waits for none that an emulator holds, and writes nothing."""
    assert os.path.exists(COUNTER), "make check builds it"
    counts = Counts(a)
    many.define(a, range(1, DEFINED + 1))
    starting = range(1, STARTING + 1)
    starts = [Rpc(a), Rpc(a)]  # so many calls of one client are worked on
    stopped = os.path.join(a.root, "stopped")
    with open(stopped, "w") as f:
        f.write("#!/bin/sh\ncase \"$*\" in *-kernel*) kill -STOP $$ ;; esac\n"
                "exec %s \"$@\"\n" % many.SMALL)
    os.chmod(stopped, 0o755)
    wrapped = many.XML.replace("<devices/>", "<devices><emulator>%s</emulator></devices>" %
                               stopped)
    many.call_all(Rpc(a), many.DEFINE,
                  [many.string(wrapped % (many.name_of(n), n))
                   for n in starting])
    for number in starting:
        starts[number % 2].send(many.CREATE, many.domain(number, many.name_of(number)))
    wait_for("the starts", lambda: all(map(lambda n: is_stopped(a, n), starting)))
    rpc = Rpc(a)
    counts.take()
    assert many.list_all(rpc) == DEFINED
    locks, waits, syncs = counts.take()
    print("a list of %d: %d locks, %d waits, %d syncs" % (DEFINED, locks, waits, syncs))
    assert sum(s.poll() for s in starts) == STARTING, "they have not waited"
    assert locks <= 2 * DEFINED + 500, locks
    assert waits <= STARTING and syncs == 0, (waits, syncs)
    signal_all(a, starting, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(globals(), many.SMALL))

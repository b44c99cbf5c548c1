# SPDX-License-Identifier: GPL-2.0-or-later
"""Many VMs of one daemon, with small-emulator: defined and started over few connections,
with many calls at a time. For the test (200) and tests/perf (2,000)."""
import os
import struct

from driver_daemon import BUILD
from driver_rpc import OK, Rpc, domain, string

SMALL = os.path.abspath(os.path.join(BUILD, "tests/device/small-emulator"))
CREATE, DEFINE, DESTROY, LIST_ALL, RESET = 9, 11, 12, 273, 245
AT_ONCE = 32  # calls of a connection that the daemon works on

XML = """<domain type='kvm'><name>%s</name>
<uuid>11111111-2222-3333-4444-%012d</uuid><memory unit='MiB'>16</memory>
<os><type arch='x86_64' machine='microvm'>hvm</type><kernel>/dev/null</kernel></os>
<features><acpi/></features><devices/></domain>"""


def name_of(number):
    return "vm%d" % number


def call_all(rpc, procedure, payloads):
    """All calls, AT_ONCE at a time; each must succeed."""
    waiting = []
    for payload in payloads:
        if len(waiting) == AT_ONCE:
            finish(rpc, waiting.pop(0))
        waiting.append(rpc.send(procedure, payload))
    for serial in waiting:
        finish(rpc, serial)


def finish(rpc, serial):
    status, payload = rpc.wait(serial)
    assert status == OK, payload
    del rpc.replies[serial]


def define(a, numbers):
    call_all(Rpc(a), DEFINE, [string(XML % (name_of(n), n)) for n in numbers])


def start(a, numbers):
    call_all(Rpc(a), CREATE, [domain(n, name_of(n)) for n in numbers])


def reset(a, numbers):
    """Each is reached over its monitor."""
    call_all(Rpc(a), RESET, [domain(n, name_of(n)) + b"\0" * 4 for n in numbers])


def destroy(a, numbers):
    call_all(Rpc(a), DESTROY, [domain(n, name_of(n)) for n in numbers])


def list_all(rpc, flags=0):
    """How many there are, in one call, which returns them."""
    status, payload = rpc.wait(rpc.send(LIST_ALL, struct.pack(">iI", 1, flags)))
    assert status == OK, payload
    return struct.unpack(">I", payload[:4])[0]


def threads(a):
    return len(os.listdir("/proc/%d/task" % a.process.pid))


def descriptors(a):
    return len(os.listdir("/proc/%d/fd" % a.process.pid))

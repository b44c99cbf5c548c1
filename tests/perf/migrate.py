# SPDX-License-Identifier: GPL-2.0-or-later
"""Migration of a tiny guest with 1 GiB of pages that are neither zero nor alike.

Just before each migration the host's memory is warmed: under some hypervisors pages that
were freed more than some seconds ago are theirs again, and to get them back takes longer
than the migration. It is warmed as huge pages, which both emulators ask for: small ones
that were freed do not become huge ones at once. CPU time (of both processes, user and
kernel) is what can be compared on a machine that others use too.
"""
import mmap
import os
import random
import socket

import bare
from vm import Vm, cpu_of

SIZE = 1 << 30
PAGE = 4096
WARM = 1400 << 20
MADV_POPULATE_WRITE = 23  # Linux 5.14
TICKS = os.sysconf("SC_CLK_TCK")


def warm():
    with mmap.mmap(-1, WARM, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        try:
            memory.madvise(mmap.MADV_HUGEPAGE)
            memory.madvise(MADV_POPULATE_WRITE)
        except OSError:
            for at in range(0, WARM, PAGE):
                memory[at] = 1


def cpu_seconds(*vms):
    total = 0
    for vm in vms:
        with open("/proc/%d/stat" % vm.pid, encoding="ascii") as f:
            words = f.read().rsplit(")", 1)[1].split()
        total += int(words[11]) + int(words[12])
    return total / TICKS


def memory_file():
    """A file of SIZE bytes with one random word in each page, made once."""
    path = "/dev/shm/vireo-perf-memory"
    if not os.path.exists(path) or os.path.getsize(path) != SIZE:
        rng = random.Random(1)
        with open(path + ".new", "wb") as f:
            for _ in range(SIZE // PAGE):
                word = rng.getrandbits(64) | 1
                at = 8 * rng.randrange(PAGE // 8)
                f.write(bytes(at) + word.to_bytes(8, "little") + bytes(PAGE - at - 8))
        os.rename(path + ".new", path)
    return path


def argv(emulator, guest, backend):
    return [emulator, "-machine", "microvm,acpi=on,memory-backend=mem", "-accel", "kvm",
            "-cpu", cpu_of(emulator), "-nodefaults", "-no-user-config", "-display", "none",
            "-serial", "stdio", "-m", "%dM" % (SIZE >> 20), "-object",
            backend + ",id=mem,size=%dM" % (SIZE >> 20), "-kernel", guest]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def uri_of(kind, workdir, target):
    if kind == "unix":
        return "unix:%s/migrate-%d" % (workdir, target.pid)
    return "tcp:127.0.0.1:%d" % free_port()


def measure(args, emulator, workdir):
    """Over both kinds of socket; the figures of TCP have no suffix."""
    out = {}
    for kind in ("tcp", "unix"):
        suffix = "" if kind == "tcp" else "-" + kind
        for figure, value in migrate(args, emulator, workdir, kind).items():
            out[figure + suffix] = value
        if emulator == args.vireo:
            out["bare-rate" + suffix] = bare.rate(kind, memory_file(), SIZE, warm) / (1 << 30)
    return out


def migrate(args, emulator, workdir, kind):
    source = Vm(argv(emulator, args.guest,
                     "memory-backend-file,share=off,mem-path=" + memory_file()), workdir)
    target = Vm(argv(emulator, args.guest, "memory-backend-ram") + ["-incoming", "defer"],
                workdir)
    try:
        source.first_line()
        source.negotiate()
        target.negotiate()
        uri = uri_of(kind, workdir, target)
        target.qmp("migrate-incoming", uri=uri)
        source.qmp("migrate-set-parameters", **{"max-bandwidth": 100 << 30})
        source.qmp("migrate-set-capabilities",
                        capabilities=[{"capability": "events", "state": True}])
        times = {}
        warm()
        cpu = cpu_seconds(source, target)
        source.qmp("migrate", uri=uri)
        while not times.keys() & {"completed", "failed"}:
            event = source.qmp.events.pop(0) if source.qmp.events else source.qmp.read()
            name = event.get("data", {}).get("status", event["event"])
            stamp = event["timestamp"]
            times[name] = stamp["seconds"] + stamp["microseconds"] / 1e6
        if "completed" not in times:
            info = source.qmp("query-migrate")
            raise RuntimeError("migration failed: %s" % info.get("error-desc"))
        seconds = times["completed"] - times["setup"]
        return {"migration-rate": SIZE / (1 << 30) / seconds,
                "migration-cpu": cpu_seconds(source, target) - cpu,
                "migration-downtime": 1e3 * (times["completed"] - times["STOP"])}
    finally:
        target.stop()
        source.stop()

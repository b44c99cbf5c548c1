# SPDX-License-Identifier: GPL-2.0-or-later
"""Migration of a tiny guest with 1 GiB of pages that are neither zero nor alike."""
import os
import random
import socket

from vm import Vm, cpu_of

SIZE = 1 << 30
PAGE = 4096


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


def measure(args, emulator, workdir):
    source = Vm(argv(emulator, args.guest,
                     "memory-backend-file,share=off,mem-path=" + memory_file()), workdir)
    target = Vm(argv(emulator, args.guest, "memory-backend-ram") + ["-incoming", "defer"],
                workdir)
    try:
        source.first_line()
        source.negotiate()
        target.negotiate()
        uri = "tcp:127.0.0.1:%d" % free_port()
        target.qmp.call("migrate-incoming", uri=uri)
        source.qmp.call("migrate-set-parameters", **{"max-bandwidth": 100 << 30})
        source.qmp.call("migrate-set-capabilities",
                        capabilities=[{"capability": "events", "state": True}])
        times = {}
        source.qmp.call("migrate", uri=uri)
        while not times.keys() & {"completed", "failed"}:
            event = source.qmp.events.pop(0) if source.qmp.events else source.qmp.read()
            name = event.get("data", {}).get("status", event["event"])
            stamp = event["timestamp"]
            times[name] = stamp["seconds"] + stamp["microseconds"] / 1e6
        if "completed" not in times:
            info = source.qmp.call("query-migrate")
            raise RuntimeError("migration failed: %s" % info.get("error-desc"))
        seconds = times["completed"] - times["setup"]
        return {"migration-rate": SIZE / (1 << 30) / seconds,
                "migration-downtime": 1e3 * (times["completed"] - times["STOP"])}
    finally:
        target.stop()
        source.stop()

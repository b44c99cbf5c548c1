# SPDX-License-Identifier: GPL-2.0-or-later
"""The programs under test: built from a copy of the tree (tools/export), in a directory
of the cache for each checkout, and installed into a directory that goes into the payload, with the
tiny guests of tests/tiny as /lab/tiny and the programs for guests and hosts in /lab/bin."""
import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from .scenario import LAB

SOURCE = LAB.parent.parent
# The first python3 in PATH need not be Debian's.
CONFIGURE = ["--prefix=/usr", "--sysconfdir=/etc", "--localstatedir=/var",
             "PYTHON=/usr/bin/python3"]


def run(command, directory, log):
    with open(log, "ab") as output:
        done = subprocess.run(
            command, cwd=directory, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    if done.returncode:
        tail = "\n".join(Path(log).read_text(errors="replace").splitlines()[-30:])
        raise SystemExit(f"{tail}\nlab: {' '.join(map(str, command))} failed; see {log}")


def build(cache):
    """Configures and makes; returns the build directory."""
    checkout = hashlib.sha256(str(SOURCE).encode()).hexdigest()[:12]
    directory = cache / "build" / f"{checkout}-copy"
    source = directory / "src"
    directory.mkdir(parents=True, exist_ok=True)
    log = directory / "build.log"
    with open(directory / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        log.unlink(missing_ok=True)
        run([SOURCE / "tools" / "export", source], directory, log)
        if not (directory / "Makefile").exists():
            run([source / "configure", "-q", *CONFIGURE], directory, log)
        print(f"lab: building in {directory}", flush=True)
        run(["make", f"-j{os.cpu_count()}"], directory, log)
    return directory


def install(directory, destination, trace):
    """trace: vireo runs under the supervisor of tests/syscalls."""
    log = destination.parent / "install.log"
    run(["make", "install", "tiny-guests", "lab-programs", f"DESTDIR={destination}"], directory,
        log)
    if trace:
        supervise(directory, destination, log)
    tiny = destination / "lab" / "tiny"
    tiny.mkdir(parents=True)
    for guest in (directory / "tests" / "tiny").glob("*.elf"):
        shutil.copy(guest, tiny)
    for program in ("perf/flows", "lab/guest/channels"):
        shutil.copy(directory / "tests" / program, destination / "lab" / "bin")


def supervise(directory, destination, log):
    """Puts tests/syscalls/trace in vireo's place; its traces come back as results."""
    run(["make", "tests/syscalls/trace"], directory, log)
    programs = destination / "usr/bin"
    (programs / "real").mkdir()
    (programs / "vireo").rename(programs / "real/vireo")
    shutil.copy(directory / "tests/syscalls/trace", programs / "vireo")
    (destination / "lab/results/traces").mkdir(parents=True)
    (programs / "traces").symlink_to("/lab/results/traces")

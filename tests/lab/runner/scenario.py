# SPDX-License-Identifier: GPL-2.0-or-later
"""Scenarios: directories of scenarios/ with a program `run`, whose comments say what
it needs ("# lab-KEY: VALUE"):

  summary   one line for --list
  hosts     1 or 2 lab hosts (1)
  libvirt   the versions it is for, of 9.0 and 11.3; each makes a test (11.3)
  machine   the machines that it is for, $LAB_MACHINE; each makes a test, with each
            version of libvirt (none)
  kernels   the guest kernels that it boots, of 6.1, 6.12 and full (6.1 with drivers of
            real hardware); the first is $LAB_KERNEL (6.1)
  shared    disks that all its hosts see, NAME=SIZE (zeros), NAME=debian (a copy of
            the guests' Debian disk, for kernels that are booted directly),
            NAME=installed (of Debian with its boot loaders) or NAME=live (of the CD)
  files     directories of the tree that it needs, which it finds in /lab/files
  build     whether it runs our programs (yes)
  timeout   seconds, from the lab hosts' start to their end (300)
"""
import re
from dataclasses import dataclass
from pathlib import Path

LAB = Path(__file__).resolve().parent.parent
LIBVIRT = {"9.0": "BOOKWORM", "11.3": "TRIXIE"}
DEFAULTS = {
    "summary": "",
    "hosts": "1",
    "libvirt": "11.3",
    "machine": "",
    "kernels": "6.1",
    "shared": "",
    "files": "",
    "build": "yes",
    "timeout": "300",
}


@dataclass(frozen=True)
class Scenario:
    name: str
    path: Path
    summary: str
    hosts: int
    libvirt: tuple
    machines: tuple
    kernels: tuple
    shared: dict
    files: tuple
    build: bool
    timeout: int


def load(name):
    path = LAB / "scenarios" / name
    program = path / "run"
    if not program.is_file():
        raise SystemExit(f"lab: no scenario is called {name} (tests/lab/run --list)")
    header = dict(re.findall(r"^# lab-(\w+): *(.*)$", program.read_text(), re.MULTILINE))
    for key in header.keys() - DEFAULTS.keys():
        raise SystemExit(f"{program}: unknown header lab-{key}")
    header = DEFAULTS | header
    for version in header["libvirt"].split():
        if version not in LIBVIRT:
            raise SystemExit(f"{program}: no libvirt {version} in the lab")
    return Scenario(
        name=name,
        path=path,
        summary=header["summary"],
        hosts=int(header["hosts"]),
        libvirt=tuple(header["libvirt"].split()),
        machines=tuple(header["machine"].split()),
        kernels=tuple(header["kernels"].split()),
        shared=dict(disk.split("=", 1) for disk in header["shared"].split()),
        files=tuple(header["files"].split()),
        build=header["build"] == "yes",
        timeout=int(header["timeout"]),
    )


def names():
    return sorted(run.parent.name for run in (LAB / "scenarios").glob("*/run"))

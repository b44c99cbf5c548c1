# SPDX-License-Identifier: GPL-2.0-or-later
"""One run of one scenario: its directory, its payload, its hosts, its verdict."""
import fcntl
import shlex
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from . import build, host
from .scenario import LAB, LIBVIRT

KEEP_RUNS = 30
RESULTS_SIZE = 256 << 20
# Of tests/lab/host, what scenarios find in /lab, and in /lab/bin.
LIBRARIES = ("lib.sh", "debian.sh")
PROGRAMS = ("barrier", "check-counter", "console", "monitor.py", "qmp", "tick",
            "traffic.py", "vm.py")
# Disks that prepare has made: where, and under which name.
IMAGES = {
    "debian": ("DISK", "debian.raw"),
    "installed": ("FIRMWARE", "installed.raw"),
    "live": ("FIRMWARE", "live.iso"),
}
# In the run's directory, which is the emulators' own: a socket's path must be short.
SOCKET = "network.sock"
# How long a host may go on after the other has powered off.
GRACE = 20


@dataclass
class Verdict:
    status: int  # the scenario's exit status; 0 is success
    hung: bool  # a host came to no end
    seconds: float
    directory: Path


class Job:
    def __init__(self, scenario, libvirt, settings, paths, accel, build_directory, trace,
                 show):
        self.scenario = scenario
        self.libvirt = libvirt
        self.settings = settings
        self.paths = paths
        self.accel = accel
        self.build_directory = build_directory
        self.trace = trace
        self.show = show

    def run(self, keep):
        runs = self.paths["CACHE"] / "runs"
        runs.mkdir(exist_ok=True)
        prefix = f"{time.strftime('%Y%m%d-%H%M%S')}-{self.scenario.name}-{self.libvirt}."
        directory = Path(tempfile.mkdtemp(prefix=prefix, dir=runs))
        with open(directory / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            prune(runs)
            start = time.monotonic()
            self.run_hosts(directory)
            seconds = time.monotonic() - start
            statuses = [unpack(directory, name) for name in self.host_names()]
            if not keep:
                for image in directory.glob("*.img"):
                    image.unlink()
                (directory / "payload.tar").unlink()
        hung = any(status is None for status in statuses)
        return Verdict(max(status or 0 for status in statuses) or int(hung), hung, seconds,
                       directory)

    def run_hosts(self, directory):
        self.make_payload(directory)
        for name, kind in self.scenario.shared.items():
            self.make_shared(directory / f"{name}.img", kind)
        initramfs = directory / "initramfs"
        make_initramfs(self.paths["HOST"] / "initramfs.lz4", initramfs)
        hosts = []
        try:
            for name in self.host_names():
                hosts.append(self.start(directory, name))
            self.wait(hosts)
        finally:
            for each in hosts:
                each.kill()
            initramfs.unlink()

    def host_names(self):
        return [f"host{number + 1}" for number in range(self.scenario.hosts)]

    def wait(self, hosts):
        """Until all have powered off. They do so together: when one is gone, the
        other soon follows or hangs."""
        deadline = time.monotonic() + self.scenario.timeout
        while any(each.running() for each in hosts) and time.monotonic() < deadline:
            if not all(each.running() for each in hosts):
                deadline = min(deadline, time.monotonic() + GRACE)
            time.sleep(0.05)

    def make_payload(self, directory):
        with tempfile.TemporaryDirectory(dir=directory) as work:
            root = Path(work) / "root"
            lab = root / "lab"
            shutil.copytree(self.scenario.path, lab / "scenario")
            for library in LIBRARIES:
                shutil.copy(LAB / "host" / library, lab)
            for files in self.scenario.files:
                shutil.copytree(LAB.parent.parent / files, lab / "files" / files)
            (lab / "bin").mkdir()
            for program in PROGRAMS:
                shutil.copy(LAB / "host" / program, lab / "bin")
            (lab / "guest").mkdir()
            for version in self.scenario.kernels:
                made_by = "FIRMWARE" if version == "full" else "GUEST"
                for kind in ("vmlinuz", "initrd"):
                    shutil.copy(self.paths[made_by] / f"{kind}-{version}", lab / "guest")
            settings = {
                "LAB_HOSTS": str(self.scenario.hosts),
                "LAB_LIBVIRT": self.libvirt,
                "LAB_KERNEL": self.scenario.kernels[0],
            } | self.settings
            lines = [f"{name}={shlex.quote(value)}\n" for name, value in settings.items()]
            (lab / "env").write_text("".join(lines))
            if self.scenario.build:
                build.install(self.build_directory, root, self.trace)
            tar = directory / "payload.tar"
            subprocess.run(["tar", "-C", root, "--owner=0", "--group=0", "-cf", tar, "."],
                           check=True)

    def make_shared(self, image, kind):
        if kind in IMAGES:
            made_by, name = IMAGES[kind]
            subprocess.run(["cp", "--sparse=always", "--reflink=auto",
                            self.paths[made_by] / name, image], check=True)
        else:
            subprocess.run(["truncate", "-s", kind, image], check=True)

    def start(self, directory, name):
        number = int(name.removeprefix("host"))
        tree = self.paths[LIBVIRT[self.libvirt]]
        results = directory / f"results-{name}.img"
        with open(results, "wb") as file:
            file.truncate(RESULTS_SIZE)
        command = [
            *host.emulator(self.paths["TRIXIE"] / "root"),
            *"-machine q35 -smp 1 -nodefaults -no-user-config -display none".split(),
            *"-no-reboot -serial stdio -device virtio-rng-pci".split(),
            *self.accel.options,
            *["-m", host.MEMORY, "-uuid", f"00000000-0000-4000-8000-{number:012}"],
            *["-kernel", self.paths["HOST"] / "vmlinuz", "-initrd", directory / "initramfs"],
            *["-append", f"{host.APPEND} {self.accel.append} lab.host={name}"],
            *host.disk("root", tree / "root.erofs", "readonly=on"),
            *host.disk("payload", directory / "payload.tar", "readonly=on"),
            *host.disk("results", results),
        ]
        for shared in self.scenario.shared:
            command += host.disk(shared, directory / f"{shared}.img", "file.locking=off",
                                 device=",share-rw=on")
        if self.scenario.hosts == 2:
            command += network(number)
        prefix = None
        if self.show:
            prefix = f"{name}| " if self.scenario.hosts == 2 else ""
        started = host.Host(name, command, directory / f"{name}.log", prefix)
        if self.scenario.hosts == 2 and number == 1:
            wait_for_socket(directory / SOCKET, started)
        return started


def network(number):
    """An Ethernet cable between the two hosts; host1's end is made first."""
    server = "on" if number == 1 else "off"
    return [
        "-netdev",
        f"stream,id=n,server={server},addr.type=unix,addr.path={SOCKET}",
        "-device",
        f"virtio-net-pci,netdev=n,mac=52:54:00:0a:09:0{number},romfile=",
    ]


def wait_for_socket(path, started):
    while not path.exists() and started.running():
        time.sleep(0.02)


def make_initramfs(modules, out):
    """host/init (new in each run, uncompressed) in front of the cached modules."""
    with tempfile.TemporaryDirectory() as work:
        shutil.copy(LAB / "host/init", Path(work) / "host-init")
        archive = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=work,
                                 input=b"host-init\n", stdout=subprocess.PIPE, check=True)
    out.write_bytes(archive.stdout + modules.read_bytes())


def unpack(directory, name):
    """The scenario's exit status on this host; None if it came to no end."""
    results = directory / "results" / name
    results.mkdir(parents=True)
    subprocess.run(["tar", "-C", results, "-xf", directory / f"results-{name}.img"],
                   stderr=subprocess.DEVNULL)
    status = results / "status"
    return int(status.read_text()) if status.is_file() else None


def prune(runs):
    """Removes the oldest runs, except those that still go on."""
    old = sorted(each for each in runs.iterdir() if each.is_dir())[:-KEEP_RUNS]
    for directory in old:
        try:
            with open(directory / ".lock") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(directory)
        except OSError:
            continue

# SPDX-License-Identifier: GPL-2.0-or-later
"""For scenarios in Python: vireo alone with a q35, whose guest tells what it has on PCI
(guest/devices), and checks as lib.sh has them."""
import atexit
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from monitor import SECONDS, Monitor, connect

RESULTS = Path("/lab/results")
VMM = os.environ.get("LAB_VMM", "vireo")
KERNEL = os.environ["LAB_KERNEL"]
FIRMWARES = os.environ.get("LAB_FIRMWARE", "none bios uefi").split()
ROUNDS = int(os.environ.get("LAB_ROUNDS", "3"))
NATIVE = "-global ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off".split()
NO_ACPI = "-machine acpi=off".split()
# How slots are plugged: options, and more for the guest's command line. Where ACPI does it
# the slots can be plugged natively, too, by guests that have no ACPI or do not use it.
# (With acpi=off on its command line Debian's cloud kernel has neither APIC nor MSI, and
# no interrupt for its ports.)
HOTPLUG = {
    "acpi": ([], ""),
    "acpi-intx": ([], "pci=nomsi"),
    "native": (NATIVE, ""),
    # Of the root ports alone. (With pci=nomsi a device has its port's line, and Linux waits
    # for ever when it is to go: the port's thread for its own end.)
    "native-intx": (NATIVE, "pcie_pme=nomsi"),
    "both": ([], "pcie_ports=native"),
    "noacpi": (NO_ACPI, ""),
    "noacpi-native": (NATIVE + NO_ACPI, ""),
}
APPEND = "console=ttyS0 quiet panic=-1 mitigations=off lab.devices lab.then=nothing"

failures = 0


def say(text):
    up = Path("/proc/uptime").read_text().split()[0]
    print(f"[{os.environ['LAB_HOST']} {up}] {text}", flush=True)


def check(name, value):
    """Whether value is true, which is told."""
    global failures
    failures += not value
    say(f"{'ok' if value else 'FAIL'}: {name}")
    return bool(value)


class State:
    """What a line of guest/devices says."""

    def __init__(self, line):
        self.pci, self.disks, self.nics, self.io = {}, {}, {}, {}
        for word in line.split():
            kind, _, rest = word.partition("=")
            values = rest.split(",")
            if kind == "pci":  # address: (ID, driver, bars)
                self.pci[values[0]] = tuple(values[1:])
            elif kind == "disk":  # serial: (name, sectors, address)
                self.disks[values[2]] = (values[0], int(values[1]), values[3])
            elif kind == "nic":  # MAC: (name, address)
                self.nics[values[1]] = (values[0], values[2])
            elif kind == "io":  # name: (rounds, workers)
                self.io[values[0]] = (int(values[1]), int(values[2]))

    def ids(self):
        return [function[0] for function in self.pci.values()]

    def io_of(self, serial):
        """(rounds, workers)"""
        name = self.disks.get(serial, ("",))[0]
        return self.io.get(name, (0, 0))


def firmware_options(kind, name):
    """none: the emulator starts the kernel; bios, uefi: firmware loads it."""
    if kind == "none":
        return []
    if kind == "bios":
        return ["-bios", "bios-256k.bin"]
    code = "/usr/share/OVMF/OVMF_CODE_4M.fd"
    variables = shutil.copy("/usr/share/OVMF/OVMF_VARS_4M.fd", f"/tmp/{name}.fd")
    return ["-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={code}",
            "-drive", f"if=pflash,unit=1,format=raw,file={variables}"]


class Vm:
    """ports: options of each root port, pci.1 ...; append: more for the guest's command
    line; orders: whether it is to take some; firmware: see firmware_options(); hotplug: of
    HOTPLUG."""

    def __init__(self, name, ports, *options, append="", orders=False, firmware="none",
                 hotplug="acpi"):
        self.name = name
        self.console = RESULTS / f"{name}.log"
        path = f"/tmp/{name}.sock"
        plugged, more = HOTPLUG[hotplug]
        append = f"{APPEND} {more} {append} {'lab.orders' * orders}"
        command = [
            *f"{VMM} -machine q35 -accel kvm -cpu host -m 256 -smp 2".split(),
            *firmware_options(firmware, name),
            *plugged,
            *"-nodefaults -no-user-config -display none".split(),
            *["-serial", f"file:{self.console}", "-qmp", f"unix:{path},server=on,wait=off"],
            *["-kernel", f"/lab/guest/vmlinuz-{KERNEL}"],
            *["-initrd", f"/lab/guest/initrd-{KERNEL}"],
            *["-append", append],
        ]
        if orders:
            command += ["-serial", f"unix:/tmp/{name}.orders,server=on,wait=off"]
        for number, more in enumerate(ports, 1):
            command += ["-device", f"pcie-root-port,id=pci.{number},bus=pcie.0,"
                        f"addr={number + 1:#x},chassis={number}{more}"]
        self.started = time.monotonic()
        self.process = subprocess.Popen([*command, *options], stdin=subprocess.DEVNULL)
        atexit.register(self.process.kill)  # where the scenario fails before end()
        while not Path(path).exists() and self.process.poll() is None:
            time.sleep(0.005)
        self.monitor = Monitor(path)
        self.orders = connect(f"/tmp/{name}.orders") if orders else None
        self.ordered, self.heard = 0, False

    # --- QMP ---

    def ask(self, command, **arguments):
        """What it returns. RuntimeError with what it says."""
        reply = self.monitor.execute(command, **arguments)
        if reply is None or "error" in reply:
            raise RuntimeError(reply["error"]["desc"] if reply else "the monitor closed")
        return reply["return"]

    def refusal(self, command, **arguments):
        """Its error's text; "" if there is none."""
        try:
            self.ask(command, **arguments)
        except RuntimeError as error:
            return str(error)
        return ""

    def add_image(self, node, path, **more):
        self.ask("blockdev-add", driver="host_device" if path.startswith("/dev") else "file",
                 **{"filename": path, "node-name": f"{node}-file"}, **more)
        self.ask("blockdev-add", driver="raw", file=f"{node}-file", **{"node-name": node})

    def remove_image(self, node):
        self.ask("blockdev-del", **{"node-name": node})
        self.ask("blockdev-del", **{"node-name": f"{node}-file"})

    def deleted(self, device, seconds=SECONDS, since=0):
        return self.monitor.wait_event("DEVICE_DELETED", seconds, since, device=device)

    def names_deleted(self, since=0):
        """Of all that has come by now; those without a name are parts of others."""
        self.ask("query-status")
        return [event["data"]["device"]
                for event in self.monitor.find_events("DEVICE_DELETED", since)
                if "device" in event["data"]]

    # --- the guest ---

    def told(self, pattern):
        """The last of what it has told of this pattern since it came up; or None."""
        text = self.console.read_text(errors="replace") if self.console.exists() else ""
        # After a reboot it has told nothing yet.
        text = text[max(text.rfind("GUEST UP"), 0):]
        found = re.findall(pattern, text)
        return found[-1] if found else None

    def state(self):
        """The last that it told; None before."""
        line = self.told(r"GUEST HAS(.*) END")
        return None if line is None else State(line)

    def wait_told(self, pattern, seconds):
        deadline = time.monotonic() + seconds
        while (found := self.told(pattern)) is None and self.process.poll() is None:
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)
        return found

    def order(self, command, seconds=2 * SECONDS):
        """Lets the guest's shell do it: its output in one line. Whether it could is a
        check."""
        if not self.heard:
            self.wait_told(r"GUEST HEARS()", seconds)
        self.ordered += 1
        self.orders.sendall(f"{self.ordered} {command}\n".encode())
        done = self.wait_told(rf"GUEST DID {self.ordered} (\d+) ?(.*)\n", seconds)
        status, output = done or ("none", "")
        if status != "0":
            check(f"the guest does {command!r}: status {status}, {output}", False)
        return output.strip()

    def takes_over(self, source):
        """Its guest has come from there, and hears orders as before."""
        self.ordered, self.heard = source.ordered, True

    def wait(self, what, predicate, seconds=SECONDS):
        """Until the guest's state is so: a check."""
        deadline = time.monotonic() + seconds
        while not ((state := self.state()) and predicate(state)):
            if time.monotonic() > deadline or self.process.poll() is not None:
                return check(what, False)
            time.sleep(0.05)
        return check(what, True)

    def count_ups(self):
        return self.console.read_text(errors="replace").count("GUEST UP")

    def end(self):
        self.monitor.execute("quit")
        check(f"{self.name}: the emulator ends in peace", self.process.wait(30) == 0)


def finish():
    say(f"finished, {failures} failed")
    raise SystemExit(failures > 0)

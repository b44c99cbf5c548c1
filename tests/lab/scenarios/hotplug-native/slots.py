# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest with every kind of bridge, and what is plugged behind them: each device is used
with checksums."""
import hashlib
import os
import socketserver
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, "/lab/bin")
import vm  # noqa: E402

# Root ports: three for devices, two for bridges, and two where nothing comes or goes.
PORTS = ["", "", "", "", "", ",hotplug=off", ",hotplug=off"]
SWITCH, CONVENTIONAL, OFF, EMPTY_OFF = "pci.4", "pci.5", "pci.6", "pci.7"
# Where a disk, a network card and an entropy source go: bus and address.
PLACES = {
    "port": [(f"pci.{number}", "0") for number in (1, 2, 3)],
    "switch": [(f"down.{number}", "0") for number in (1, 2, 3)],
    "pci": [("pci", f"{number}") for number in (2, 3, 4)],
    "deep": [("deep", f"{number}") for number in (1, 2, 3)],
}
EXPRESS = ("port", "switch")
RNGS = ("1af4:1044", "1af4:1005")  # the second one in a conventional slot
BYTES = 1 << 20  # of what the guest has to send and to write
IMAGE_BYTES = 2 << 20
ECHO = 9000
BUSY = "guest is busy"


def bridges():
    options = ["-device", f"x3130-upstream,id=up,bus={SWITCH}"]
    for number, (bus, _) in enumerate(PLACES["switch"]):
        options += ["-device", f"xio3130-downstream,id={bus},bus=up,addr={number},"
                    f"chassis={number + 20}"]
    return [*options, "-device", f"pcie-pci-bridge,id=pci,bus={CONVENTIONAL}",
            "-device", "pci-bridge,id=deep,bus=pci,addr=1,chassis_nr=30"]


class Echo(socketserver.StreamRequestHandler):
    """All that it has got, once that has ended."""

    def handle(self):
        self.wfile.write(self.rfile.read())


def serve():
    """For all of the guest's cards."""
    socketserver.ThreadingTCPServer.daemon_threads = True
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    server = socketserver.ThreadingTCPServer(("", ECHO), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def digest(data):
    return hashlib.sha256(data).hexdigest()


def count_rngs(state):
    return sum(id in RNGS and driver == "virtio-pci" for id, driver, _ in state.pci.values())


def start(name, hotplug):
    """Up, with the entropy source behind the port that plugs nothing."""
    guest = vm.Vm(name, PORTS, *bridges(),
                  "-object", "rng-random,id=rng,filename=/dev/urandom",
                  "-device", f"virtio-rng-pci,id=fixed,rng=rng,bus={OFF}",
                  orders=True, hotplug=hotplug)
    guest.wait(f"{name}: a guest", lambda state: count_rngs(state) == 1)
    guest.sum = guest.order(f"head -c {BYTES} /dev/urandom > /tmp/data; "
                            "sha256sum < /tmp/data").split()[0]
    return guest


def ask_patiently(guest, command, **arguments):
    """Again and again while the guest is at work on the slot."""
    while BUSY in (said := guest.refusal(command, **arguments)):
        time.sleep(0.2)
    if said:
        vm.check(f"{command} {arguments['id']}: {said}", False)


class Place:
    """The three devices at one of PLACES."""

    def __init__(self, guest, name):
        self.guest = guest
        self.name = name
        self.number = list(PLACES).index(name)
        self.disk, self.nic, self.rng = (f"{name}-{what}" for what in ("disk", "nic", "rng"))
        self.mac = f"52:54:00:b0:01:{self.number:02x}"
        self.image = Path(f"/tmp/{self.disk}")

    def ids(self):
        return [self.disk, self.nic, self.rng]

    def plug(self):
        self.image.write_bytes(os.urandom(IMAGE_BYTES))
        self.guest.add_image(self.disk, str(self.image))
        self.guest.ask("netdev_add", type="tap", id=f"{self.name}-net",
                       ifname=f"t{self.number}", script="no", downscript="no")
        devices = [{"driver": "virtio-blk-pci", "drive": self.disk, "serial": self.disk},
                   {"driver": "virtio-net-pci", "netdev": f"{self.name}-net",
                    "mac": self.mac},
                   {"driver": "virtio-rng-pci", "rng": "rng"}]
        for device, name, (bus, addr) in zip(devices, self.ids(), PLACES[self.name]):
            ask_patiently(self.guest, "device_add", id=name, bus=bus, addr=addr, **device)

    def appears(self):
        self.guest.wait(f"{self.name}: the guest has disk and network card",
                        lambda state: self.disk in state.disks and self.mac in state.nics)

    def use(self):
        read_disk(self.guest, self.disk, digest(self.image.read_bytes()))
        disk = self.guest.state().disks[self.disk][0]
        self.guest.order(f"dd if=/tmp/data of=/dev/{disk} bs=256k oflag=direct")
        nic = self.guest.state().nics[self.mac][0]
        net = f"10.0.{self.number}"
        said = self.guest.order(f"ip addr add {net}.15/24 dev {nic}; ip link set {nic} up; "
                                f"nc {net}.2 {ECHO} < /tmp/data | sha256sum")
        vm.check(f"{self.nic}: what it has sent comes back", said.startswith(self.guest.sum))

    def ask_to_leave(self):
        for name in self.ids():
            ask_patiently(self.guest, "device_del", id=name)

    def has_left(self, since):
        """Image and network are free then, and hold what the guest has written."""
        for name in self.ids():
            vm.check(f"{name} goes", self.guest.deleted(name, since=since))
        self.guest.remove_image(self.disk)
        self.guest.ask("netdev_del", id=f"{self.name}-net")
        vm.check(f"{self.disk}: written as the guest did",
                 digest(self.image.read_bytes()[:BYTES]) == self.guest.sum)


def read_disk(guest, serial, expected):
    disk = guest.state().disks[serial][0]
    said = guest.order(f"dd if=/dev/{disk} bs=256k iflag=direct 2>/dev/null | sha256sum")
    vm.check(f"{serial}: it reads what is there", said.startswith(expected))


def use_rngs(guest, number):
    """Each in its turn, the one that was there at the start as well."""
    said = guest.order("cd /sys/class/misc/hw_random; for rng in $(cat rng_available); do "
                       "echo $rng > rng_current; head -c 64 /dev/hwrng | wc -c; done")
    vm.check(f"{number} entropy sources give bytes: {said}", said.split() == ["64"] * number)


# --- what tests of slots ask a guest for ---


def port_address(number):
    """Of pci.N."""
    return f"0000:00:{number + 1:02x}.0"


def switch_power(guest, number, on, can=True):
    """By the guest itself: its slot behind pci.N. can: whether it is to succeed."""
    number_of_bus = f"/sys/bus/pci/devices/{port_address(number)}/secondary_bus_number"
    guest.order(f"bus=$(printf 0000:%02x:00 $(cat {number_of_bus})); "
                "for slot in /sys/bus/pci/slots/*; do if [ $(cat $slot/address) = $bus ]; "
                f"then {'' if can else '!'} echo {int(on)} > $slot/power; exit; fi; done; "
                "exit 1")


def switch_driver(guest, number, on):
    """pciehp of pci.N."""
    word = "bind" if on else "unbind"
    guest.order("cd /sys/bus/pci_express/drivers/pciehp; for port in "
                f"/sys/bus/pci_express/devices/{port_address(number)}:pcie?04; do "
                f"echo ${{port##*/}} > {word}; done")

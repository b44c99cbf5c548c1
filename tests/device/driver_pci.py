# SPDX-License-Identifier: GPL-2.0-or-later
"""The stand-in's q35: what an emulator that has one says of itself, and a check that devices
go to places that there are. What this build's emulator has itself is left as it is."""
from driver_introspection import Refused

NAME, ALIAS = "pc-q35-vireo-1.0", "q35"
ROOT = "pcie.0"
FUNCTION = {"addr": "str", "multifunction": "bool"}
PORT = dict(FUNCTION, port="uint8", chassis="uint8", slot="uint16", hotplug="bool")


def extend(real):
    """Adds the machine and its devices, with properties as QEMU has them."""
    if NAME not in [m["name"] for m in real.machines]:
        real.machines.append(dict(real.machines[0], name=NAME, alias=ALIAS))
    devices = {"pcie-root-port": PORT}
    for name in "blk", "net", "rng":
        devices["virtio-%s-pci" % name] = dict(real.devices["virtio-%s-device" % name],
                                               vectors="uint32", **FUNCTION)
    for name, properties in devices.items():
        if name not in real.devices:
            real.devices[name] = properties
            real.qom_types.append(name)


class Places:
    """Which device has which function of which bus."""

    def __init__(self):
        self.buses = {ROOT: {}}
        self.pluggable = set()
        self.multi = set()  # (bus, slot)

    def add(self, device):
        if not device["driver"].endswith("-pci") and device["driver"] != "pcie-root-port":
            return
        bus, addr = device.get("bus", ROOT), device.get("addr")
        if bus not in self.buses:
            raise Refused("Bus '%s' not found" % bus)
        slot, _, function = addr.partition(".")
        place = int(slot, 16), int(function or "0", 16)
        if place in self.buses[bus]:
            raise Refused("PCI: slot %d function %d not available for %s, in use by %s" %
                          (*place, device["driver"], self.buses[bus][place]))
        if bus != ROOT and place[0]:
            raise Refused("PCI: slot %d is not valid for %s" % (place[0], device["driver"]))
        if place[1] and not device.get("multifunction") and (bus, place[0]) not in self.multi:
            raise Refused("PCI: single function device can't be populated in function %d.%d" %
                          place)
        self.buses[bus][place] = device["id"]
        if device.get("multifunction"):
            self.multi.add((bus, place[0]))
        if device["driver"] == "pcie-root-port":
            self.buses[device["id"]] = {}
            if device.get("hotplug", True):
                self.pluggable.add(device["id"])

    def plug(self, device):
        bus = device.get("bus", ROOT)
        if device["driver"].endswith("-pci") and bus in self.buses and \
                bus not in self.pluggable:
            raise Refused("Bus '%s' does not support hotplugging" % bus)
        self.add(device)

    def part(self, ident):
        """The path by which a virtio device is told of, if it is on PCI."""
        if any(ident in taken.values() for taken in self.buses.values()):
            return "/machine/peripheral/%s/virtio-backend" % ident
        return None

    def remove(self, ident):
        for bus, taken in self.buses.items():
            for place in [p for p, owner in taken.items() if owner == ident]:
                del taken[place]
                self.multi.discard((bus, place[0]))

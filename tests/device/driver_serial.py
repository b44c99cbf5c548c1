# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest's driver of the microvm's virtio-serial, played over qtest."""
import struct

SLOTS, SLOT_SIZE, FIRST_SLOT = 24, 512, 0xfeb00000  # of the microvm's virtio-mmio
DEVICE_ID, SERIAL_ID = 0x08, 3
FEATURES, FEATURES_SEL = 0x20, 0x24
QUEUE_SEL, QUEUE_NUM, QUEUE_READY, NOTIFY, STATUS = 0x30, 0x38, 0x44, 0x50, 0x70
RINGS = (0x80, 0x1000), (0x90, 0x2000), (0xa0, 0x3000)  # register, address
BUFFER = 0x4000
CONTROL_TX, ENTRIES = 3, 16
DEVICE_READY, PORT_READY, PORT_OPEN = 0, 3, 6  # events of a virtio console


class SerialDriver:
    """What a guest's driver says on the control queue of the virtio-serial."""

    def __init__(self, guest):
        self.guest = guest
        self.base = next(b for b in range(FIRST_SLOT, FIRST_SLOT + SLOTS * SLOT_SIZE, SLOT_SIZE)
                         if guest.call("readl 0x%x" % (b + DEVICE_ID)) == SERIAL_ID)
        self.count = 0
        for status in 0, 1, 3:
            self.write(STATUS, status)
        for select, features in (0, 1 << 1), (1, 1):  # multiport; version 1
            self.write(FEATURES_SEL, select)
            self.write(FEATURES, features)
        self.write(STATUS, 11)
        self.write(QUEUE_SEL, CONTROL_TX)
        self.write(QUEUE_NUM, ENTRIES)
        for register, address in RINGS:
            self.write(register, address)
        self.write(QUEUE_READY, 1)
        self.write(STATUS, 15)
        self.say(0xffffffff, DEVICE_READY, 1)

    def write(self, register, value):
        self.guest.call("writel 0x%x 0x%x" % (self.base + register, value))

    def put(self, address, data):
        self.guest.call("write 0x%x %d 0x%s" % (address, len(data), data.hex()))

    def say(self, port, event, value):
        index = self.count % ENTRIES
        at = BUFFER + 8 * index
        self.put(at, struct.pack("<IHH", port, event, value))
        self.put(RINGS[0][1] + 16 * index, struct.pack("<QIHH", at, 8, 0, 0))
        self.put(RINGS[1][1] + 4 + 2 * index, struct.pack("<H", index))
        self.count += 1
        self.put(RINGS[1][1] + 2, struct.pack("<H", self.count))
        self.write(NOTIFY, CONTROL_TX)

    def open(self, port, value=1):
        self.say(port, PORT_OPEN, value)

    def ready(self, port):
        self.say(port, PORT_READY, 1)

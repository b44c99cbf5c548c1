# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls to a daemon without libvirt, as many at a time as one likes."""
import select
import socket
import struct

from driver_proxy import PROGRAM, read_frame

OPEN, DESTROY, AUTH_LIST, RESET, GET_STATE = 1, 12, 66, 245, 212
OK, ERROR = 0, 1


def string(text):
    data = text.encode()
    return struct.pack(">I", len(data)) + data + b"\0" * (-len(data) % 4)


def domain(number, name="vm"):
    """As it is known to clients: see the XML of driver_daemon."""
    uuid = bytes.fromhex("11111111222233334444" + "%012d" % number)
    return string(name) + uuid + struct.pack(">i", -1)


class Rpc:
    """A connection. Replies are collected in .replies: serial -> (status, payload)."""

    def __init__(self, daemon):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(daemon.uri.split("socket=")[1])
        self.serial = 0
        self.replies = {}
        for procedure, payload in (AUTH_LIST, b""), (OPEN, struct.pack(">II", 0, 0)):
            assert self.wait(self.send(procedure, payload))[0] == OK

    def send(self, procedure, payload):
        self.serial += 1
        self.socket.sendall(struct.pack(">IIIIIII", 28 + len(payload), PROGRAM, 1,
                                        procedure, 0, self.serial, 0) + payload)
        return self.serial

    def read(self):
        frame = read_frame(self.socket)
        assert frame, "the daemon has closed the connection"
        _, _, _, _, kind, serial, status = struct.unpack(">IIIIIII", frame[:28])
        if kind == 1:
            self.replies[serial] = status, frame[28:]

    def wait(self, serial):
        while serial not in self.replies:
            self.read()
        return self.replies[serial]

    def poll(self):
        """Reads what is there. How many calls are not answered yet."""
        while select.select([self.socket], [], [], 0)[0]:
            self.read()
        return self.serial - len(self.replies)

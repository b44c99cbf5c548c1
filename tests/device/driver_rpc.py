# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls to a daemon without libvirt, as many at a time as one likes."""
import select
import socket
import struct

from driver_daemon import LIMIT
from driver_proxy import PROGRAM, read_frame

OPEN, DESTROY, COUNT, AUTH_LIST, OPEN_CONSOLE, GET_STATE, RESET = 1, 12, 51, 66, 201, 212, 245
OK, ERROR, CONTINUE = 0, 1, 2
CALL, REPLY, MESSAGE, STREAM = 0, 1, 2, 3
KEEPALIVE, PING, PONG = 0x6b656570, 1, 2


def string(text):
    data = text.encode()
    return struct.pack(">I", len(data)) + data + b"\0" * (-len(data) % 4)


def domain(number, name="vm"):
    """As it is known to clients: see the XML of driver_daemon."""
    uuid = bytes.fromhex("11111111222233334444" + "%012d" % number)
    return string(name) + uuid + struct.pack(">i", -1)


class Rpc:
    """A connection. Replies are collected in .replies: serial -> (status, payload); the
    data of streams in .data: serial -> bytes; and .pongs are counted."""

    def __init__(self, daemon):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(LIMIT)
        self.socket.connect(daemon.uri.split("socket=")[1])
        self.serial = 0
        self.replies = {}
        self.data = {}
        self.pongs = 0
        for procedure, payload in (AUTH_LIST, b""), (OPEN, struct.pack(">II", 0, 0)):
            assert self.wait(self.send(procedure, payload))[0] == OK

    def write(self, program, procedure, kind, serial, status, payload=b""):
        frame = struct.pack(">IIIIIII", 28 + len(payload), program, 1, procedure, kind,
                            serial, status) + payload
        try:
            self.socket.sendall(frame)
        except TimeoutError:
            raise AssertionError("the daemon does not read the connection") from None

    def send(self, procedure, payload):
        self.serial += 1
        self.write(PROGRAM, procedure, CALL, self.serial, OK, payload)
        return self.serial

    def send_data(self, procedure, serial, payload):
        self.write(PROGRAM, procedure, STREAM, serial, CONTINUE, payload)

    def ping(self):
        self.write(KEEPALIVE, PING, MESSAGE, 0, OK)

    def read(self):
        frame = read_frame(self.socket)
        assert frame, "the daemon has closed the connection"
        _, program, _, procedure, kind, serial, status = struct.unpack(">IIIIIII", frame[:28])
        if program == KEEPALIVE:
            self.pongs += procedure == PONG
        elif kind == REPLY:
            self.replies[serial] = status, frame[28:]
        elif kind == STREAM:
            assert status == CONTINUE, frame[28:]
            self.data[serial] = self.data.get(serial, b"") + frame[28:]

    def wait(self, serial):
        while serial not in self.replies:
            self.read()
        return self.replies[serial]

    def poll(self):
        """Reads what is there. How many calls are not answered yet."""
        while select.select([self.socket], [], [], 0)[0]:
            self.read()
        return self.serial - len(self.replies)

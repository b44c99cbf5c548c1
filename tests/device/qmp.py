# SPDX-License-Identifier: GPL-2.0-or-later
"""A QMP client, and what an emulator is, for all tests in Python and for tests/perf."""
import array
import json
import socket

TIMEOUT = 120.0  # seconds that a reply may take, on a machine that has other work


def is_sanitized(emulator):
    """Built with AddressSanitizer? Its leak checker does at exit what no filter allows."""
    with open(emulator, "rb") as f:
        return b"__asan_init" in f.read()


class QmpError(RuntimeError):
    """A command has ended with an error; the text is its description."""

    def __init__(self, error):
        super().__init__(error["desc"])
        self.kind = error["class"]


def pack(command, arguments):
    return json.dumps({"execute": command, "arguments": arguments}).encode()


class Qmp:
    """A connected socket. Events are collected in .events until somebody takes them."""

    def __init__(self, sock):
        self.sock = sock
        self.sock.settimeout(TIMEOUT)
        self.buffer = b""
        self.events = []
        self.greeting = None

    def start(self):
        """Until commands are taken; returns self."""
        self.greeting = self.read()
        self("qmp_capabilities")
        return self

    def read(self):
        """The next message; EOFError when there is none any more."""
        while b"\n" not in self.buffer:
            data = self.sock.recv(65536)
            if not data:
                raise EOFError
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def reply(self):
        """The next message that is no event."""
        while "event" in (message := self.read()):
            self.events.append(message)
        return message

    def raw(self, command, arguments, passing=None):
        """Runs a command; a descriptor may go along. The whole reply."""
        rights = [] if passing is None else [
            (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [passing]))]
        self.sock.sendmsg([pack(command, arguments)], rights)
        return self.reply()

    def __call__(self, command, /, passing=None, **arguments):
        """What a command returns. In arguments' names an underscore is a dash."""
        reply = self.raw(command, {k.replace("_", "-"): v for k, v in arguments.items()},
                         passing)
        if "error" in reply:
            raise QmpError(reply["error"])
        return reply["return"]

    def error(self, command, /, passing=None, **arguments):
        """Class and description of the error that it must end with."""
        try:
            returned = self(command, passing, **arguments)
        except QmpError as e:
            return e.kind, str(e)
        raise AssertionError("%s is not refused: %s" % (command, returned))

    def refused(self, command, /, passing=None, **arguments):
        """The description alone."""
        return self.error(command, passing, **arguments)[1]

    def event(self, name):
        """Takes events until one of that name has come, which is returned."""
        while True:
            message = self.events.pop(0) if self.events else self.read()
            if message.get("event") == name:
                return message

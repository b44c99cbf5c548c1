# SPDX-License-Identifier: GPL-2.0-or-later
"""A QMP connection: requests and their replies, and all events that came between."""
import json
import socket
import time

SECONDS = 60


def connect(path):
    """To a socket whose file is there: that is so before somebody listens."""
    deadline = time.monotonic() + 10
    while True:
        client = socket.socket(socket.AF_UNIX)
        try:
            client.connect(str(path))
            return client
        except ConnectionRefusedError:
            client.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


class Monitor:
    def __init__(self, path):
        self.socket = connect(path)
        self.text = b""
        self.events = []
        self.read()  # the greeting
        self.execute("qmp_capabilities")

    def read(self, seconds=SECONDS):
        """One message; None at the end of the file. TimeoutError."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self.text:
            self.socket.settimeout(max(0.001, deadline - time.monotonic()))
            data = self.socket.recv(65536)
            if not data:
                return None
            self.text += data
        line, self.text = self.text.split(b"\n", 1)
        return json.loads(line)

    def execute(self, request, **arguments):
        """The reply to a command's name or a whole request; None if the monitor closed
        first, as after quit."""
        if isinstance(request, str):
            request = {"execute": request} | ({"arguments": arguments} if arguments else {})
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        while (message := self.read()) is not None and "event" in message:
            self.events.append(message)
        return message

    def find_events(self, name, since=0, **data):
        """Of the events from the one numbered `since` on, those of this name and data."""
        return [event for event in self.events[since:]
                if event["event"] == name and data.items() <= event.get("data", {}).items()]

    def wait_event(self, name, seconds=SECONDS, since=0, **data):
        """The first such event; None if the monitor closed, or none came in time."""
        deadline = time.monotonic() + seconds
        while not (found := self.find_events(name, since, **data)):
            try:
                message = self.read(deadline - time.monotonic())
            except TimeoutError:
                return None
            if message is None:
                return None
            self.events.append(message)
        return found[0]

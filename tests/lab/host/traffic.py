# SPDX-License-Identifier: GPL-2.0-or-later
"""Files that a guest gets from this host by TCP, each another one, and sends back, over
and over: see Traffic. What comes back is what was sent, whatever happened on the way."""
import hashlib
import os
import random
import socket
import threading
import time

HOST = "10.0.2.2"
GUEST = "10.0.2.15"
SIZE = 1 << 20
DEAD = 60  # seconds after which a connection is given up: its guest may have gone
ADDRESS = f"ip link set eth0 up; ip addr replace {GUEST}/24 dev eth0"
# A name of its own for each order: those of before may still hang.
LOOP = ("touch /tmp/{0}; for i in $(seq {1}); do (while [ -e /tmp/{0} ]; do "
        "wget -q -O /tmp/{0}-$i http://" + HOST + ":8000/ && nc " + HOST +
        " 9000 < /tmp/{0}-$i; done) > /dev/null 2>&1 & done")


class Traffic:
    """good, bad: files that came back, whole and as they were, or not; a connection that
    ends before the file does counts as neither. moved: bytes, both ways."""

    def __init__(self):
        self.data = os.urandom(2 * SIZE)
        self.under_way = set()
        self.good = self.bad = self.moved = self.loops = 0
        self.lock = threading.Lock()
        for port, serve in ((8000, self.send), (9000, self.receive)):
            server = socket.create_server(("", port))
            threading.Thread(target=self.accept, args=(server, serve), daemon=True).start()

    def accept(self, server, serve):
        while True:
            connection, _ = server.accept()
            connection.settimeout(DEAD)
            threading.Thread(target=self.run, args=(connection, serve), daemon=True).start()

    @staticmethod
    def run(connection, serve):
        with connection:
            try:
                serve(connection)
            except OSError:
                pass

    def count(self, size):
        with self.lock:
            self.moved += size

    def send(self, connection):
        connection.recv(65536)  # what is asked for is known
        start = random.randrange(SIZE)
        file = memoryview(self.data)[start:start + SIZE]
        with self.lock:
            self.under_way.add(hashlib.sha256(file).digest())
        connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
        for at in range(0, SIZE, 65536):
            connection.sendall(file[at:at + 65536])
            self.count(65536)

    def receive(self, connection):
        digest, size = hashlib.sha256(), 0
        while data := connection.recv(65536):
            digest.update(data)
            size += len(data)
            self.count(len(data))
        with self.lock:
            if size == SIZE and digest.digest() in self.under_way:
                self.under_way.remove(digest.digest())
                self.good += 1
            elif size >= SIZE:
                self.bad += 1

    # --- the guest's side: by orders (see vm.py) ---

    def start(self, guest, streams=2):
        self.stop(guest)
        self.loops += 1
        guest.order(LOOP.format(f"loop{self.loops}", streams))

    def stop(self, guest):
        """Those that hang in a connection end later, or never."""
        guest.order("rm -f /tmp/loop*")

    def goes_on(self, files=2, seconds=90):
        """Whether so many more come back, and none that is wrong has ever."""
        wanted, deadline = self.good + files, time.monotonic() + seconds
        while self.good < wanted and not self.bad and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.good >= wanted and not self.bad

# SPDX-License-Identifier: GPL-2.0-or-later
"""A proxy between virsh and a daemon that acts at a chosen step of the RPC protocol."""
import os
import socket
import struct
import threading

CALL, REPLY = 0, 1
PROGRAM = 0x20008086
BEGIN, PREPARE, PERFORM, FINISH, CONFIRM = 302, 303, 305, 306, 307  # of a migration


def read_frame(sock):
    """A whole frame, or None at the end."""
    data = b""
    while len(data) < 4 or len(data) < struct.unpack(">I", data[:4])[0]:
        want = 4 if len(data) < 4 else struct.unpack(">I", data[:4])[0]
        try:
            more = sock.recv(want - len(data))
        except OSError:
            return None
        if not more:
            return None
        data += more
    return data


class Proxy:
    """Listens at uri. When the call (or the reply) of the procedure has been passed on
    (or is about to be), action is called, once. After cut() nothing passes any more."""

    def __init__(self, daemon, procedure=None, kind=CALL, action=None):
        self.path = os.path.join(daemon.root, "proxy.sock")
        self.target = daemon.uri.split("socket=")[1]
        self.uri = "vireo+unix:///system?socket=" + self.path
        self.trigger = (procedure, kind)
        self.action = action
        self.sockets = []
        self.is_cut = False
        self.done = threading.Event()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(8)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.target)
            self.sockets += [client, server]
            for a, b in ((client, server), (server, client)):
                threading.Thread(target=self.pump, args=(a, b), daemon=True).start()

    def pump(self, source, destination):
        while True:
            frame = read_frame(source)
            if frame is None or self.is_cut:
                break
            program, _, procedure, kind = struct.unpack(">IIII", frame[4:20])
            hit = program == PROGRAM and (procedure, kind) == self.trigger
            if hit and kind == REPLY:
                self.act()
                if self.is_cut:
                    break
            try:
                destination.sendall(frame)
            except OSError:
                break
            if hit and kind == CALL:
                self.act()
        for s in (source, destination):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def act(self):
        if not self.done.is_set():
            self.action()
            self.done.set()

    def cut(self):
        self.is_cut = True
        for s in self.sockets:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.cut()
        self.listener.close()
        os.unlink(self.path)

# SPDX-License-Identifier: GPL-2.0-or-later
"""A stand-in for libvirt's network driver: networks and their ports, over libvirt's RPC, at
the socket of virtnetworkd beside a daemon's own."""
import os
import re
import socket
import struct
import threading

from driver_proxy import PROGRAM, read_frame
from driver_rpc import CALL, ERROR, KEEPALIVE, MESSAGE, OK, PING, PONG, REPLY, string

OPEN, LOOKUP, AUTH_LIST, LEASES, CREATE, DESCRIBE, DELETE = 1, 46, 66, 341, 406, 409, 410
FROM_NETWORK, NO_NETWORK, NO_PORT, INVALID = 19, 43, 107, 55


class Failure(Exception):
    """(code, message)"""


class Reader:
    def __init__(self, data):
        self.data = data

    def bytes(self, n):
        taken, self.data = self.data[:n], self.data[n:]
        assert len(taken) == n, "a call that is too short"
        return taken

    def number(self):
        return struct.unpack(">I", self.bytes(4))[0]

    def string(self):
        n = self.number()
        return self.bytes(n + -n % 4)[:n].decode()

    def network(self):
        return self.string(), self.bytes(16)

    def end(self):
        assert self.data == b"", "bytes too many: %r" % self.data


def error_payload(code, message):
    return struct.pack(">iiI", code, FROM_NETWORK, 1) + string(message) + struct.pack(
        ">iIIIIiiI", 2, 0, 0, 0, 0, -1, -1, 0)


class NetworkDaemon:
    """networks: name -> the <plug> of its ports (and what else they get). ports: uuid ->
    (network, the XML that was asked for). calls: the names of all, in order. leases: MAC
    address -> address. fail: names of calls that fail."""

    def __init__(self, daemon, networks, name="virtnetworkd-sock"):
        self.networks = dict(networks)
        self.ports = {}
        self.calls = []
        self.leases = {}
        self.fail = set()
        self.silent = set()  # calls without an answer
        self.hold = {}       # names of calls -> events: answered when they are set
        self.uris = []
        self.failures = []   # of the stand-in itself
        self.path = os.path.join(daemon.root, "run/libvirt", name)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(8)
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        os.unlink(self.path)
        assert not self.failures, self.failures

    def accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client:
            while True:
                frame = read_frame(client)
                if frame is None:
                    return
                try:
                    self.answer(client, frame)
                except (AssertionError, struct.error) as e:
                    self.failures.append(e)
                    return

    def answer(self, client, frame):
        _, program, _, procedure, kind, serial, _ = struct.unpack(">7I", frame[:28])

        def send(program, procedure, kind, serial, status, payload=b""):
            client.sendall(struct.pack(">7I", 28 + len(payload), program, 1, procedure,
                                       kind, serial, status) + payload)

        if program == KEEPALIVE:
            if procedure == PING:
                send(KEEPALIVE, PONG, MESSAGE, 0, OK)
            return
        assert (program, kind) == (PROGRAM, CALL), frame
        name, handler = self.handlers[procedure]
        self.calls.append(name)
        if name in self.silent:
            return
        if name in self.hold:
            self.hold[name].wait()
        send(KEEPALIVE, PING, MESSAGE, 0, OK)
        send(PROGRAM, 315, MESSAGE, 1, OK, b"\0\0\0\0")  # an event, which is nobody's
        try:
            if name in self.fail:
                raise Failure(INVALID, "Requested operation is not valid: told to fail")
            reader = Reader(frame[28:])
            payload = handler(self, reader)
            reader.end()
            send(PROGRAM, procedure, REPLY, serial, OK, payload)
        except Failure as e:
            send(PROGRAM, procedure, REPLY, serial, ERROR, error_payload(*e.args))

    # ---- procedures ----

    def auth(self, _):
        return struct.pack(">II", 1, 0)

    def open(self, r):
        assert r.number() == 1
        self.uris.append(r.string())
        r.number()
        return b""

    def lookup(self, r):
        name = r.string()
        if name not in self.networks:
            raise Failure(NO_NETWORK, "Network not found: no network with matching name "
                          "'%s'" % name)
        return string(name) + name.encode().ljust(16, b"\1")

    def create(self, r):
        network, _ = r.network()
        xml = r.string()
        r.number()
        uuid = re.match(r"<networkport><uuid>(.*?)</uuid>", xml).group(1)
        assert uuid not in self.ports, uuid
        self.ports[uuid] = (network, xml)
        return string(network) + network.encode().ljust(16, b"\1") + \
            bytes.fromhex(uuid.replace("-", ""))

    def port(self, r):
        network, _ = r.network()
        data = r.bytes(16).hex()
        r.number()
        uuid = "-".join((data[:8], data[8:12], data[12:16], data[16:20], data[20:]))
        if self.ports.get(uuid, (None,))[0] != network:
            raise Failure(NO_PORT, "network port not found: Network port with UUID %s does "
                          "not exist" % uuid)
        return uuid

    def describe(self, r):
        network, xml = self.ports[self.port(r)]
        return string(xml.replace("</networkport>", self.networks[network] +
                                  "</networkport>"))

    def delete(self, r):
        del self.ports[self.port(r)]
        return b""

    def get_leases(self, r):
        network, _ = r.network()
        assert r.number() == 1
        mac = r.string()
        assert r.number() == 1 and r.number() == 0
        address = self.leases.get(mac)
        if not address:
            return struct.pack(">II", 0, 0)
        return struct.pack(">I", 1) + string("virbr0") + struct.pack(">qiI", 99, 0, 1) + \
            string(mac) + struct.pack(">I", 0) + string(address) + struct.pack(
                ">III", 24, 0, 0) + struct.pack(">I", 1)


HANDLERS = {
    AUTH_LIST: ("auth", NetworkDaemon.auth), OPEN: ("open", NetworkDaemon.open),
    LOOKUP: ("lookup", NetworkDaemon.lookup), CREATE: ("create", NetworkDaemon.create),
    DESCRIBE: ("describe", NetworkDaemon.describe),
    DELETE: ("delete", NetworkDaemon.delete), LEASES: ("leases", NetworkDaemon.get_leases),
}
NetworkDaemon.handlers = HANDLERS

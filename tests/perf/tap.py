# SPDX-License-Identifier: GPL-2.0-or-later
"""Taps in networks of their own."""
import contextlib
import ctypes
import fcntl
import os
import socket
import struct
import threading

NAME = b"perf"
ADDRESS, MAC = "10.9.9.1", "525400123401"  # of our end, where it answers
PEER, PEER_MAC = "10.9.9.2", "525400123456"  # of the guest (tests/tiny/traffic.c)

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454ca
SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK = 0x8914, 0x8916, 0x891c
SIOCSIFHWADDR, SIOCSARP = 0x8924, 0x8955
IFF_UP, IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 1, 2, 0x1000, 0x4000
ARPHRD_ETHER, ATF_COM, ATF_PERM = 1, 2, 4


def _inet(address):
    return struct.pack("<HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))


def _ether(mac):
    return struct.pack("<H14s", ARPHRD_ETHER, bytes.fromhex(mac))


def _up(sock):
    fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sH22x", NAME, IFF_UP))


def answer(sock):
    """Our end has an address, knows the guest's, and answers what the guest sends."""
    for request, value in ((SIOCSIFHWADDR, _ether(MAC)), (SIOCSIFADDR, _inet(ADDRESS)),
                           (SIOCSIFNETMASK, _inet("255.255.255.0"))):
        fcntl.ioctl(sock, request, struct.pack("16s16s8x", NAME, value))
    _up(sock)
    fcntl.ioctl(sock, SIOCSARP, _inet(PEER) + _ether(PEER_MAC) +
                struct.pack("<I16s16s", ATF_PERM | ATF_COM, b"", NAME))


def make(set_up=_up):
    """A descriptor of a tap that is up in a network of its own; None where that is not
    allowed. set_up: is given a socket of that network."""
    made = []

    def run():
        if ctypes.CDLL(None).unshare(CLONE_NEWNET):  # of this thread alone
            return
        with contextlib.suppress(OSError):
            fd = os.open("/dev/net/tun", os.O_RDWR)
            made.append(fd)
            os.set_inheritable(fd, True)
            flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR
            fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", NAME, flags))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                set_up(s)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return made[0] if made else None

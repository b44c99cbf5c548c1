# SPDX-License-Identifier: GPL-2.0-or-later
"""What a socket gives to whoever moves a guest's memory over it and does nothing else.

One process sends a file's pages that it has mapped, another receives them into memory
that nobody has touched, for which it has asked huge pages: what the two sides of a
migration have, and no more. A receiver that reads into one warm buffer is faster, but no
guest could run in that.
"""
import mmap
import os
import socket
import time

PIECE = 1 << 20


def pair(kind):
    """Two connected stream sockets."""
    if kind == "unix":
        return socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        return ours, server.accept()[0]


def receive(sock, size):
    with mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory.madvise(mmap.MADV_HUGEPAGE)
        with memoryview(memory) as view:
            at = 0
            while at < size:
                n = sock.recv_into(view[at:at + PIECE])
                if n == 0:
                    raise EOFError
                at += n
        sock.sendall(b".")


def rate(kind, path, size, warm):
    """Bytes a second, of `size` bytes of the file; warm() is called just before."""
    ours, theirs = pair(kind)
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            ours.close()
            theirs.recv(1)
            receive(theirs, size)
            status = 0
        finally:
            os._exit(status)
    theirs.close()
    with ours, open(path, "rb") as f, \
            mmap.mmap(f.fileno(), size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ) as memory, \
            memoryview(memory) as view:
        warm()
        begin = time.monotonic()
        ours.sendall(b".")
        for at in range(0, size, PIECE):
            ours.sendall(view[at:at + PIECE])
        if ours.recv(1) != b".":
            raise RuntimeError("the receiver of the bare socket has died")
        seconds = time.monotonic() - begin
    os.waitpid(pid, 0)
    return size / seconds

# SPDX-License-Identifier: GPL-2.0-or-later
"""The frequency of this machine's time stamp counter.

Under software emulation a lab host's counter is this machine's. A lab host that
measures it itself while this machine is busy is wrong by whole factors, and so are
then its clock and those of its guests.
"""
import ctypes
import mmap
import time

# rdtsc; shl rdx, 32; or rax, rdx; ret
CODE = bytes.fromhex("0f31 48c1e220 4809d0 c3".replace(" ", ""))
SECONDS = 0.1


def khz():
    with mmap.mmap(-1, mmap.PAGESIZE,
                   prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC) as page:
        page.write(CODE)
        start = ctypes.c_char.from_buffer(page)
        read = ctypes.CFUNCTYPE(ctypes.c_uint64)(ctypes.addressof(start))
        clock = time.monotonic_ns
        before, counter = clock(), read()
        time.sleep(SECONDS)
        after, later = clock(), read()
        del start
    return (later - counter) * 1_000_000 // (after - before)

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz/qmp-fuzz.h"

const QmpMachine qmp_machine = {
    .args = "-machine microvm -m 8M -serial null -smp 2 -name fuzz "
            "-object iothread,id=io -object rng-builtin,id=r -chardev null,id=c0 "
            "-blockdev driver=file,node-name=n0,filename=disk0 "
            "-device virtio-blk-device,id=d0,drive=n0,bus=virtio-mmio-bus.0 "
            "-device virtio-rng-device,id=r0,rng=r,bus=virtio-mmio-bus.3",
};

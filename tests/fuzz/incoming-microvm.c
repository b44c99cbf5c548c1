/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A microvm, with a disk whose slot is vacant at the destination. */
#include "fuzz/incoming-fuzz.h"

#define SLOT(n) (0xfeb00000u + 0x1000u * (n))

static void make_files(void)
{
    fuzz_make_file("disk0", 1 << 20);
    fuzz_make_file("disk1", 1 << 20);
}

static char *args(gboolean source)
{
    g_autofree char *card = fuzz_card("virtio-net-device,bus=virtio-mmio-bus.4");

    return g_strdup_printf(
        "-machine microvm -m 8M -smp 2 -device isa-serial,chardev=c -chardev null,id=c "
        "-device pvpanic -object rng-builtin,id=r -chardev null,id=e "
        "-device isa-debugcon,chardev=e "
        "-blockdev driver=file,node-name=n0,filename=disk0 "
        "-blockdev driver=file,node-name=n1,filename=disk1 "
        "-device virtio-blk-device,id=d0,drive=n0,num-queues=2,bus=virtio-mmio-bus.0 "
        "-device virtio-balloon-device,free-page-reporting=on,bus=virtio-mmio-bus.5 "
        "-device virtio-serial-device,id=vs,max_ports=3,bus=virtio-mmio-bus.6 "
        "-device virtio-keyboard-device,bus=virtio-mmio-bus.7 "
        "-device virtio-mouse-device,bus=virtio-mmio-bus.8 "
        "-device virtio-tablet-device,bus=virtio-mmio-bus.9 "
        "-chardev null,id=vc -device virtconsole,bus=vs.0,chardev=vc "
        "-device virtserialport,bus=vs.0,name=x "
        "-device virtio-rng-device,rng=r,bus=virtio-mmio-bus.3 %s %s",
        card,
        source ? "-device virtio-blk-device,id=gone,drive=n1,bus=virtio-mmio-bus.1" : "");
}

static void use_disk(FuzzVm *source, unsigned slot)
{
    static const guint32 steps[][2] = {
        { 0x70, 1 },        { 0x70, 3 }, { 0x24, 1 },        { 0x20, 1 },
        { 0x70, 11 },       { 0x38, 8 }, { 0x80, 0x400000 }, { 0x90, 0x401000 },
        { 0xa0, 0x402000 }, { 0x44, 1 }, { 0x70, 15 },
    };
    g_autoptr(GString) lines = g_string_new(NULL);

    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        g_string_append_printf(lines, "writel 0x%x 0x%x\n", SLOT(slot) + steps[i][0],
                               steps[i][1]);
    }
    fuzz_vm_qtest(source, lines->str);
}

static void use(FuzzVm *source)
{
    use_disk(source, 0);
    use_disk(source, 1);
    use_disk(source, 3);
    use_disk(source, 4); /* the card, where there is one */
    fuzz_vm_qtest(source, "outb 0x3fc 0x10\noutb 0x3f8 0x61\noutb 0x70 0xa\n"
                          "outb 0x71 0x26\nclock_step 2000000000\n");
    g_free(fuzz_vm_qmp(source, "{\"execute\":\"device_del\",\"arguments\":"
                               "{\"id\":\"gone\"}}"));
}

const IncomingMachine incoming_machine = {
    .make_files = make_files,
    .args = args,
    .use = use,
};

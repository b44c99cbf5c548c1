/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A q35: device_add at all kinds of addresses, also those that are none. */
#include "fuzz/qmp-fuzz.h"

#define PICK(list, in) list[fuzz_take(in, 1) % G_N_ELEMENTS(list)]

static const char *const ids[] = { "x", "x", "d1", "d1", "n1", "machine", "d0", "" };

static const char *const drivers[] = {
    "pci-testdev\"",
    "pci-testdev\",\"membar\":65536",
    "pci-testdev\",\"membar\":1099511627776",
    "pci-testdev\",\"membar\":\"3G\"",
    "virtio-rng-pci\",\"rng\":\"r\"",
    "virtio-rng-pci-non-transitional\",\"rng\":\"r\",\"max-bytes\":1,\"period\":1",
    "virtio-blk-pci\",\"drive\":\"n1\"",
    "virtio-blk-pci\",\"drive\":\"n1\",\"iothread\":\"io\",\"num-queues\":3",
    "virtio-net-pci\",\"netdev\":\"x\"",
    "virtio-balloon-pci\"",
    "virtio-serial-pci\",\"max_ports\":2",
    "virtserialport\",\"name\":\"x\"",
    "pcie-root-port\",\"chassis\":9,\"port\":1",
    "pci-bridge\",\"chassis_nr\":9",
    "xio3130-downstream\",\"chassis\":9",
    "virtio-rng-device\",\"rng\":\"r\"",
    "mch\"",
    "pci-testdev\"",
    "virtio-rng-pci\",\"rng\":\"r\"",
};

/* rp2's slot is for no hot-plug; rp3 has a function 0 that stays. */
static const char *const buses[] = { "rp0", "rp1", "rp3", "rp0",    "rp1",   "rp3",
                                     "rp0", "rp1", "rp2", "pcie.0", "pci.0", "no",
                                     "pb0", "pb1", "dn",  "up" };

static const char *const addresses[] = {
    "\"0\"",       "\"0x0\"",     "\"00.0\"",
    "\"0.1\"",     "\"0x0.0x7\"", "\"0.8\"",
    "\"1\"",       "\"0x1.0\"",   "\"1f.7\"",
    "\"20\"",      "\"3.\"",      "\".1\"",
    "\"-1\"",      "\"\"",        "\"0x\"",
    "\"0 \"",      "\"0.0.0\"",   "\"99999999999\"",
    "\"0:0:0.0\"", "0",           "1",
    "7",           "8",           "-1",
    "-2",          "255",         "256",
    "4294967296",  "0.0",         "true",
    "null",        "[]",
};

static const char *const others[] = {
    "\"multifunction\":true", "\"multifunction\":\"on\"",
    "\"vectors\":0",          "\"vectors\":1",
    "\"vectors\":2048",       "\"vectors\":4294967296",
    "\"acpi-index\":1",       "\"acpi-index\":16383",
    "\"romfile\":\"\"",       "\"romfile\":\"disk0\"",
    "\"rombar\":2",           "\"ioeventfd\":false",
    "\"queue_reset\":false",  "\"disable-legacy\":\"off\"",
    "\"page-per-vq\":true",   "\"failover_pair_id\":\"d0\"",
};

static char *device_add(FuzzInput *in)
{
    g_autoptr(GString) text = g_string_new("{\"execute\":\"device_add\",\"arguments\":{");
    guint8 how = fuzz_take(in, 1);

    g_string_append_printf(text, "\"driver\":\"%s", PICK(drivers, in));
    g_string_append_printf(text, ",\"id\":\"%s\"", PICK(ids, in));
    if (how & 15) {
        g_string_append_printf(text, ",\"bus\":\"%s\"", PICK(buses, in));
    }
    if (how & 16) {
        g_string_append_printf(text, ",\"addr\":%s", PICK(addresses, in));
    }
    if ((how & 0x60) == 0x60) {
        g_string_append_printf(text, ",%s", PICK(others, in));
    }
    g_string_append(text, "}}");
    return g_string_free(g_steal_pointer(&text), FALSE);
}

const QmpMachine qmp_machine = {
    .args = "-machine q35 -m 16M -serial null -smp 2 -name fuzz "
            "-object iothread,id=io -object rng-builtin,id=r -chardev null,id=c0 "
            "-blockdev driver=file,node-name=n0,filename=disk0 "
            "-blockdev driver=file,node-name=n1,filename=disk1 "
            "-device pcie-root-port,id=rp0,chassis=1,addr=2.0,multifunction=on "
            "-device pcie-root-port,id=rp1,chassis=2,addr=2.1 "
            "-device pcie-root-port,id=rp2,chassis=3,addr=2.2,hotplug=off "
            "-device pcie-root-port,id=rp3,chassis=4,addr=2.3 "
            "-device pcie-pci-bridge,id=pb0,addr=0xa "
            "-device pci-bridge,id=pb1,bus=pb0,addr=1,chassis_nr=1 "
            "-device pcie-root-port,id=rp4,chassis=5,addr=2.4 "
            "-device x3130-upstream,id=up,bus=rp4 "
            "-device xio3130-downstream,id=dn,bus=up,chassis=6 "
            "-device pci-testdev,id=test,bus=rp3,addr=0,multifunction=on "
            "-device virtio-blk-pci,id=d0,drive=n0 -device ide-cd,id=cd0,bus=ide.1 "
            "-device virtio-rng-pci,id=r0,rng=r,addr=0x1e.7",
    .device_add = device_add,
};

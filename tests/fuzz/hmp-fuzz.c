/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The input is what somebody types at the human monitor of a real q35, each input on a
 * connection of its own: bytes below 0x80 as they are, others stand for words of its
 * commands. Whatever it was, the monitor then answers a line as it ought to.
 *
 * No file outside of the target's own directory can be named, no descriptor by its
 * number, and nothing that ends the process: '/', '=', ':' and 'q' come in words alone.
 */
#include "fuzz/hmp-fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuzz/vm.h"
#include "util/resolver.h"

#define ARGS                                                                             \
    "-machine q35 -m 16M -name fuzz -monitor unix:mon,server=on,wait=off "               \
    "-object rng-builtin,id=r -chardev null,id=c -object iothread,id=io "                \
    "-blockdev driver=file,node-name=n0,filename=disk0 "                                 \
    "-drive if=ide,index=1,media=cdrom,id=cd,format=raw,file=disk1 "                     \
    "-device virtio-blk-pci,id=d,drive=n0 -device virtio-balloon-pci "                   \
    "-device pcie-root-port,id=rp,chassis=1 -netdev user,id=u "                          \
    "-device virtio-net-pci,netdev=u,id=nic,romfile="

/* Behind whatever was typed: out of all states, and a line whose answer is known. */
#define LAST   "\x03~\x03\x03info name\n"
#define ANSWER "info name\r\nfuzz\r\n(qemu) "

struct HmpFuzzCounts hmp_fuzz_counts;

static FuzzVm *vm;

/* clang-format off */
static const char *const words[] = {
    "\n", "\n", " ", "\r\n", "\"", "\\\"",
    "balloon ", "change ", "chardev-remove ", "chardev-send-break ", "cont", "c",
    "device_add ", "device_del ", "eject ", "help ", "? ", "info ", "migrate ",
    "migrate_cancel", "migrate_incoming ", "migrate_set_capability ",
    "migrate_set_parameter ", "netdev_add ", "netdev_del ", "nmi", "object_add ",
    "object_del ", "qom-get ", "qom-list ", "sendkey ", "set_link ", "stop", "s",
    "system_powerdown", "system_reset", "system_wakeup", "watchdog_action ",
    "balloon", "block ", "blockstats", "chardev", "cpus", "iothreads", "kvm", "name",
    "migrate", "migrate_capabilities", "migrate_parameters", "network", "pci", "status",
    "uuid", "version", "vm-generation-id",
    "-d ", "-f ", "-z ", "on", "off", "none", "pause", "events ", "max-bandwidth ",
    "downtime-limit ", "cd ", "disk1 ", "nowhere ", "raw ", "read-only", "retain",
    "d", "nic ", "u", "c", "r", "io", "x", "rp", "/machine ", "type", "unix:u", "tcp:",
    "\ndevice_add virtio-rng-pci,rng=r,bus=rp,id=x\n", "device_del x\n", "virtio-rng-pci", ",rng=r",
    ",bus=rp", ",id=x", "rng-builtin", "iothread", "qom-type=", "user", "type=",
    "ctrl-alt-f1", "-", "0x1d", "16", "-1", "99999999999999999999", "10M", ",,", ".0=",
};
/* clang-format on */
G_STATIC_ASSERT(G_N_ELEMENTS(words) <= 128);

static void end(void)
{
    fuzz_vm_stop(vm);
}

static void set_up(void)
{
    fuzz_enter_directory();
    fuzz_make_file("disk0", 1 << 20);
    fuzz_make_file("disk1", 1 << 20);
    vm = fuzz_vm_start(ARGS);
    resolver_deny("fuzzing");
    atexit(end);
}

static GByteArray *type(const uint8_t *data, size_t len)
{
    GByteArray *typed = g_byte_array_new();

    for (size_t i = 0; i < len; i++) {
        const char *word = words[(data[i] & 0x7f) % G_N_ELEMENTS(words)];

        if (data[i] & 0x80) {
            g_byte_array_append(typed, (const guint8 *)word, (guint)strlen(word));
        } else if (!strchr("/=:qQ", data[i])) { /* nor NUL */
            g_byte_array_append(typed, &data[i], 1);
        }
    }
    g_byte_array_append(typed, (const guint8 *)LAST, strlen(LAST));
    return typed;
}

static unsigned count(const GByteArray *said, const char *text)
{
    const guint8 *p = said->data, *stop = said->data + said->len;
    unsigned n = 0;

    while ((p = memmem(p, (gsize)(stop - p), text, strlen(text)))) {
        p += strlen(text);
        n++;
    }
    return n;
}

static void take_away(void)
{
    static const char *const commands[] = {
        "{\"execute\":\"migrate_cancel\"}",
        "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"x\"}}",
    };

    for (guint i = 0; i < G_N_ELEMENTS(commands); i++) {
        g_autofree char *reply = fuzz_vm_qmp(vm, commands[i]);
        hmp_fuzz_counts.plugged += i == 1 && !fuzz_is_error(reply);
    }
    fuzz_vm_reset(vm); /* no guest lets go of what was plugged */
    g_free(fuzz_vm_qmp(vm, "{\"execute\":\"object-del\",\"arguments\":{\"id\":\"x\"}}"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "mon" };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_autoptr(GByteArray) typed = type(data, len), said = NULL;

    if (!vm) {
        set_up();
    }
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    said = fuzz_talk(fd, typed->data, typed->len);
    close(fd);
    if (said->len < strlen(ANSWER) ||
        memcmp(said->data + said->len - strlen(ANSWER), ANSWER, strlen(ANSWER)) != 0) {
        g_error("the monitor says '%.*s'", (int)said->len, (const char *)said->data);
    }
    hmp_fuzz_counts.prompts += count(said, "(qemu) ");
    hmp_fuzz_counts.errors += count(said, "\r\nError: ");
    take_away();
    return 0;
}

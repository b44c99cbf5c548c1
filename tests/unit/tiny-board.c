/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/tiny-board.h"

#include <elf.h>
#include <string.h>

#include "accel/run-state.h"
#include "accel/vcpu.h"
#include "event/clock.h"
#include "event/loop.h"
#include "memory/guest.h"

#define INFO         0x6000u
#define COMMAND_LINE 0x7000u

RamBlock *ram;
GString *output;
BootState boot;
guint64 tiny_first_exit;
static char command_line[256];

static void serial_write(void *opaque, guint64 offset, guint64 value, unsigned size)
{
    if (!tiny_first_exit) {
        tiny_first_exit = (guint64)clock_now(CLOCK_TYPE_REALTIME);
    }
    g_string_append_c(output, (char)value);
    g_main_context_wakeup(event_loop_context(event_loop_main()));
}

static const RegionOps serial_ops = { NULL, serial_write, 1, 1, TRUE };

Region *map(AddressMap *map, Region *region, guint64 addr)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(address_map_add(map, region, addr, &error));
    return region;
}

void unmap(AddressMap *map, Region *region)
{
    address_map_remove(region);
}

/* Copies the guest's segments to where they belong; returns the entry point. */
static guint32 load_elf(const char *name)
{
    g_autofree char *path =
        g_strdup_printf("%s/tests/tiny/%s.elf", g_getenv("builddir") ?: ".", name);
    g_autofree char *file = NULL;
    gsize size;
    g_assert_true(g_file_get_contents(path, &file, &size, NULL));
    const Elf32_Ehdr *e = (const Elf32_Ehdr *)file;
    const Elf32_Phdr *p = (const Elf32_Phdr *)(file + e->e_phoff);
    for (int i = 0; i < e->e_phnum; i++) {
        if (p[i].p_type == PT_LOAD) {
            memset(ram->host + p[i].p_paddr, 0, p[i].p_memsz);
            g_assert_true(guest_write(dma_space_memory(), p[i].p_paddr,
                                      file + p[i].p_offset, p[i].p_filesz));
        }
    }
    return e->e_entry;
}

void boot_guest(const char *name, const char *arguments)
{
    boot = (BootState){ .valid = TRUE, .entry = load_elf(name), .rbx = INFO };
    guint64 info[7] = { 0x1336ec578ull, 0, 0, COMMAND_LINE };
    g_strlcpy(command_line, arguments, sizeof(command_line));
    g_assert_true(guest_write(dma_space_memory(), INFO, info, sizeof(info)));
    g_assert_true(guest_write(dma_space_memory(), COMMAND_LINE, command_line,
                              strlen(command_line) + 1));
    g_string_truncate(output, 0);
    accel_get()->reset_vcpus(&boot);
}

void until_output(const char *text)
{
    while (!strstr(output->str, text)) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
}

void run_guest(const char *name, const char *arguments, const char *expected)
{
    boot_guest(name, arguments);
    vm_start();
    until_output(expected);
    vm_stop(RUN_STATE_PAUSED);
}

void tiny_board_make(unsigned cpus)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ConfigNode) node = config_map_new();
    output = g_string_new(NULL);
    config_map_set(node, "accel", config_string_new("kvm"));
    if (g_getenv("VIREO_TEST_WITHOUT")) {
        config_map_set(node, "x-without",
                       config_string_new(g_getenv("VIREO_TEST_WITHOUT")));
    }
    accel_set_ioapic(24, NULL, NULL);
    g_assert_true(accel_init(node, &error));
    ram = ram_block_new("ram", RAM_SIZE, &error);
    ram_block_register(ram, &error);
    map(address_map_memory(), region_new_ram("ram", ram, 0, RAM_SIZE, FALSE), 0);
    g_assert_true(accel_get()->create_irqchip(&error));
    gint64 t = clock_now(CLOCK_TYPE_REALTIME);
    for (unsigned i = 0; i < cpus; i++) {
        g_assert_true(accel_get()->create_vcpu(i, cpu_apic_id(i), &error));
    }
    g_assert_true(accel_get()->finish_vcpus(&error));
    g_test_message("%u vCPUs: %" G_GINT64_FORMAT " us", cpus,
                   (clock_now(CLOCK_TYPE_REALTIME) - t) / 1000);
    map(address_map_io(), region_new_io("serial", 8, &serial_ops, NULL), 0x3f8);
}

guint32 last_round(void)
{
    guint32 n = 0;
    for (const char *p = output->str; (p = strstr(p, "round ")) && strchr(p, '\n');) {
        p += strlen("round ");
        n = (guint32)strtoul(p, NULL, 10);
    }
    return n;
}

void until_round(void)
{
    while (!last_round()) {
        event_loop_iterate(event_loop_main(), TRUE);
    }
}

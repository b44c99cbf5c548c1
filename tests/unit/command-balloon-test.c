/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Balloons: what is added to a definition, where they are, what starts and changes them,
 * and what their guests tell. */
#include <libvirt/libvirt.h>

#include "command-q35.h"
#include "command/stats.h"

#define PLAIN(machine, memory, devices)                                                  \
    "<domain type='kvm'><name>d</name><memory unit='MiB'>64</memory>" memory             \
    "<os><type machine='" machine "'>hvm</type><kernel>/k</kernel></os>"                 \
    "<features><acpi/></features><devices>" devices NO_USB "</devices></domain>"

/* -device of the balloon, as at start; NULL: none. */
static char *device_of(const Domain *domain)
{
    CommandFacts facts = { .monitor_fd = 3 };
    g_autoptr(GError) error = NULL;
    guint next = 10;
    g_autoptr(GPtrArray) steps = command_start(domain, &facts, &next, &error);

    g_assert_no_error(error);
    for (guint i = 0; i < steps->len; i++) {
        const CommandStep *step = steps->pdata[i];
        g_autoptr(JsonNode) node = NULL;

        if (g_strcmp0(step->option, "-device") == 0 &&
            strstr(json_object_get_string_member(step->arguments, "driver"), "balloon")) {
            node = json_node_new(JSON_NODE_OBJECT);
            json_node_set_object(node, step->arguments);
            return json_to_string(node, FALSE);
        }
    }
    return NULL;
}

static void test_devices(void)
{
    static const struct {
        const char *text, *device;
    } rows[] = {
        { PLAIN("q35", "", ""), "{\"driver\":\"virtio-balloon-pci\",\"bus\":\"pci.1\","
                                "\"addr\":\"0x0\",\"id\":\"balloon0\"}" },
        { PLAIN("microvm", "", ""),
          "{\"driver\":\"virtio-balloon-device\",\"bus\":\"virtio-mmio-bus.0\","
          "\"id\":\"balloon0\"}" },
        { PLAIN("q35", "",
                "<memballoon model='virtio' autodeflate='on' freePageReporting='off'/>"),
          "{\"driver\":\"virtio-balloon-pci\",\"bus\":\"pci.1\",\"addr\":\"0x0\","
          "\"id\":\"balloon0\",\"deflate-on-oom\":true,\"free-page-reporting\":false}" },
        { PLAIN("q35", "", "<memballoon model='virtio-transitional'/>"),
          "{\"driver\":\"virtio-balloon-pci-transitional\",\"bus\":\"pci.2\","
          "\"addr\":\"0x1\",\"id\":\"balloon0\"}" },
        { PLAIN("q35", "", "<memballoon model='virtio-non-transitional'/>"),
          "{\"driver\":\"virtio-balloon-pci-non-transitional\",\"bus\":\"pci.1\","
          "\"addr\":\"0x0\",\"id\":\"balloon0\"}" },
        { PLAIN("q35", "", NONE), NULL },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Domain) domain = prepare(rows[i].text);
        g_autofree char *device = device_of(domain);

        g_assert_cmpstr(device, ==, rows[i].device);
        g_assert_cmpuint(domain->balloons->len, ==, 1);
        g_assert_true(!xml_domain_balloon(domain) == !rows[i].device);
    }
}

/* libvirt's order: after disks, before others. */
static void test_order(void)
{
    g_autoptr(Domain) domain =
        define(PLAIN("q35", "", RNG DISK("vda", "") NET "<memballoon model='virtio'/>"));

    check_places(domain,
                 "vda 2:0.0; 1 0:1.0+; 2 0:1.1; 3 0:1.2; 4 0:1.3; 5 0:1.4; "
                 "52:54:00:00:00:01 1:0.0; memballoon 3:0.0; /dev/urandom 4:0.0; ");
}

static void refused(const char *text, const char *words)
{
    g_autoptr(Domain) domain = parse(text);
    g_autoptr(GError) error = NULL;

    g_assert_false(command_complete(domain, NULL, "/e", &error));
    g_assert_nonnull(strstr(error->message, words));
}

static void test_refusals(void)
{
    refused(PLAIN("q35", "<currentMemory unit='MiB'>32</currentMemory>", NONE),
            "<currentMemory> of 32768 KiB");
    refused(PLAIN("microvm", "", "<memballoon model='virtio-transitional'/>"),
            "virtio (non-)transitional models");
}

/* What no option says, before the guest runs. */
static void test_settle(void)
{
    g_autoptr(Domain) all = prepare(PLAIN("q35", "", ""));
    g_autoptr(Domain) some =
        prepare(PLAIN("q35", "<currentMemory unit='MiB'>32</currentMemory>",
                      "<memballoon model='virtio'><stats period='7'/></memballoon>"));
    g_autoptr(GPtrArray) nothing = command_settle(all);
    g_autoptr(GPtrArray) steps = command_settle(some);
    const CommandStep *period, *size;

    g_assert_cmpuint(nothing->len, ==, 0);
    g_assert_cmpuint(steps->len, ==, 2);
    period = steps->pdata[0];
    size = steps->pdata[1];
    g_assert_cmpstr(period->execute, ==, "qom-set");
    g_assert_cmpstr(json_object_get_string_member(period->arguments, "path"), ==,
                    "/machine/peripheral/balloon0");
    g_assert_cmpint(json_object_get_int_member(period->arguments, "value"), ==, 7);
    g_assert_cmpstr(size->execute, ==, "balloon");
    g_assert_cmpint(json_object_get_int_member(size->arguments, "value"), ==, 32 << 20);
    g_assert_cmpuint(some->current_memory, ==, 32768);
    g_assert_cmpuint(all->current_memory, ==, all->memory);
}

/* A guest may tell anything, or nothing. */
static void test_stats(void)
{
    static const struct {
        const char *told, *read;
    } rows[] = {
        { NULL, "" },
        { "[]", "" },
        { "{\"stats\":[],\"last-update\":\"x\"}", "" },
        { "{\"stats\":{},\"last-update\":0}", "last-update=0 " },
        { "{\"stats\":{\"stat-swap-in\":2048,\"stat-minor-faults\":3,"
          "\"stat-free-memory\":18446744073709551615,\"stat-disk-caches\":-1,"
          "\"stat-htlb-pgfail\":1.5,\"stat-total-memory\":1073741824,"
          "\"other\":1},\"last-update\":12}",
          "swap_in=2 minor_fault=3 available=1048576 last-update=12 " },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(JsonNode) told =
            rows[i].told ? json_from_string(rows[i].told, NULL) : NULL;
        g_autoptr(GArray) stats = g_array_new(FALSE, FALSE, sizeof(CommandMemoryStat));
        g_autoptr(GString) text = g_string_new(NULL);

        command_memory_stats(told, stats);
        for (guint n = 0; n < stats->len; n++) {
            const CommandMemoryStat *stat = &g_array_index(stats, CommandMemoryStat, n);
            g_string_append_printf(text, "%s=%" G_GUINT64_FORMAT " ", stat->name,
                                   stat->value);
        }
        g_assert_cmpstr(text->str, ==, rows[i].read);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    xml_init();
    g_test_add_func("/command/balloon/devices", test_devices);
    g_test_add_func("/command/balloon/order", test_order);
    g_test_add_func("/command/balloon/refusals", test_refusals);
    g_test_add_func("/command/balloon/settle", test_settle);
    g_test_add_func("/command/balloon/stats", test_stats);
    return g_test_run();
}

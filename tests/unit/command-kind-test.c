/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt-driver/command/: what is done with all rows alike: places on buses, undoing. */
#include <string.h>

#include "command/kind.h"

#define NONE "<memballoon model='none'/>"
#define MICROVM(more)                                                                    \
    "<domain type='kvm'><name>d</name><memory "                                          \
    "unit='MiB'>64</memory><os><type>hvm</type>"                                         \
    "<kernel>/k</kernel></os><features><acpi/></features><devices>" NONE more            \
    "</devices></domain>"

static Domain *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    Domain *domain = xml_domain_parse(text, XML_PARSE_INACTIVE, &error);

    g_assert_no_error(error);
    return domain;
}

/* Ports that two have are told apart when they are defined, not by the emulator. */
static void test_ports(void)
{
    static const char unix_port[] =
        "<serial type='unix'><source mode='bind' path='/s%u'/><target "
        "port='%u'/></serial>"
        "<panic model='isa'><address type='isa' iobase='0x%x'/></panic>";
    static const struct {
        guint serial, iobase;
        const char *owner; /* NULL: it is free */
    } cases[] = {
        { 0, 0x3f8, "serial port 0" },
        { 0, 0x3ff, "serial port 0" },
        { 0, 0x3f7, NULL },
        { 0, 0x400, NULL },
        { 0, 0x2f8, NULL }, /* that of the second port, which there is not */
        { 1, 0x2f8, "serial port 1" },
        { 2, 0x3ef, "serial port 2" },
        { 3, 0x2e8, "serial port 3" },
        { 0, 0x70, "the machine's real-time clock" },
        { 0, 0x71, "the machine's real-time clock" },
        { 0, 0x72, NULL },
        { 0, 0xffff, NULL },
        { 0, 0x505, NULL },
    };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *devices =
            g_strdup_printf(unix_port, i, cases[i].serial, cases[i].iobase);
        g_autofree char *text = g_strdup_printf(MICROVM("%s"), devices);
        g_autofree char *words =
            g_strdup_printf("ISA port 0x%x of panic device isa is taken by %s",
                            cases[i].iobase, cases[i].owner);
        g_autoptr(Domain) domain = parse(text);
        g_autoptr(GError) error = NULL;
        gboolean ok = command_complete(domain, NULL, "/e", &error);

        g_assert_cmpstr(error ? error->message : NULL, ==, cases[i].owner ? words : NULL);
        g_assert_true(ok == !cases[i].owner);
    }
}

/* What capabilities say of the machine is what definitions may say. */
static void test_machine(void)
{
    const CommandMachine *machine = command_machine(NULL);
    g_auto(GStrv) archs = xml_domain_values("os/type@arch");
    g_autoptr(CapabilitiesValues) cpu = command_cpu_values();
    CapabilitiesGuest guest = { NULL };
    static const struct {
        const char *name, *without;
    } cases[] = {
        { "acpi", "<os><type>hvm</type><kernel>/k</kernel></os>"
                  "<features><apic/></features>" },
        { "apic", "<os><type>hvm</type><kernel>/k</kernel></os>"
                  "<features><acpi/></features>" },
        { "kernel", "<os><type>hvm</type></os><features><acpi/></features>" },
        { "iothreads", "<iothreads>1</iothreads><os><type>hvm</type><kernel>/k</kernel>"
                       "</os><features><acpi/></features>" },
    };
    gboolean refused[G_N_ELEMENTS(cases)];

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text =
            g_strdup_printf("<domain type='kvm'><name>d</name><memory unit='MiB'>64"
                            "</memory>%s</domain>",
                            cases[i].without);
        g_autoptr(Domain) domain = parse(text);
        g_autoptr(GError) error = NULL;

        refused[i] = !command_complete(domain, NULL, "/e", &error);
        g_assert_true(!refused[i] || strstr(error->message, cases[i].name));
        g_assert_true(refused[i] || domain->cpu_mode == machine->cpu_mode);
    }
    command_describe(machine, &guest);
    g_assert_true(g_strv_contains((const char *const *)archs, guest.arch));
    g_assert_cmpstr(guest.guest_features[0].name, ==, "acpi");
    g_assert_true(guest.guest_features[0].fixed && refused[0]);
    g_assert_false(refused[1]); /* whether it is said or not: it is there */
    g_assert_true(refused[2] == !guest.firmware);
    g_assert_true(refused[3] == !guest.iothreads);
    g_assert_true(guest.device_boot);
    g_assert_cmpstr(cpu[0].element, ==, xml_cpu_mode_names[machine->cpu_mode]);
    g_assert_nonnull(cpu[0].values);
}

#define QUEUES 5

/* A kind with as many descriptors as no other has. */
static gboolean queue_steps(CommandSteps *steps, gconstpointer alias, guint boot_index,
                            GError **errp)
{
    g_autoptr(GString) fds = g_string_new(NULL);
    JsonObject *netdev = util_json_pair("id", "host");

    for (guint i = 0; i < QUEUES; i++) {
        g_autofree char *fd = command_step_fd(steps, alias, i, errp);

        if (!fd) {
            json_object_unref(netdev);
            return FALSE;
        }
        g_string_append_printf(fds, "%s%s", i ? ":" : "", fd);
    }
    json_object_set_string_member(netdev, "fds", fds->str);
    command_step(steps, "-netdev", "netdev_add", netdev, "netdev_del",
                 util_json_pair("id", "host"));
    return TRUE;
}

static const CommandKind queue_kind = { .driver = "queues", .steps = queue_steps };

/* What an unplug removes does not depend on descriptors, which nobody has any more. */
static void test_unplugged_queues(void)
{
    g_autoptr(GPtrArray) after = command_kind_unplugged(&queue_kind, "net0");
    const CommandStep *step;

    g_assert_cmpuint(after->len, ==, 1);
    step = after->pdata[0];
    g_assert_cmpstr(step->undo, ==, "netdev_del");
    g_assert_cmpstr(json_object_get_string_member(step->undo_arguments, "id"), ==,
                    "host");
}

/* A plug needs each of them. */
static void test_plugged_queues(void)
{
    g_autoptr(GHashTable) fds = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                                      (GDestroyNotify)g_array_unref);
    GArray *own = g_array_new(FALSE, FALSE, sizeof(int));

    g_hash_table_insert(fds, (gpointer) "net0", own);
    for (int i = 0; i <= QUEUES; i++) {
        g_autoptr(GError) error = NULL;
        CommandSteps steps;
        gboolean ok;

        command_steps_init(&steps, NULL, TRUE, fds);
        ok = queue_steps(&steps, "net0", 0, &error);
        g_assert_true(ok == (i == QUEUES));
        g_assert_true(ok == !error);
        g_assert_cmpuint(steps.list->len, ==, ok ? QUEUES + 1 : i);
        for (int n = 0; n < i; n++) {
            g_assert_cmpint(((CommandStep *)steps.list->pdata[n])->fd, ==, 10 + n);
        }
        g_ptr_array_unref(steps.list);
        g_array_append_vals(own, &(int){ 10 + i }, 1);
    }
}

/* The emulator has several names for one device, and similar ones for others. */
static void test_names(void)
{
    static const struct {
        const char *name;
        gboolean ours;
    } cases[] = {
        { NULL, FALSE },
        { "", FALSE },
        { "virtio-disk1", TRUE },
        { "virtio-disk10", FALSE },
        { "virtio-disk", FALSE },
        { "virtio-disk1/virtio-backend", FALSE },
        { "/machine/peripheral/virtio-disk1", TRUE },
        { "/machine/peripheral/virtio-disk1/virtio-backend", TRUE },
        { "/machine/peripheral/virtio-disk10/virtio-backend", FALSE },
        { "/machine/peripheral/", FALSE },
        { "/machine/peripheral", FALSE },
        { "/machine/virtio-disk1", FALSE },
    };
    DomainDeviceInfo info = { .alias = (char *)"virtio-disk1" }, none = { 0 };

    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_true(command_is_named(&info, cases[i].name) == cases[i].ours);
        g_assert_false(command_is_named(&none, cases[i].name));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/command-kind/machine", test_machine);
    g_test_add_func("/command-kind/ports", test_ports);
    g_test_add_func("/command-kind/names", test_names);
    g_test_add_func("/command-kind/unplugged-queues", test_unplugged_queues);
    g_test_add_func("/command-kind/plugged-queues", test_plugged_queues);
    return g_test_run();
}

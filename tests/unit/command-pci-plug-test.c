/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt-driver/command/pci.c: devices that are plugged into a q35, and unplugged. */
#include "tests/unit/command-q35.h"

static DomainDevice plug(Domain *domain, const char *text, gboolean *ok, GError **errp)
{
    g_autoptr(DomainDevice) device = xml_device_parse(text, XML_PARSE_INACTIVE, NULL);
    DomainDevice added;
    guint next = 9;

    g_assert_true(command_complete_device(domain, device, NULL));
    g_assert_true(xml_domain_add_device(domain, device, &added, NULL));
    *ok = command_check_plug(domain, &added, errp) && command_assign(domain, &next, errp);
    return added;
}

/* Into the spare port; then there is no place, and the definition is as it was. */
static void test_plug(void)
{
    g_autoptr(Domain) domain = prepare(Q35(DISK("vda", "")));
    g_autoptr(Domain) full = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) steps = NULL;
    const CommandStep *last;
    gboolean ok;
    guint next = 20;
    DomainDevice added = plug(domain, DISK("vdb", ""), &ok, &error);

    g_assert_no_error(error);
    g_assert_true(ok && command_has_place(domain, &added));
    check_places(domain, "vda 1:0.0; vdb 2:0.0; 1 0:1.0+; 2 0:1.1; ");
    steps = command_plug(domain, &added, NULL, &next, &error);
    g_assert_no_error(error);
    last = steps->pdata[steps->len - 1];
    g_assert_cmpstr(last->execute, ==, "device_add");
    g_assert_cmpstr(util_json_string(last->arguments, "driver"), ==, "virtio-blk-pci");
    g_assert_cmpstr(util_json_string(last->arguments, "bus"), ==, "pci.2");
    g_assert_cmpstr(util_json_string(last->arguments, "addr"), ==, "0x0");
    full = xml_domain_copy(domain);
    plug(full, DISK("vdc", ""), &ok, &error);
    g_assert_false(ok);
    g_assert_error(error, RPC_ERROR, VIR_ERR_INTERNAL_ERROR);
    g_assert_cmpstr(error->message, ==, "No more available PCI slots");
    g_assert_cmpuint(full->controllers->len, ==, 5);
}

/* Where the user wants it. */
static void test_plug_at(void)
{
    static const struct {
        const char *device, *words; /* NULL: it can be there */
        int code;
    } rows[] = {
        { DISK("vdb", AT("3", "0", "0")), NULL, 0 },
        { DISK("vdb", AT("1", "0", "0")), "in use", VIR_ERR_XML_ERROR },
        { DISK("vdb", AT("4", "0", "0")), "no such bus", VIR_ERR_XML_ERROR },
        { DISK("vdb", AT("3", "1", "0")), "no such slot", VIR_ERR_XML_ERROR },
        { DISK("vdb", AT("2", "0", "0")), "requires hotplug capability",
          VIR_ERR_XML_ERROR },
        { DISK("vdb", AT("0", "9", "0")), "requires hotplug capability",
          VIR_ERR_XML_ERROR },
        { DISK("vdb", AT("3", "0", "1")), "addresses with function=0",
          VIR_ERR_INTERNAL_ERROR },
        { DISK("vdb", AT("1", "0", "1")), "addresses with function=0",
          VIR_ERR_INTERNAL_ERROR },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Domain) domain = prepare(
            Q35(DISK("vda", "") PORT("2", "<target hotplug='off'/>") PORT("3", "")));
        g_autoptr(GError) error = NULL;
        gboolean ok;

        plug(domain, rows[i].device, &ok, &error);
        g_assert_true(ok == !rows[i].words);
        if (!ok) {
            g_assert_error(error, RPC_ERROR, rows[i].code);
            g_assert_nonnull(strstr(error->message, rows[i].words));
        }
    }
}

/* On conventional PCI where the user says, and unasked in a switch's ports. */
static void test_behind_bridges(void)
{
    static const struct {
        const char *device, *words;
    } rows[] = {
        { DISK("vdb", AT("2", "3", "0")), NULL },
        { DISK("vdb", AT("6", "0", "0")), NULL },
        { DISK("vdb", ""), NULL }, /* there: 4 takes nothing, 1 and 3 are taken */
        { DISK("vdb", AT("2", "0", "0")), "no such slot" },
        { DISK("vdb", AT("2", "3", "1")), "addresses with function=0" },
        { DISK("vdb", AT("5", "3", "0")), "requires hotplug capability" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Domain) domain =
            prepare(Q35(PORT("1", "") PCI("2", "") PORT("3", "") UPSTREAM("5", "")
                            DOWNSTREAM("6", "") PORT("4", "<target hotplug='off'/>")));
        g_autoptr(GError) error = NULL;
        gboolean ok;

        plug(domain, rows[i].device, &ok, &error);
        if (ok != !rows[i].words || (!ok && !strstr(error->message, rows[i].words))) {
            g_error("%s: %s", rows[i].device, ok ? "plugged" : error->message);
        }
    }
}

/* What shares its slot would go with it. */
static void test_unplug(void)
{
    g_autoptr(Domain) domain =
        prepare(Q35(DISK("vda", "") DISK("vdb", AT("2", "0", "0"))
                        DISK("vdc", AT("2", "0", "1")) DISK("vdd", AT("0", "9", "0"))));

    for (guint i = 0; i < domain->disks->len; i++) {
        DomainDevice device = { .type = DOMAIN_DEVICE_DISK,
                                .any = domain->disks->pdata[i] };
        gboolean alone = strchr("ad", device.disk->target[2]) != NULL;
        g_autoptr(GError) error = NULL;

        g_assert_true(command_check_unplug(domain, &device, &error) == alone);
        if (!alone) {
            g_assert_error(error, RPC_ERROR, VIR_ERR_OPERATION_FAILED);
            g_assert_nonnull(strstr(error->message, "cannot hot unplug multifunction"));
        }
    }
}

/* One of several with the same MAC address is told by its place. */
static void test_same_key(void)
{
#define CARD(more)                                                                       \
    "<interface type='ethernet'><mac address='52:54:00:00:00:01'/>" more "</interface>"
    g_autoptr(Domain) domain = prepare(Q35(CARD("") CARD("") CARD(AT("9", "0", "0"))));
    static const struct {
        const char *match;
        int found;
    } rows[] = {
        { CARD(""), -1 },
        { CARD(AT("1", "0", "0")), 0 },
        { CARD(AT("2", "0", "0")), 1 },
        { CARD(AT("9", "0", "0")), 2 },
        { CARD(AT("3", "0", "0")), -1 },
        { CARD("<alias name='net1'/>"), 1 },
        { CARD("<alias name='net1'/>" AT("1", "0", "0")), -1 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(DomainDevice) match =
            xml_device_parse(rows[i].match, XML_PARSE_STATUS | XML_PARSE_MATCH, NULL);
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(xml_domain_find_device(domain, match, NULL, &error), ==,
                        rows[i].found);
        if (rows[i].found < 0) {
            g_assert_error(error, XML_ERROR, VIR_ERR_OPERATION_FAILED);
        }
    }
}

/* The bus has the name that the user has given the port. */
static void test_user_alias(void)
{
    g_autoptr(Domain) domain =
        prepare(Q35(DISK("vda", "") PORT("1", "<alias name='ua-port'/>")));
    CommandFacts facts = { .monitor_fd = 3 };
    g_autoptr(GError) error = NULL;
    guint next = 5;
    g_autoptr(GPtrArray) steps = command_start(domain, &facts, &next, &error);
    guint found = 0;

    g_assert_no_error(error);
    for (guint i = 0; i < steps->len; i++) {
        const CommandStep *step = steps->pdata[i];

        if (g_strcmp0(step->option, "-device") == 0) {
            g_assert_cmpstr(util_json_string(step->arguments, "bus"), ==,
                            found++ ? "ua-port" : "pcie.0");
        }
    }
    g_assert_cmpuint(found, ==, 2);
}

static gboolean removes(GPtrArray *steps, const char *command, const char *key,
                        const char *name)
{
    for (guint i = 0; i < steps->len; i++) {
        const CommandStep *step = steps->pdata[i];

        if (strcmp(step->undo, command) == 0 &&
            g_strcmp0(util_json_string(step->undo_arguments, key), name) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Of what a plug may have left: any name that it could have had, and none that is in use.
 */
static void test_leftovers(void)
{
    g_autoptr(Domain) domain =
        prepare(Q35(NET PORT("1", "") PORT("2", "") PORT("3", "")));
    g_autoptr(GPtrArray) steps = command_leftovers(domain);

    for (guint i = 0; i <= 3; i++) { /* one in each port, and one that found none */
        g_autofree char *netdev = g_strdup_printf("hostnet%u", i);
        g_autofree char *fd = g_strdup_printf("fd-net%u", i);

        g_assert_true(removes(steps, "netdev_del", "id", netdev) == (i > 0));
        g_assert_true(removes(steps, "closefd", "fdname", fd) == (i > 0));
    }
    g_assert_cmpuint(steps->len, <, 3 * 2 * 8); /* and ports of virtio-serial */
}

/* A definition gets more ports when it gets more devices, while it does not run. */
static void test_attach_config(void)
{
    g_autoptr(Domain) domain = define(Q35(DISK("vda", "")));
    g_autoptr(GError) error = NULL;

    for (char c = 'b'; c <= 'd'; c++) {
        g_autofree char *text = g_strdup_printf(DISK("vd%c", ""), c, c);
        g_autoptr(DomainDevice) disk = xml_device_parse(text, XML_PARSE_INACTIVE, &error);

        g_assert_true(xml_domain_add_device(domain, disk, NULL, &error));
        g_assert_true(command_complete(domain, NULL, "/e", &error));
    }
    check_places(domain, "vda 1:0.0; vdb 2:0.0; vdc 3:0.0; vdd 4:0.0; "
                         "1 0:1.0+; 2 0:1.1; 3 0:1.2; 4 0:1.3; ");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    xml_init();
    g_test_add_func("/pci-plug/plug", test_plug);
    g_test_add_func("/pci-plug/plug-at", test_plug_at);
    g_test_add_func("/pci-plug/behind-bridges", test_behind_bridges);
    g_test_add_func("/pci-plug/unplug", test_unplug);
    g_test_add_func("/pci-plug/same-key", test_same_key);
    g_test_add_func("/pci-plug/user-alias", test_user_alias);
    g_test_add_func("/pci-plug/leftovers", test_leftovers);
    g_test_add_func("/pci-plug/attach-config", test_attach_config);
    return g_test_run();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt-driver/command/pci.c, controller.c and the q35's row of machine.c: places that
 * are given, refused, added and run out, and devices that are plugged. */
#include <string.h>

#include "command/kind.h"

#define Q35(devices)                                                                     \
    "<domain type='kvm'><name>d</name><memory unit='MiB'>64</memory>"                    \
    "<os><type machine='q35'>hvm</type><kernel>/k</kernel></os>"                         \
    "<features><acpi/></features><devices>" devices "</devices></domain>"
#define DISK(dev, more)                                                                  \
    "<disk><source file='/" dev ".img'/><target dev='" dev "'/>" more "</disk>"
#define NET  "<interface type='ethernet'><mac address='52:54:00:00:00:01'/></interface>"
#define RNG  "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>"
#define ROOT "<controller type='pci' index='0' model='pcie-root'/>"
#define PORT(index, more)                                                                \
    "<controller type='pci' index='" index "' model='pcie-root-port'>" more              \
    "</controller>"
#define AT(bus, slot, function)                                                          \
    "<address type='pci' bus='" bus "' slot='" slot "' function='" function "'/>"

static Domain *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    Domain *domain = xml_domain_parse(text, XML_PARSE_INACTIVE, &error);

    g_assert_no_error(error);
    return domain;
}

static Domain *define(const char *text)
{
    g_autoptr(GError) error = NULL;
    Domain *domain = parse(text);

    command_complete(domain, NULL, "/e", &error);
    g_assert_no_error(error);
    return domain;
}

static Domain *prepare(const char *text)
{
    g_autoptr(GError) error = NULL;
    Domain *domain = define(text);
    guint next = 0;

    command_assign(domain, &next, &error);
    g_assert_no_error(error);
    return domain;
}

static gboolean describe(const DomainDevice *device, gpointer text)
{
    const DomainAddress *address = &xml_device_info(device)->address;

    if (address->type == DOMAIN_ADDRESS_PCI) {
        g_autofree char *label = xml_device_label(device);
        g_string_append_printf(text, "%s %x:%x.%x%s; ", strrchr(label, ' ') + 1,
                               address->pci.bus, address->pci.slot, address->pci.function,
                               address->pci.multifunction == DOMAIN_TRISTATE_YES ? "+"
                                                                                 : "");
    }
    return TRUE;
}

/* Disks, controllers, interfaces, rngs by their keys. */
static void check_places(const Domain *domain, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);

    xml_domain_foreach_device(domain, describe, text);
    g_assert_cmpstr(text->str, ==, expected);
}

/* Beyond what has been captured: gaps, ports that take nothing, addresses that need
 * buses, functions of the user's. */
static void test_places(void)
{
    static const struct {
        const char *text, *places;
    } rows[] = {
        { Q35(""), "" },
        { Q35(DISK("vda", "")), "vda 1:0.0; 1 0:1.0+; 2 0:1.1; " },
        { Q35(ROOT DISK("vda", "")), "vda 1:0.0; 1 0:1.0+; 2 0:1.1; " },
        { Q35(PORT("1", "") DISK("vda", "")), "vda 1:0.0; 1 0:1.0; " },
        { Q35(PORT("1", "") DISK("vda", "") DISK("vdb", "")),
          "vda 1:0.0; vdb 2:0.0; 1 0:1.0+; 2 0:1.1; " },
        { Q35(PORT("3", "") DISK("vda", "")), "vda 1:0.0; 1 0:1.0+; 2 0:1.1; 3 0:1.2; " },
        { Q35(PORT("1", "<target hotplug='off'/>") DISK("vda", "")),
          "vda 2:0.0; 1 0:1.0+; 2 0:1.1; " },
        { Q35(DISK("vda", AT("2", "0", "0")) DISK("vdb", "")),
          "vda 2:0.0; vdb 1:0.0; 1 0:1.0+; 2 0:1.1; 3 0:1.2; " },
        { Q35(DISK("vda", AT("0", "1", "0"))), "vda 0:1.0; " },
        { Q35(DISK("vda", AT("0", "1", "0")) NET),
          "vda 0:1.0; 1 0:2.0+; 2 0:2.1; 52:54:00:00:00:01 1:0.0; " },
        { Q35(DISK("vda", AT("0", "0x1f", "1"))), "vda 0:1f.1; " },
        { Q35(DISK("vda", AT("1", "0", "0")) DISK("vdb", AT("1", "0", "1"))),
          "vda 1:0.0+; vdb 1:0.1; 1 0:1.0+; 2 0:1.1; " },
        { Q35(DISK("vda", "<address type='pci'/>")), "vda 1:0.0; 1 0:1.0+; 2 0:1.1; " },
        { Q35(PORT("1", AT("0", "5", "0")) PORT("2", "") PORT("3", AT("0", "1", "2"))),
          "1 0:5.0; 2 0:1.0+; 3 0:1.2; " },
        { Q35(RNG DISK("vda", "") NET), "vda 2:0.0; 1 0:1.0+; 2 0:1.1; 3 0:1.2; 4 0:1.3; "
                                        "52:54:00:00:00:01 1:0.0; /dev/urandom 3:0.0; " },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Domain) domain = define(rows[i].text);

        check_places(domain, rows[i].places);
    }
}

/* What a port is called by its guest follows from its place, unless it is said. */
static void test_ports(void)
{
    g_autoptr(Domain) domain = prepare(Q35("<controller type='usb' model='none'/>" PORT(
        "1", AT("0", "2", "3")) PORT("9", "<target chassis='40' port='0x21'/>")));
    const DomainController *usb = domain->controllers->pdata[0];
    const DomainController *root = domain->controllers->pdata[1];
    const DomainController *port = domain->controllers->pdata[2];
    const DomainController *last = domain->controllers->pdata[10];

    g_assert_cmpuint(domain->controllers->len, ==, 11);
    g_assert_cmpstr(usb->info.alias, ==, "usb");
    g_assert_cmpstr(root->info.alias, ==, "pcie.0");
    g_assert_cmpstr(port->info.alias, ==, "pci.1");
    g_assert_cmpuint(port->chassis, ==, 1);
    g_assert_cmpuint(port->port, ==, 2 * 8 + 3);
    g_assert_cmpint(port->name, ==, DOMAIN_PORT_GENERIC);
    g_assert_cmpuint(last->chassis, ==, 40);
    g_assert_cmpuint(last->port, ==, 0x21);
}

/* Numbers that are not said; 0 is the root, wherever it stands. */
static void test_numbers(void)
{
    g_autoptr(Domain) domain =
        define(Q35("<controller type='pci' model='pcie-root-port'/>" PORT(
            "1", "") "<controller type='pci' model='pcie-root-port'/>"
                     "<controller type='pci' model='pcie-root'/>"));

    check_places(domain, "1 0:1.0+; 2 0:1.1; 3 0:1.2; ");
}

static void test_refused(void)
{
    static const struct {
        const char *text;
        int code;
        const char *words;
    } rows[] = {
        { Q35(DISK("vda", AT("1", "0", "0")) DISK("vdb", AT("1", "0", "0"))),
          VIR_ERR_XML_ERROR,
          "PCI address 0000:01:00.0 of disk vdb: it is in use already" },
        { Q35(DISK("vda", AT("0", "0x1f", "0"))), VIR_ERR_XML_ERROR, "in use" },
        { Q35(DISK("vda", AT("0", "0x1f", "2"))), VIR_ERR_XML_ERROR, "in use" },
        { Q35(DISK("vda", AT("0", "0", "1"))), VIR_ERR_XML_ERROR, "no such slot" },
        { Q35(DISK("vda", AT("1", "1", "0"))), VIR_ERR_XML_ERROR, "no such slot" },
        { Q35(DISK("vda", "<address type='pci' domain='1' slot='1'/>")),
          VIR_ERR_XML_ERROR, "domain 0 only" },
        { Q35(PORT("1", AT("2", "0", "0"))), VIR_ERR_XML_ERROR, "bus 0" },
        { Q35(PORT("0", "")), VIR_ERR_XML_ERROR, "index='0'" },
        { Q35(PORT("1", "") PORT("1", "")), VIR_ERR_XML_ERROR,
          "Multiple 'pci' controllers with index '1'" },
        { Q35(DISK("vda", "<address type='virtio-mmio'/>")), VIR_ERR_CONFIG_UNSUPPORTED,
          "type='virtio-mmio'" },
        { Q35("<serial>" AT("0", "1", "0") "</serial>"), VIR_ERR_CONFIG_UNSUPPORTED,
          "type='pci'" },
        { Q35("<panic model='isa'><address type='isa' iobase='0xcf8'/></panic>"),
          VIR_ERR_XML_ERROR, "PCI configuration" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Domain) domain = parse(rows[i].text);
        g_autoptr(GError) error = NULL;

        g_assert_false(command_complete(domain, NULL, "/e", &error));
        g_assert_error(error, RPC_ERROR, rows[i].code);
        if (!strstr(error->message, rows[i].words)) {
            g_error("'%s' is not in: %s", rows[i].words, error->message);
        }
    }
}

/* microvm has no PCI, and says so. */
static void test_no_pci(void)
{
    static const char *const devices[] = { ROOT, PORT("1", "") };

    for (size_t i = 0; i < G_N_ELEMENTS(devices); i++) {
        g_autofree char *text = g_strdup_printf(Q35("%s"), devices[i]);
        g_auto(GStrv) parts = g_strsplit(text, "q35", 2);
        g_autofree char *microvm = g_strjoinv("microvm", parts);
        g_autoptr(Domain) domain = parse(microvm);
        g_autoptr(GError) error = NULL;

        g_assert_false(command_complete(domain, NULL, "/e", &error));
        g_assert_error(error, RPC_ERROR, VIR_ERR_CONFIG_UNSUPPORTED);
        g_assert_nonnull(strstr(error->message, "controller type='pci'"));
    }
}

/* Every function of the root bus can be a port but those of the chipset's slot: no more
 * buses than that, or than there are numbers. */
static void test_full(void)
{
    for (guint count = 240; count <= 241; count++) {
        g_autoptr(GString) devices = g_string_new(NULL);
        g_autofree char *text = NULL;
        g_autoptr(Domain) domain = NULL;
        g_autoptr(GError) error = NULL;

        for (guint i = 1; i <= count; i++) {
            g_string_append_printf(devices, PORT("%u", ""), i);
        }
        text = g_strdup_printf(Q35("%s"), devices->str);
        domain = parse(text);
        g_assert_true(command_complete(domain, NULL, "/e", &error) == (count == 240));
        if (count == 241) {
            g_assert_error(error, RPC_ERROR, VIR_ERR_INTERNAL_ERROR);
            g_assert_cmpstr(error->message, ==, "No more available PCI slots");
        }
    }
}

/* ---- plug ---- */

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
    g_assert_cmpuint(full->controllers->len, ==, 3);
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
    g_assert_cmpuint(steps->len, <, 2 * 8);
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

/* ---- the machine ---- */

/* To all that it is asked: names of a machine and of a device. */
static gboolean answer(gpointer names, const char *command, JsonNode **reply,
                       GError **errp)
{
    const char *const *name = names;
    g_autofree char *text =
        g_strdup_printf("[{\"name\":\"%s\"},{\"name\":\"%s\"}]", name[0], name[1]);

    *reply = json_from_string(text, NULL);
    return TRUE;
}

static gboolean answer_both(gpointer unused, const char *command, JsonNode **reply,
                            GError **errp)
{
    *reply = json_from_string("[{\"name\":\"microvm-vireo-1.0\"},"
                              "{\"name\":\"pc-q35-vireo-1.0\"},"
                              "{\"name\":\"virtio-blk-pci\"}]",
                              NULL);
    return TRUE;
}

/* An emulator that has both. */
static void test_both(void)
{
    g_autoptr(CommandEmulator) emulator = command_emulator_ask(answer_both, NULL, NULL);
    const CommandMachine *machine = command_default_machine(emulator);
    g_autofree CapabilitiesMachine *others = command_other_machines(machine, emulator);
    g_autofree CapabilitiesMachine *none = command_other_machines(machine, NULL);

    g_assert_cmpstr(machine->alias, ==, "q35");
    g_assert_cmpstr(others[0].name, ==, "microvm-vireo-1.0");
    g_assert_null(others[1].name);
    g_assert_null(none[0].name);
}

/* An emulator's default is its q35, if it has one, and disks for it. */
static void test_default(void)
{
    static const char *const names[][3] = {
        { "pc-q35-vireo-1.0", "virtio-blk-pci", "pc-q35-vireo-1.0" },
        { "pc-q35-vireo-1.0", "virtio-blk-device", "microvm-vireo-1.0" },
        { "microvm-vireo-1.0", "virtio-blk-device", "microvm-vireo-1.0" },
        { "other", "virtio-blk-pci", "microvm-vireo-1.0" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(CommandEmulator) emulator =
            command_emulator_ask(answer, (gpointer)names[i], NULL);

        g_assert_cmpstr(command_default_machine(emulator)->name, ==, names[i][2]);
    }
    g_assert_cmpstr(command_default_machine(NULL)->name, ==, "microvm-vireo-1.0");
}

/* What a timer may be depends on the machine. */
static void test_timers(void)
{
    static const struct {
        const char *machine, *timer, *refusal; /* NULL: it can be so */
    } rows[] = {
        { "q35", "name='hpet' present='yes'", NULL },
        { "q35", "name='hpet' present='no'", NULL },
        { "q35", "name='hpet'", NULL },
        { "q35", "name='pit' present='yes' tickpolicy='delay'", NULL },
        { "q35", "name='pit' present='no'", "'pit': the machine has one" },
        { "microvm", "name='hpet' present='no'", NULL },
        { "microvm", "name='hpet' present='yes'", "'hpet': the machine has none" },
        { "microvm", "name='hpet'", "'hpet': the machine has none" },
        { "microvm", "name='pit' tickpolicy='delay'", NULL },
        { "microvm", "name='pit' present='no'", NULL },
        { "microvm", "name='pit' present='yes'", "'pit': the machine has none" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text =
            g_strdup_printf("<domain type='kvm'><name>d</name><memory>65536</memory>"
                            "<os><type machine='%s'>hvm</type><kernel>/k</kernel></os>"
                            "<features><acpi/></features><clock offset='utc'>"
                            "<timer %s/></clock></domain>",
                            rows[i].machine, rows[i].timer);
        g_autoptr(Domain) domain = parse(text);
        g_autoptr(GError) error = NULL;

        g_assert_true(command_complete(domain, NULL, "/e", &error) == !rows[i].refusal);
        if (rows[i].refusal) {
            g_assert_error(error, RPC_ERROR, VIR_ERR_CONFIG_UNSUPPORTED);
            g_assert_nonnull(strstr(error->message, rows[i].refusal));
        }
    }
}

/* ---- any definition ---- */

#define TRIALS 2000

static void add_random_address(GString *text)
{
    if (g_test_rand_int_range(0, 3) == 0) {
        g_string_append_printf(text, AT("%d", "%d", "%d"), g_test_rand_int_range(0, 6),
                               g_test_rand_int_range(0, 3) * g_test_rand_int_range(0, 2),
                               g_test_rand_int_range(0, 8) *
                                   (g_test_rand_int_range(0, 4) == 0));
    }
}

static char *random_definition(void)
{
    g_autoptr(GString) text = g_string_new(NULL);

    for (int i = g_test_rand_int_range(0, 5); i > 0; i--) {
        g_string_append(text, "<controller type='pci' model='pcie-root-port'");
        if (g_test_rand_int_range(0, 2)) {
            g_string_append_printf(text, " index='%d'", g_test_rand_int_range(1, 9));
        }
        g_string_append(text,
                        g_test_rand_int_range(0, 4) ? ">" : "><target hotplug='off'/>");
        add_random_address(text);
        g_string_append(text, "</controller>");
    }
    for (int i = 0, count = g_test_rand_int_range(0, 12); i < count; i++) {
        g_string_append_printf(text, "<disk><source file='/d'/><target dev='vd%c'/>",
                               'a' + i);
        add_random_address(text);
        g_string_append(text, "</disk>");
    }
    return g_strdup_printf(Q35("%s"), text->str);
}

/* Each device has a place of its own on a bus that there is. */
static gboolean check_one(const DomainDevice *device, gpointer seen)
{
    const DomainAddress *address = &xml_device_info(device)->address;
    guint place = address->pci.bus << 8 | address->pci.slot << 3 | address->pci.function;
    gboolean root = device->type == DOMAIN_DEVICE_CONTROLLER &&
                    device->controller->model == DOMAIN_CONTROLLER_MODEL_PCIE_ROOT;

    if (!root) {
        g_assert_true(command_pci_is_placed(address));
        g_assert_true(g_hash_table_add(seen, GUINT_TO_POINTER(place)));
    }
    return TRUE;
}

static void check_all(const Domain *domain)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    guint buses = domain->controllers->len;

    for (guint i = 0; i < buses; i++) {
        const DomainController *controller = domain->controllers->pdata[i];

        g_assert_cmpuint(controller->index, ==, i);
        g_assert_cmpuint(controller->info.address.pci.bus, ==, 0);
    }
    xml_domain_foreach_device(domain, check_one, seen);
    for (guint i = 0; i < domain->disks->len; i++) {
        const DomainDisk *disk = domain->disks->pdata[i];

        g_assert_cmpuint(disk->info.address.pci.bus, <, buses);
    }
}

/* What is completed is sound, and complete. */
static void test_any(void)
{
    guint completed = 0;

    for (guint i = 0; i < TRIALS; i++) {
        g_autofree char *text = random_definition();
        g_autoptr(Domain) domain = parse(text);
        g_autoptr(Domain) again = NULL;
        g_autofree char *once = NULL, *twice = NULL;

        if (!command_complete(domain, NULL, "/e", NULL)) {
            continue;
        }
        completed++;
        check_all(domain);
        once = xml_domain_format(domain, XML_FORMAT_INACTIVE);
        again = prepare(once);
        twice = xml_domain_format(again, XML_FORMAT_INACTIVE);
        g_assert_cmpstr(once, ==, twice);
    }
    g_assert_cmpuint(completed, >, TRIALS / 10);
    g_assert_cmpuint(completed, <, TRIALS);
}

/* Versions have a name of their own; the alias is this one's. */
static void test_versions(void)
{
    g_autoptr(Domain) domain = define(Q35(""));
    g_autoptr(Domain) other = parse(Q35(""));
    CommandFacts facts = { .monitor_fd = 3 };
    g_autoptr(GPtrArray) steps = NULL;
    guint next = 1, found = 0;

    g_assert_cmpstr(domain->machine, ==, "pc-q35-vireo-1.0");
    g_free(other->machine);
    other->machine = g_strdup("pc-q35-7,accel=tcg");
    g_assert_true(command_complete(other, NULL, "/e", NULL));
    g_assert_cmpstr(other->machine, ==, "pc-q35-7,accel=tcg");
    steps = command_start(other, &facts, &next, NULL);
    g_assert_nonnull(steps);
    for (guint i = 0; i < steps->len; i++) {
        const CommandStep *step = steps->pdata[i];

        found += g_strcmp0(step->option, "-machine") == 0 &&
                 g_str_has_prefix(step->text, "pc-q35-7,,accel=tcg,usb=off,");
    }
    g_assert_cmpuint(found, ==, 1); /* a name, whatever is in it */
    g_assert_null(command_machine("pc-i440fx-7.2"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    xml_init();
    g_test_add_func("/pci/places", test_places);
    g_test_add_func("/pci/ports", test_ports);
    g_test_add_func("/pci/numbers", test_numbers);
    g_test_add_func("/pci/refused", test_refused);
    g_test_add_func("/pci/no-pci", test_no_pci);
    g_test_add_func("/pci/full", test_full);
    g_test_add_func("/pci/plug", test_plug);
    g_test_add_func("/pci/plug-at", test_plug_at);
    g_test_add_func("/pci/unplug", test_unplug);
    g_test_add_func("/pci/same-key", test_same_key);
    g_test_add_func("/pci/user-alias", test_user_alias);
    g_test_add_func("/pci/leftovers", test_leftovers);
    g_test_add_func("/pci/attach-config", test_attach_config);
    g_test_add_func("/pci/timers", test_timers);
    g_test_add_func("/pci/any", test_any);
    g_test_add_func("/pci/default", test_default);
    g_test_add_func("/pci/both", test_both);
    g_test_add_func("/pci/versions", test_versions);
    return g_test_run();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt-driver/command/pci.c, controller.c and the q35's row of machine.c: places that
 * are given, refused, added and run out. */
#include "tests/unit/command-q35.h"

#define OLD_DISK                                                                         \
    "<disk model='virtio-transitional'><source file='/a'/><target dev='vda'/></disk>"
#define OLD_RNG                                                                          \
    "<rng model='virtio-transitional'><backend model='random'>/dev/urandom</backend>"    \
    "</rng>"

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
        /* Bridges come first, and devices go to ports alone. */
        { Q35(PORT("1", "") PCI("2", "") BRIDGE("3", "pci-bridge", "") DISK("vda", "")),
          "vda 4:0.0; 1 0:1.0+; 2 1:0.0; 3 2:1.0; 4 0:1.1; " },
        { Q35(PORT("1", "") UPSTREAM("2", "") DOWNSTREAM("3", "") DOWNSTREAM("4", "")
                  DISK("vda", "") NET),
          "vda 4:0.0; 1 0:1.0; 2 1:0.0; 3 2:0.0; 4 2:1.0; 52:54:00:00:00:01 3:0.0; " },
        { Q35(PORT("1", "") PCI("2", "") DISK("vda", AT("2", "7", "0"))),
          "vda 2:7.0; 1 0:1.0; 2 1:0.0; " },
        { Q35(PCI("5", "")), "1 0:1.0+; 2 0:1.1; 3 0:1.2; 4 0:1.3; 5 1:0.0; " },
        { Q35("<controller type='pci' model='pcie-to-pci-bridge'/>"),
          "1 0:1.0; 2 1:0.0; " },
        /* A conventional device brings a bridge; the first line is a captured one. */
        { Q35(NIC("01", "virtio") NIC("02", "e1000") NIC("03", "e1000")),
          "1 0:1.0+; 2 0:1.1; 3 1:0.0; 4 0:1.2; 52:54:00:00:00:01 2:0.0; "
          "52:54:00:00:00:02 3:1.0; 52:54:00:00:00:03 3:2.0; " },
        { Q35(NIC("01", "e1000") NIC("02", "virtio-non-transitional")),
          "1 0:1.0+; 2 1:0.0; 3 0:1.1; 4 0:1.2; 52:54:00:00:00:01 2:1.0; "
          "52:54:00:00:00:02 3:0.0; " },
        { Q35(PORT("1", "") PORT("2", "") OLD_DISK),
          "vda 4:1.0; 1 0:1.0+; 2 0:1.1; 3 0:1.2; 4 1:0.0; " },
        { Q35(PORT("1", "") PORT("2", "") NIC("01", "virtio") OLD_DISK),
          "vda 4:1.0; 1 0:1.0+; 2 0:1.1; 3 0:1.2; 4 1:0.0; 52:54:00:00:00:01 2:0.0; " },
        { Q35(PORT("1", "") PCI("2", "") BRIDGE("3", "pci-bridge", "") OLD_RNG),
          "1 0:1.0; 2 1:0.0; 3 2:1.0; /dev/urandom 2:2.0; " },
        { Q35("<interface type='ethernet'><mac address='52:54:00:00:00:01'/>"
              "<model type='e1000'/>" AT("0", "5", "0") "</interface>"),
          "52:54:00:00:00:01 0:5.0; " },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Domain) domain = define(rows[i].text);

        check_places(domain, rows[i].places);
    }
}

/* What a port is called by its guest follows from its place, unless it is said. */
static void test_ports(void)
{
    g_autoptr(Domain) domain = prepare(Q35(
        PORT("1", AT("0", "2", "3")) PORT("9", "<target chassis='40' port='0x21'/>")));
    const DomainController *usb = domain->controllers->pdata[0];
    const DomainController *root = domain->controllers->pdata[2];
    const DomainController *port = domain->controllers->pdata[3];
    const DomainController *last = domain->controllers->pdata[11];

    g_assert_cmpuint(domain->controllers->len, ==, 12);
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

/* Of other bridges. */
static void test_bridges(void)
{
    g_autoptr(Domain) domain =
        prepare(Q35(PORT("1", "") PCI("2", "") BRIDGE("3", "pci-bridge", "") PORT("4", "")
                        UPSTREAM("5", "") DOWNSTREAM("6", "")
                            DOWNSTREAM("7", "<target hotplug='off'/>")));
    const DomainController *pci = domain->controllers->pdata[5];
    const DomainController *down = domain->controllers->pdata[9];

    g_assert_cmpstr(pci->info.alias, ==, "pci.3");
    g_assert_cmpuint(pci->chassis_nr, ==, 3);
    g_assert_cmpint(pci->name, ==, DOMAIN_PORT_PCI_BRIDGE);
    g_assert_cmpuint(down->index, ==, 7);
    g_assert_cmpuint(down->chassis, ==, 7);
    g_assert_cmpuint(down->port, ==, 1);
    g_assert_cmpint(down->name, ==, DOMAIN_PORT_XIO3130_DOWNSTREAM);
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
        { Q35(BRIDGE("0", "pci-bridge", "")), VIR_ERR_XML_ERROR, "index='0'" },
        { Q35(PCI("1", "")), VIR_ERR_INTERNAL_ERROR, "No more available PCI slots" },
        { Q35(PORT("1", "") BRIDGE("2", "pci-bridge", "")), VIR_ERR_INTERNAL_ERROR,
          "No more available PCI slots" },
        { Q35(PORT("1", "") PCI("2", AT("0", "5", "0"))), VIR_ERR_XML_ERROR,
          "PCI address 0000:00:05.0 of controller 2: the controller with this index "
          "takes no such device" },
        { Q35(PORT("1", "") UPSTREAM("2", "") DISK("vda", AT("2", "1", "0"))),
          VIR_ERR_XML_ERROR, "takes no such device" },
        { Q35(PORT("3", "") PCI("2", AT("3", "0", "0"))), VIR_ERR_XML_ERROR,
          "index of a bridge" },
        { Q35(PORT("1", "") PCI("2", "") DISK("vda", AT("2", "0", "0"))),
          VIR_ERR_XML_ERROR, "no such slot" },
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

    if (command_is_on_pci(device)) {
        g_assert_true(command_pci_is_placed(address));
        g_assert_true(g_hash_table_add(seen, GUINT_TO_POINTER(place)));
    }
    return TRUE;
}

static void check_all(const Domain *domain)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    guint buses = domain->controllers->len - 2; /* the first ones are of USB and SATA */

    for (guint i = 0; i < buses; i++) {
        const DomainController *controller = domain->controllers->pdata[i + 2];

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
    g_test_add_func("/pci/bridges", test_bridges);
    g_test_add_func("/pci/refused", test_refused);
    g_test_add_func("/pci/no-pci", test_no_pci);
    g_test_add_func("/pci/full", test_full);
    g_test_add_func("/pci/timers", test_timers);
    g_test_add_func("/pci/any", test_any);
    g_test_add_func("/pci/default", test_default);
    g_test_add_func("/pci/both", test_both);
    g_test_add_func("/pci/versions", test_versions);
    return g_test_run();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt-driver/command/interface.c: what of <interface> reaches the emulator, what is
 * refused, and what an emulator has to have for it. */
#include <string.h>

#include "command/kind.h"
#include "qmp/client.h"

#define MAC             "<mac address='52:54:00:00:00:01'/>"
#define NIC(type, more) "<interface type='" type "'>" MAC more "</interface>"
#define BRIDGE(more)    NIC("bridge", "<source bridge='br0'/>" more)
#define NONE            "<memballoon model='none'/>"
#define NO_USB          "<controller type='usb' model='none'/>"
#define DOMAIN(machine, nic)                                                             \
    "<domain type='kvm'><name>d</name>"                                                  \
    "<uuid>c3915bb8-a1ac-4847-9e92-4a40f5ce3750</uuid>"                                  \
    "<memory unit='MiB'>64</memory><os><type machine='" machine "'>hvm</type>"           \
    "<kernel>/k</kernel></os><features><acpi/></features><devices>" NONE NO_USB nic      \
    "</devices></domain>"
#define Q35(nic) DOMAIN("q35", nic)

static Domain *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    Domain *domain = xml_domain_parse(text, XML_PARSE_INACTIVE, &error);

    g_assert_no_error(error);
    return domain;
}

static Domain *prepare(const char *text)
{
    g_autoptr(GError) error = NULL;
    Domain *domain = parse(text);
    guint next = 0;

    command_complete(domain, NULL, "/usr/bin/vireo", &error);
    g_assert_no_error(error);
    command_assign(domain, &next, &error);
    g_assert_no_error(error);
    return domain;
}

static DomainDevice nic_of(const Domain *domain)
{
    DomainDevice device = { .type = DOMAIN_DEVICE_INTERFACE };

    device.any = domain->interfaces->pdata[0];
    return device;
}

/* Numbers that nobody closes: 10, 11, ... */
static GHashTable *fds_new(guint count)
{
    GHashTable *fds = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                            (GDestroyNotify)g_array_unref);
    GArray *own = g_array_new(FALSE, FALSE, sizeof(int));

    for (guint i = 0; i < count; i++) {
        int fd = (int)i + 10;
        g_array_append_val(own, fd);
    }
    g_hash_table_insert(fds, (gpointer) "net0", own);
    return fds;
}

static char *text_of(const CommandStep *step)
{
    g_autoptr(JsonNode) node = NULL;

    if (step->text || !step->arguments) {
        return g_strdup(step->text ? step->text : "");
    }
    node = json_node_new(JSON_NODE_OBJECT);
    json_node_set_object(node, step->arguments);
    return json_to_string(node, FALSE);
}

/* The option's value, of the last step that has it. */
static char *option_of(GPtrArray *steps, const char *option)
{
    for (guint i = steps->len; i-- > 0;) {
        const CommandStep *step = steps->pdata[i];

        if (g_strcmp0(step->option, option) == 0) {
            return text_of(step);
        }
    }
    return g_strdup("");
}

/* ---- the command line ---- */

static void test_start(void)
{
#define NET(members) "{\"type\":\"tap\"," members ",\"id\":\"hostnet0\"}"
#define DENY         "network=deny,files=deny"
    static const struct {
        const char *domain;
        guint fds;
        const char *netdev;
        const char *device;  /* part of it */
        const char *sandbox; /* likewise */
    } rows[] = {
        { Q35(BRIDGE("")), 1, NET("\"fd\":\"10\""), "\"netdev\":\"hostnet0\"", DENY },
        /* where the host has it, vhost is the default */
        { Q35(BRIDGE("")), 2, NET("\"fd\":\"10\",\"vhost\":true,\"vhostfd\":\"11\""),
          "\"driver\":\"virtio-net-pci\",", DENY },
        { Q35(BRIDGE("<model type='virtio-transitional'/>")), 1, NET("\"fd\":\"10\""),
          "{\"driver\":\"virtio-net-pci-transitional\",\"bus\":\"pci.2\",", DENY },
        { Q35(BRIDGE("<model type='virtio-non-transitional'/>")), 1, NET("\"fd\":\"10\""),
          "{\"driver\":\"virtio-net-pci-non-transitional\",\"bus\":\"pci.1\",", DENY },
        { Q35(BRIDGE("<model type='e1000'/><mtu size='1280'/>")), 1, NET("\"fd\":\"10\""),
          "{\"driver\":\"e1000\",\"bus\":\"pci.2\",\"addr\":\"0x1\",\"id\":\"net0\","
          "\"netdev\":\"hostnet0\",\"mac\":\"52:54:00:00:00:01\"}",
          DENY },
        { Q35(BRIDGE("<driver name='qemu' queues='1'/>")), 1, NET("\"fd\":\"10\""), "",
          DENY },
        { Q35(BRIDGE("<driver queues='3'/>")), 3, NET("\"fds\":\"10:11:12\""),
          "\"mq\":true,\"vectors\":8,", DENY },
        { DOMAIN("microvm", BRIDGE("<driver queues='2'/>")), 2, NET("\"fds\":\"10:11\""),
          "\"mq\":true,\"netdev\"", DENY },
        { Q35(BRIDGE("<driver name='vhost'/>")), 2,
          NET("\"fd\":\"10\",\"vhost\":true,\"vhostfd\":\"11\""), "", DENY },
        { Q35(BRIDGE("<driver name='vhost' queues='2'/>")), 4,
          NET("\"fds\":\"10:11\",\"vhost\":true,\"vhostfds\":\"12:13\""), "", DENY },
        { Q35(NIC("user", "")), 0, "{\"type\":\"user\",\"id\":\"hostnet0\"}",
          "\"netdev\":\"hostnet0\"", "resourcecontrol=deny,files=deny" },
        { Q35(NIC("network", "<source network='n'/>")), 1, NET("\"fd\":\"10\""), "",
          DENY },
        { Q35(NIC("direct", "<source dev='eth0'/><driver queues='2'/>")), 2,
          NET("\"fds\":\"10:11\""), "\"mq\":true", DENY },
        { Q35(BRIDGE("<driver rx_queue_size='1024' tx_queue_size='256'/>"
                     "<mtu size='9000'/>")),
          1, NET("\"fd\":\"10\""),
          "\"rx_queue_size\":1024,\"tx_queue_size\":256,\"host_mtu\":9000,", DENY },
        { Q35(BRIDGE("<driver><host csum='off' gso='on' tso4='off' tso6='on' ecn='off' "
                     "ufo='on' mrg_rxbuf='off'/><guest csum='on' tso4='off' tso6='on' "
                     "ecn='off' ufo='on'/></driver>")),
          1, NET("\"fd\":\"10\""),
          "\"csum\":false,\"gso\":true,\"host_tso4\":false,\"host_tso6\":true,"
          "\"host_ecn\":false,\"host_ufo\":true,\"mrg_rxbuf\":false,"
          "\"guest_csum\":true,\"guest_tso4\":false,\"guest_tso6\":true,"
          "\"guest_ecn\":false,\"guest_ufo\":true",
          DENY },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Domain) domain = prepare(rows[i].domain);
        g_autoptr(GHashTable) fds = fds_new(rows[i].fds);
        CommandFacts facts = { .monitor_fd = 3, .device_fds = fds };
        g_autoptr(GError) error = NULL;
        guint next = 1;
        g_autoptr(GPtrArray) steps = command_start(domain, &facts, &next, &error);
        g_autofree char *netdev = NULL, *device = NULL, *sandbox = NULL;

        g_assert_no_error(error);
        netdev = option_of(steps, "-netdev");
        sandbox = option_of(steps, "-sandbox");
        for (guint n = 0; n < steps->len && !device; n++) {
            g_autofree char *text = text_of(steps->pdata[n]);
            device = strstr(text, "\"mac\":") ? g_steal_pointer(&text) : NULL;
        }
        g_assert_cmpstr(netdev, ==, rows[i].netdev);
        g_assert_nonnull(strstr(device, rows[i].device));
        g_assert_nonnull(strstr(sandbox, rows[i].sandbox));
    }
}

static void test_missing_fds(void)
{
    g_autoptr(Domain) domain = prepare(Q35(BRIDGE("<driver queues='3'/>")));
    g_autoptr(GHashTable) fds = fds_new(2);
    CommandFacts facts = { .monitor_fd = 3, .device_fds = fds };
    g_autoptr(GError) error = NULL;
    guint next = 1;

    g_assert_null(command_start(domain, &facts, &next, &error));
    g_assert_error(error, RPC_ERROR, VIR_ERR_INTERNAL_ERROR);
}

/* ---- while it runs ---- */

/* "execute arguments" of all, a line each. */
static char *lines_of(GPtrArray *steps, gboolean undo)
{
    GString *lines = g_string_new(NULL);

    for (guint i = 0; i < steps->len; i++) {
        const CommandStep *step = steps->pdata[i];
        CommandStep back = { .arguments = step->undo_arguments };
        g_autofree char *text = text_of(undo ? &back : step);
        const char *command = undo ? step->undo : step->execute;

        g_string_append_printf(lines, "%s %s\n", command ? command : "", text);
    }
    return g_string_free(lines, FALSE);
}

static void test_plug(void)
{
    g_autoptr(Domain) domain =
        prepare(Q35("<controller type='pci' model='pcie-root-port'/>" BRIDGE(
            "<driver name='vhost' queues='2'/><link state='down'/>")));
    g_autoptr(GHashTable) fds = fds_new(4);
    g_autoptr(GError) error = NULL;
    DomainDevice device = nic_of(domain);
    g_autoptr(GPtrArray) gone = NULL;
    g_autoptr(GPtrArray) steps = NULL;
    g_autofree char *made = NULL, *unplugged = NULL;
    g_auto(GStrv) lines = NULL;
    guint next = 1;

    steps = command_plug(domain, &device, fds, &next, &error);
    g_assert_no_error(error);
    made = lines_of(steps, FALSE);
    lines = g_strsplit(made, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, 8);
    g_assert_cmpstr(lines[0], ==, "getfd {\"fdname\":\"fd-net0\"}");
    g_assert_cmpstr(lines[3], ==, "getfd {\"fdname\":\"fd-net0-3\"}");
    g_assert_cmpstr(lines[4], ==,
                    "netdev_add {\"type\":\"tap\",\"fds\":\"fd-net0:fd-net0-1\","
                    "\"vhost\":true,\"vhostfds\":\"fd-net0-2:fd-net0-3\","
                    "\"id\":\"hostnet0\"}");
    g_assert_true(g_str_has_prefix(lines[5], "device_add "));
    g_assert_cmpstr(lines[6], ==, "set_link {\"name\":\"net0\",\"up\":false}");
    gone = command_unplugged(&device);
    unplugged = lines_of(gone, TRUE);
    g_assert_cmpstr(unplugged, ==, "netdev_del {\"id\":\"hostnet0\"}\n");
}

static void test_link(void)
{
    static const struct {
        const char *from, *to;
        const char *settled, *made, *undone;
    } rows[] = {
#define LINK(up) "set_link {\"name\":\"net0\",\"up\":" up "}\n"
        { "", "<link state='down'/>", "", LINK("false"), LINK("true") },
        { "<link state='down'/>", "<link state='up'/>", LINK("false"), LINK("true"),
          LINK("false") },
        { "<link state='up'/>", "", "", "", "" },
        { "<link state='down'/>", "<link state='down'/>", LINK("false"), "", "" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *before = g_strdup_printf(Q35(BRIDGE("%s")), rows[i].from);
        g_autofree char *after = g_strdup_printf(Q35(BRIDGE("%s")), rows[i].to);
        g_autoptr(Domain) from = prepare(before), to = prepare(after);
        DomainDevice old = nic_of(from), new = nic_of(to);
        g_autoptr(GPtrArray) settle = command_settle(from);
        g_autoptr(GPtrArray) steps = command_update_steps(&old, &new);
        g_autofree char *settled = lines_of(settle, FALSE);
        g_autofree char *made = lines_of(steps, FALSE), *undone = lines_of(steps, TRUE);

        g_assert_cmpstr(settled, ==, rows[i].settled);
        g_assert_cmpstr(made, ==, rows[i].made);
        g_assert_cmpstr(undone, ==, rows[i].undone);
    }
}

/* ---- refusals ---- */

static void test_refused(void)
{
    static const struct {
        const char *domain, *words;
    } rows[] = {
        { Q35(BRIDGE("<driver rx_queue_size='100'/>")),
          "rx_queue_size has to be a power" },
        { Q35(BRIDGE("<driver tx_queue_size='768'/>")),
          "tx_queue_size has to be a power" },
        { Q35(NIC("user", "<driver queues='2'/>")), "several queues" },
        { Q35(NIC("user", "<driver name='vhost'/>")), "the driver 'vhost'" },
        { Q35(NIC("user", "<target dev='t'/>")), "a target" },
        { Q35(NIC("user", "<bandwidth><outbound average='1'/></bandwidth>")),
          "a bandwidth" },
        { Q35(NIC("user", "<mtu size='1280'/>")), "MTU on interface type user" },
        { Q35(NIC("direct", "<source dev='e'/><mtu size='1280'/>")),
          "MTU on interface type direct" },
        { Q35(BRIDGE("<model type='e1000'/><driver name='vhost'/>")),
          "vhost-net is only supported for virtio network interfaces" },
        { Q35(BRIDGE("<model type='e1000'/><driver queues='2'/>")), "one queue is only" },
        { Q35(BRIDGE("<model type='e1000'/><driver><host gso='off'/></driver>")),
          "offload is only" },
        { Q35(BRIDGE("<model type='e1000e'/>")), "type='e1000e'" },
        { DOMAIN("microvm", BRIDGE("<model type='e1000'/>")),
          "type='e1000' of element <devices/interface/model> is not supported by "
          "machine" },
        { DOMAIN("microvm", BRIDGE("<model type='virtio-transitional'/>")),
          "not supported for address type=virtio-mmio" },
        { Q35(BRIDGE("<vlan><tag id='1'/></vlan>")), "devices/interface/vlan" },
        { Q35(BRIDGE("<virtualport type='openvswitch'/>")),
          "devices/interface/virtualport type='openvswitch'" },
        { Q35(BRIDGE("<bandwidth><inbound floor='1'/></bandwidth>")), "'floor'" },
        { Q35(BRIDGE("<bandwidth><outbound average='1' floor='1'/></bandwidth>")),
          "floor='1'" },
        { Q35(BRIDGE("<tune><sndbuf>0</sndbuf></tune>")), "devices/interface/tune" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Domain) domain = parse(rows[i].domain);
        g_autoptr(GError) error = NULL;

        g_assert_false(command_complete(domain, NULL, "/usr/bin/vireo", &error));
        g_assert_cmpint(rpc_error_code(error), ==, VIR_ERR_CONFIG_UNSUPPORTED);
        g_assert_nonnull(strstr(error->message, rows[i].words));
    }
}

/* ---- emulators ---- */

#define MACHINES "[{\"name\":\"pc-q35-vireo-1.0\",\"alias\":\"q35\"}]"
#define TYPES    "[{\"name\":\"virtio-net-pci\"},{\"name\":\"pcie-root-port\"}]"
#define SCHEMA(tap, more)                                                                \
    "[{\"name\":\"netdev_add\",\"arg-type\":\"1\"},"                                     \
    "{\"name\":\"1\",\"variants\":[{\"case\":\"tap\",\"type\":\"2\"}" more "]},"         \
    "{\"name\":\"2\",\"members\":[{\"name\":\"fd\"}" tap "]}]"

typedef struct Emulator {
    const char *commands, *schema; /* NULL: it does not tell */
} Emulator;

static gboolean call(gpointer opaque, const char *command, JsonNode **reply,
                     GError **errp)
{
    const Emulator *emulator = opaque;
    const char *text = strcmp(command, "query-machines") == 0   ? MACHINES
                       : strcmp(command, "qom-list-types") == 0 ? TYPES
                       : strcmp(command, "query-commands") == 0 ? emulator->commands
                                                                : emulator->schema;

    if (!text) {
        g_set_error(errp, QMP_ERROR, QMP_ERROR_COMMAND_NOT_FOUND, "not found");
        return FALSE;
    }
    *reply = json_from_string(text, errp);
    return *reply != NULL;
}

/* What is not asked is not known to be missing; and what was kept says the same. */
static void test_emulators(void)
{
    static const Emulator small = { "[]", SCHEMA("", "") };
    static const Emulator mute = { "[]", NULL };
    static const Emulator garbage = { "[]", "{\"netdev_add\":1}" };
    static const Emulator all = { "[{\"name\":\"set_link\"}]",
                                  SCHEMA(",{\"name\":\"fds\"},{\"name\":\"vhostfd\"}",
                                         ",{\"case\":\"user\",\"type\":\"2\"}") };
    static const struct {
        const Emulator *emulator;
        const char *domain;
        const char *words; /* NULL: it has it */
    } rows[] = {
        { &small, Q35(BRIDGE("")), NULL },
        { &small, Q35(BRIDGE("<driver queues='2'/>")), "does not have several queues" },
        { &small, Q35(BRIDGE("<driver name='vhost'/>")), "the driver 'vhost'" },
        { &small, Q35(NIC("user", "")), "of type 'user'" },
        { &small, Q35(BRIDGE("<link state='down'/>")), "'set_link'" },
        { &garbage, Q35(NIC("user", "")), "of type 'user'" },
        { &mute, Q35(NIC("user", "")), NULL },
        { &mute, Q35(BRIDGE("<driver queues='2' name='vhost'/>")), NULL },
        { &all, Q35(NIC("user", "<link state='down'/>")), NULL },
        { &all, Q35(BRIDGE("<driver queues='2' name='vhost'/>")), NULL },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(CommandEmulator) asked =
            command_emulator_ask(call, (gpointer)rows[i].emulator, &error);
        g_autoptr(JsonObject) object = NULL;
        g_autoptr(CommandEmulator) kept = NULL;
        g_autoptr(Domain) domain = prepare(rows[i].domain);

        g_assert_no_error(error);
        object = command_emulator_format(asked);
        kept = command_emulator_parse(object);
        g_assert_nonnull(kept);
        for (int n = 0; n < 2; n++) {
            g_clear_error(&error);
            command_check_emulator(domain, n ? kept : asked, &error);
            g_assert_cmpint(error ? rpc_error_code(error) : 0, ==,
                            rows[i].words ? VIR_ERR_CONFIG_UNSUPPORTED : 0);
            g_assert_true(!rows[i].words || strstr(error->message, rows[i].words));
        }
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/interface/start", test_start);
    g_test_add_func("/interface/missing-fds", test_missing_fds);
    g_test_add_func("/interface/plug", test_plug);
    g_test_add_func("/interface/link", test_link);
    g_test_add_func("/interface/refused", test_refused);
    g_test_add_func("/interface/emulators", test_emulators);
    return g_test_run();
}

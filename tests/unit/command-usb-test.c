/* SPDX-License-Identifier: GPL-2.0-or-later */
/* USB and what sits on it, inputs, watchdogs, panic devices, vsock: places, defaults,
 * refusals, and how they are made and plugged. */
#include "command-q35.h"

#define PLAIN(machine, devices)                                                          \
    "<domain type='kvm'><name>d</name><memory unit='MiB'>64</memory>"                    \
    "<os><type machine='" machine "'>hvm</type><kernel>/k</kernel></os>"                 \
    "<features><acpi/></features><devices>" NONE devices "</devices></domain>"
#define USB(more)        "<controller type='usb' model='qemu-xhci' " more "/>"
#define INPUT(type, bus) "<input type='" type "' bus='" bus "'/>"
#define TABLET_AT(bus, port)                                                             \
    "<input type='tablet' bus='usb'><address type='usb' bus='" bus "' port='" port       \
    "'/></input>"
#define HUB_AT(port) "<hub type='usb'><address type='usb' bus='0' port='" port "'/></hub>"

/* The devices of the command line that are no ports, with their watchdog action. */
static char *started(const Domain *domain)
{
    g_autoptr(GHashTable) fds = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                                      (GDestroyNotify)g_array_unref);
    CommandFacts facts = { .monitor_fd = 3, .device_fds = fds };
    g_autoptr(GString) text = g_string_new(NULL);
    GArray *own = g_array_new(FALSE, FALSE, sizeof(int));
    g_autoptr(GPtrArray) steps = NULL;
    g_autoptr(GError) error = NULL;
    guint next = 10;
    int fd = 7;

    g_array_append_val(own, fd);
    g_hash_table_insert(fds, (gpointer) "vsock0", own);
    steps = command_start(domain, &facts, &next, &error);
    g_assert_no_error(error);
    for (guint i = 0; i < steps->len; i++) {
        const CommandStep *step = steps->pdata[i];
        g_autoptr(JsonNode) node = NULL;
        g_autofree char *json = NULL;

        if (g_strcmp0(step->option, "-watchdog-action") == 0 ||
            g_strcmp0(step->option, "-global") == 0) {
            g_string_append_printf(text, "%s %s\n", step->option, step->text);
        }
        if (g_strcmp0(step->option, "-device") != 0 ||
            strcmp(json_object_get_string_member(step->arguments, "driver"),
                   "pcie-root-port") == 0) {
            continue;
        }
        node = json_node_new(JSON_NODE_OBJECT);
        json_node_set_object(node, step->arguments);
        json = json_to_string(node, FALSE);
        g_string_append_printf(text, "%s\n", json);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void test_started(void)
{
    static const struct {
        const char *text, *devices;
    } rows[] = {
        { PLAIN("q35", ""), "{\"driver\":\"qemu-xhci\",\"id\":\"usb\",\"bus\":\"pci.1\","
                            "\"addr\":\"0x0\"}\n" },
        { PLAIN("microvm", ""), "" },
        { PLAIN("q35", USB("ports='8'") INPUT("tablet", "usb") INPUT("keyboard", "usb")),
          "{\"driver\":\"qemu-xhci\",\"p2\":8,\"p3\":8,\"id\":\"usb\",\"bus\":\"pci.1\","
          "\"addr\":\"0x0\"}\n"
          "{\"driver\":\"usb-tablet\",\"id\":\"input0\",\"bus\":\"usb.0\",\"port\":\"1\"}"
          "\n"
          "{\"driver\":\"usb-kbd\",\"id\":\"input1\",\"bus\":\"usb.0\",\"port\":\"2\"}"
          "\n" },
        { PLAIN("q35", USB("index='1'") USB("index='0'") HUB_AT("1") TABLET_AT("1", "4")
                           TABLET_AT("0", "1.8")),
          "{\"driver\":\"qemu-xhci\",\"id\":\"usb\",\"bus\":\"pci.1\",\"addr\":\"0x0\"}\n"
          "{\"driver\":\"qemu-xhci\",\"id\":\"usb1\",\"bus\":\"pci.2\",\"addr\":\"0x0\"}"
          "\n"
          "{\"driver\":\"usb-hub\",\"id\":\"hub0\",\"bus\":\"usb.0\",\"port\":\"1\"}\n"
          "{\"driver\":\"usb-tablet\",\"id\":\"input0\",\"bus\":\"usb1.0\",\"port\":"
          "\"4\"}\n"
          "{\"driver\":\"usb-tablet\",\"id\":\"input1\",\"bus\":\"usb.0\","
          "\"port\":\"1.8\"}\n" },
        { PLAIN("q35", NO_USB INPUT("mouse", "virtio") INPUT("keyboard", "ps2")),
          "{\"driver\":\"virtio-mouse-pci\",\"bus\":\"pci.1\",\"addr\":\"0x0\","
          "\"id\":\"input0\"}\n" },
        { PLAIN("microvm", INPUT("keyboard", "virtio") INPUT("tablet", "virtio")),
          "{\"driver\":\"virtio-keyboard-device\",\"bus\":\"virtio-mmio-bus.0\","
          "\"id\":\"input0\"}\n"
          "{\"driver\":\"virtio-tablet-device\",\"bus\":\"virtio-mmio-bus.1\","
          "\"id\":\"input1\"}\n" },
        { PLAIN("q35", NO_USB "<watchdog model='i6300esb' action='pause'/>"
                              "<watchdog model='itco' action='pause'/>"),
          "{\"driver\":\"pcie-pci-bridge\",\"id\":\"pci.2\",\"bus\":\"pci.1\","
          "\"addr\":\"0x0\"}\n"
          "{\"driver\":\"i6300esb\",\"id\":\"watchdog0\",\"bus\":\"pci.2\","
          "\"addr\":\"0x1\"}\n-watchdog-action pause\n"
          "-global ICH9-LPC.noreboot=off\n-watchdog-action pause\n" },
        { PLAIN("q35", NO_USB "<panic model='pvpanic'/><panic/>"),
          "{\"driver\":\"pvpanic-pci\",\"id\":\"panic0\",\"bus\":\"pcie.0\","
          "\"addr\":\"0x1\"}\n{\"driver\":\"pvpanic\",\"id\":\"panic1\"}\n" },
        { PLAIN("microvm", "<vsock><cid address='9'/></vsock>"),
          "{\"driver\":\"vhost-vsock-device\",\"bus\":\"virtio-mmio-bus.0\","
          "\"id\":\"vsock0\",\"guest-cid\":9,\"vhostfd\":\"7\"}\n" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Domain) domain = prepare(rows[i].text);
        g_autofree char *devices = started(domain);

        g_assert_cmpstr(devices, ==, rows[i].devices);
    }
}

/* What nobody has said. */
static void test_defaults(void)
{
    g_autoptr(Domain) domain =
        define(PLAIN("q35", INPUT("keyboard", "ps2") "<input type='tablet'/>"));
    const DomainInput *first = domain->inputs->pdata[0],
                      *tablet = domain->inputs->pdata[1],
                      *mouse = domain->inputs->pdata[2];
    const DomainController *usb = domain->controllers->pdata[0];
    g_autoptr(Domain) vsock = define(PLAIN("q35", "<vsock/>"));

    g_assert_cmpuint(domain->inputs->len, ==, 3);
    g_assert_cmpint(first->type, ==, DOMAIN_INPUT_KEYBOARD);
    g_assert_cmpint(tablet->bus, ==, DOMAIN_INPUT_BUS_USB);
    g_assert_cmpstr(tablet->info.address.usb_port, ==, "1");
    g_assert_cmpint(mouse->type, ==, DOMAIN_INPUT_MOUSE);
    g_assert_cmpint(mouse->bus, ==, DOMAIN_INPUT_BUS_PS2);
    g_assert_cmpint(usb->model, ==, DOMAIN_CONTROLLER_MODEL_QEMU_XHCI);
    g_assert_cmpint(((DomainVsock *)vsock->vsocks->pdata[0])->automatic, ==,
                    DOMAIN_TRISTATE_YES);
}

/* More devices than ports: hubs are added, and no more of them than needed. */
static void test_hubs(void)
{
    static const struct {
        guint devices, hubs;
        const char *last;
    } rows[] = { { 4, 0, "4" },
                 { 5, 1, "1.2" },
                 { 11, 1, "1.8" },
                 { 12, 2, "2.2" },
                 { 40, 6, NULL } };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GString) inputs = g_string_new(NULL);
        g_autofree char *text = NULL;
        g_autoptr(Domain) domain = NULL;
        g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

        for (guint n = 0; n < rows[i].devices; n++) {
            g_string_append(inputs, INPUT("mouse", "usb"));
        }
        text = g_strdup_printf(PLAIN("q35", "%s"), inputs->str);
        domain = define(text);
        g_assert_cmpuint(domain->hubs->len, ==, rows[i].hubs);
        for (guint n = 0; n < rows[i].devices; n++) {
            const DomainInput *input = domain->inputs->pdata[n];

            g_assert_true(g_hash_table_add(seen, input->info.address.usb_port));
            if (n == rows[i].devices - 1 && rows[i].last) {
                g_assert_cmpstr(input->info.address.usb_port, ==, rows[i].last);
            }
        }
    }
}

static void test_refusals(void)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        { PLAIN("q35", TABLET_AT("0", "5")), "USB address bus=0 port=5 of input device" },
        { PLAIN("q35", TABLET_AT("1", "1")), "there is no such bus" },
        { PLAIN("q35", TABLET_AT("0", "1") TABLET_AT("0", "1")), "in use already" },
        { PLAIN("q35", TABLET_AT("0", "1.1")), "there is no such port" },
        { PLAIN("q35", HUB_AT("1") TABLET_AT("0", "1.9")), "there is no such port" },
        { PLAIN("q35", HUB_AT("1") TABLET_AT("0", "1..2")), "there is no such port" },
        { PLAIN("q35", HUB_AT("1") HUB_AT("1.1") HUB_AT("1.1.1") HUB_AT("1.1.1.1")
                           HUB_AT("1.1.1.1.1") HUB_AT("1.1.1.1.1.1")
                               TABLET_AT("0", "1.1.1.1.1.1.1")),
          "there is no such port" },
        { PLAIN("q35", NO_USB INPUT("tablet", "usb")), "USB is disabled" },
        { PLAIN("q35", NO_USB USB("index='1'")), "USB is disabled" },
        { PLAIN("microvm", INPUT("tablet", "usb")), "USB is disabled" },
        { PLAIN("microvm", USB("")), "type='usb'> is not supported by machine" },
        { PLAIN("q35", INPUT("tablet", "ps2")), "bus='ps2' of element <devices/input>" },
        { PLAIN("q35", "<input type='tablet' bus='virtio'><address type='usb'/></input>"),
          "attribute type='usb' of element <devices/input/address>" },
        { PLAIN("microvm", "<watchdog model='i6300esb'/>"),
          "<domain/devices/watchdog model> 'i6300esb': the machine has none" },
        { PLAIN("q35", "<watchdog model='i6300esb'/><watchdog model='itco' "
                       "action='none'/>"),
          "watchdogs with different actions" },
        { PLAIN("q35", "<watchdog model='itco'><address type='pci'/></watchdog>"),
          "attribute type='pci' of element <devices/watchdog/address>" },
        { PLAIN("microvm", "<panic model='pvpanic'/>"), "'pvpanic': the machine" },
        { PLAIN("q35", "<panic model='pvpanic'><address type='isa'/></panic>"),
          "'pvpanic' is on PCI" },
        { PLAIN("q35", "<panic model='isa'><address type='pci'/></panic>"),
          "attribute type='pci' of element <devices/panic/address>" },
        { PLAIN("q35", "<vsock><cid auto='no'/></vsock>"), "missing attribute address" },
        { PLAIN("microvm", "<vsock model='virtio-non-transitional'/>"),
          "virtio (non-)transitional models" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Domain) domain = parse(rows[i].text);
        g_autoptr(GError) error = NULL;

        if (command_complete(domain, NULL, "/e", &error)) {
            g_error("not refused: %s", rows[i].text);
        }
        if (!strstr(error->message, rows[i].words)) {
            g_error("'%s' is not in: %s", rows[i].words, error->message);
        }
    }
}

/* The steps that plug a device, one a line; or why it cannot be. */
static char *plugged(const char *domain_text, const char *device_text)
{
    g_autoptr(Domain) domain = prepare(domain_text);
    g_autoptr(GError) error = NULL;
    g_autoptr(DomainDevice) device =
        xml_device_parse(device_text, XML_PARSE_INACTIVE, &error);
    g_autoptr(GHashTable) fds = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                                      (GDestroyNotify)g_array_unref);
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GPtrArray) steps = NULL;
    GArray *own = g_array_new(FALSE, FALSE, sizeof(int));
    DomainDevice added;
    guint next = 10;
    int fd = 7;

    g_array_append_val(own, fd);
    g_hash_table_insert(fds, (gpointer) "vsock0", own);
    g_assert_no_error(error);
    if (!command_complete_device(domain, device, &error) ||
        !command_check_new(domain, device, &error) ||
        !xml_domain_add_device(domain, device, &added, &error) ||
        !command_can_plug(&added, &error) || !command_assign(domain, &next, &error) ||
        !(steps = command_plug(domain, &added, fds, &next, &error))) {
        return g_strdup(error->message);
    }
    for (guint i = 0; i < steps->len; i++) {
        const CommandStep *step = steps->pdata[i];
        g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
        g_autofree char *json = NULL;

        json_node_set_object(node, step->arguments);
        json = json_to_string(node, FALSE);
        g_string_append_printf(text, "%s %s\n", step->execute, json);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void test_plug(void)
{
#define BRIDGED PLAIN("q35", NO_USB PORT("1", "") PCI("2", "") PORT("3", ""))
    static const struct {
        const char *domain, *device, *steps;
    } rows[] = {
        { BRIDGED, "<watchdog model='i6300esb' action='poweroff'/>",
          "set-action {\"watchdog\":\"poweroff\"}\n"
          "device_add {\"driver\":\"i6300esb\",\"id\":\"watchdog0\",\"bus\":\"pci.2\","
          "\"addr\":\"0x1\"}\n" },
        { BRIDGED, "<watchdog model='itco'/>", "hotplug of watchdog of model itco" },
        { BRIDGED, INPUT("keyboard", "virtio"),
          "device_add {\"driver\":\"virtio-keyboard-pci\",\"bus\":\"pci.3\","
          "\"addr\":\"0x0\",\"id\":\"input2\"}\n" },
        { BRIDGED, INPUT("mouse", "ps2"), "bus 'ps2' cannot be hot plugged" },
        { BRIDGED, INPUT("mouse", "usb"), "USB is disabled for this domain" },
        { PLAIN("q35", INPUT("tablet", "usb")), INPUT("mouse", "usb"),
          "device_add {\"driver\":\"usb-mouse\",\"id\":\"input3\",\"bus\":\"usb.0\","
          "\"port\":\"2\"}\n" },
        { PLAIN("q35", USB("ports='1'") INPUT("tablet", "usb")), INPUT("mouse", "usb"),
          "No free USB ports" },
        { BRIDGED, "<hub type='usb'/>", "live attach of device 'hub' is not supported" },
        { BRIDGED, "<memballoon model='virtio'/>",
          "live attach of device 'memballoon' is not supported" },
        { BRIDGED, "<panic model='pvpanic'/>",
          "live attach of device 'panic' is not supported" },
        { BRIDGED, "<serial type='pty'/>",
          "Unsupported address type for character device" },
        { BRIDGED, "<controller type='pci' model='pcie-root-port'/>",
          "'pci' controller cannot be hot plugged." },
        { BRIDGED, "<controller type='virtio-serial'/>",
          "'virtio-serial' controller cannot be hot plugged." },
        { BRIDGED, "<controller type='pci' index='1' model='pcie-root-port'/>",
          "controller index='1' already exists" },
        { PLAIN("q35", PORT("1", "") "<vsock/>"), "<vsock/>",
          "the domain already has a vsock device" },
        { BRIDGED, "<rng model='virtio'><backend model='builtin'/></rng>",
          "object-add {\"qom-type\":\"rng-random\",\"id\":\"objrng0\","
          "\"filename\":\"/dev/fdset/10\"}\n"
          "device_add {\"driver\":\"virtio-rng-pci\",\"bus\":\"pci.3\",\"addr\":\"0x0\","
          "\"id\":\"rng0\",\"rng\":\"objrng0\"}\n" },
        { BRIDGED,
          "<rng model='virtio'><rate bytes='7'/><backend model='builtin'/></rng>",
          "\"rng\":\"objrng0\",\"max-bytes\":7,\"period\":1000}" },
        { BRIDGED,
          "<rng model='virtio'><rate bytes='7' period='9'/><backend model='builtin'/>"
          "</rng>",
          "\"rng\":\"objrng0\",\"max-bytes\":7,\"period\":9}" },
        { BRIDGED, "<vsock><cid address='77'/></vsock>",
          "getfd {\"fdname\":\"fd-vsock0\"}\n"
          "device_add {\"driver\":\"vhost-vsock-pci\",\"bus\":\"pci.3\",\"addr\":\"0x0\","
          "\"id\":\"vsock0\",\"guest-cid\":77,\"vhostfd\":\"fd-vsock0\"}\n" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *steps = plugged(rows[i].domain, rows[i].device);

        if (!strstr(steps, rows[i].steps)) {
            g_error("%s: %s, not %s", rows[i].device, steps, rows[i].steps);
        }
    }
}

/* What of a device is of the run alone. */
static void test_vsock_cid(void)
{
    g_autoptr(Domain) domain = prepare(PLAIN("q35", "<vsock/>"));
    g_autofree char *live = NULL, *inactive = NULL, *status = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(Domain) again = NULL;

    ((DomainVsock *)domain->vsocks->pdata[0])->cid = 5;
    domain->id = 1;
    live = xml_domain_format(domain, XML_FORMAT_LIVE);
    inactive = xml_domain_format(domain, XML_FORMAT_INACTIVE);
    status = xml_domain_format(domain, XML_FORMAT_STATUS);
    g_assert_nonnull(strstr(live, "<cid auto='yes' address='5'/>"));
    g_assert_nonnull(strstr(inactive, "<cid auto='yes'/>"));
    again = xml_domain_parse(status, XML_PARSE_STATUS, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(((DomainVsock *)again->vsocks->pdata[0])->cid, ==, 5);
}

/* Which of several is meant. */
static void test_find(void)
{
    g_autoptr(Domain) domain = define(
        PLAIN("q35", INPUT("mouse", "usb") TABLET_AT("0", "3") TABLET_AT("0", "4")));
    static const struct {
        const char *text;
        int index;
    } rows[] = {
        { INPUT("mouse", "usb"), 0 },    { INPUT("mouse", "ps2"), 3 },
        { TABLET_AT("0", "4"), 2 },      { INPUT("tablet", "usb"), -1 },
        { INPUT("keyboard", "ps2"), 4 },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(DomainDevice) match =
            xml_device_parse(rows[i].text, XML_PARSE_STATUS | XML_PARSE_MATCH, &error);

        g_assert_no_error(error);
        g_assert_cmpint(xml_domain_find_device(domain, match, NULL, NULL), ==,
                        rows[i].index);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    xml_init();
    g_test_add_func("/command/usb/started", test_started);
    g_test_add_func("/command/usb/defaults", test_defaults);
    g_test_add_func("/command/usb/hubs", test_hubs);
    g_test_add_func("/command/usb/refusals", test_refusals);
    g_test_add_func("/command/usb/plug", test_plug);
    g_test_add_func("/command/usb/find", test_find);
    g_test_add_func("/command/vsock/cid", test_vsock_cid);
    return g_test_run();
}

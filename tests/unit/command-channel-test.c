/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt-driver/command/{console,channel,serial-port}.c: ports of virtio-serial, whose
 * sockets, and what plugs and unplugs them. */
#include <glib/gstdio.h>
#include <unistd.h>

#include "command-q35.h"

#define CHANNEL(name, more)                                                              \
    "<channel type='null'><target type='virtio' name='" name "'/>" more "</channel>"
#define CONSOLE(more) "<console type='null'><target type='virtio'/>" more "</console>"
#define PORT_AT(controller, port)                                                        \
    "<address type='virtio-serial' controller='" controller "' bus='0' port='" port "'/" \
    ">"
#define SERIAL(more) "<controller type='virtio-serial'" more "/>"

static gboolean describe_port(const DomainDevice *device, gpointer text)
{
    const DomainDeviceInfo *info = xml_device_info(device);

    if (info->address.type == DOMAIN_ADDRESS_VIRTIO_SERIAL) {
        g_string_append_printf(text, "%s %u.%u; ", info->alias,
                               info->address.serial.controller,
                               info->address.serial.port);
    }
    return TRUE;
}

static guint count_controllers(const Domain *domain)
{
    guint count = 0;

    for (guint i = 0; i < domain->controllers->len; i++) {
        const DomainController *controller = domain->controllers->pdata[i];
        count += controller->type == DOMAIN_CONTROLLER_VIRTIO_SERIAL;
    }
    return count;
}

/* As libvirt's QEMU driver gives them. */
static void test_ports(void)
{
    static const struct {
        const char *text, *places;
        guint controllers;
    } rows[] = {
        { Q35(""), "", 0 },
        { Q35(CHANNEL("a", "")), "channel0 0.1; ", 1 },
        { Q35(CONSOLE("") CONSOLE("")), "console0 0.0; console1 0.1; ", 1 },
        { Q35("<serial/>" CONSOLE("") CHANNEL("a", "")), "console1 0.0; channel0 0.1; ",
          1 },
        { Q35(CONSOLE(PORT_AT("0", "3")) CHANNEL("a", "")
                  CHANNEL("b", PORT_AT("0", "1"))),
          "console0 0.3; channel0 0.2; channel1 0.1; ", 1 },
        { Q35(CHANNEL("a", PORT_AT("2", "0")) CHANNEL("b", "")),
          "channel0 2.1; channel1 0.1; ", 2 },
        { Q35(SERIAL(" index='0' ports='2'") CHANNEL("a", "") CHANNEL("b", "")),
          "channel0 0.1; channel1 1.1; ", 2 },
        { Q35(SERIAL(" ports='2'") SERIAL("") CHANNEL("a", PORT_AT("1", "30"))
                  CHANNEL("b", "") CHANNEL("c", "")),
          "channel0 1.30; channel1 0.1; channel2 1.1; ", 2 },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Domain) domain = prepare(rows[i].text);
        g_autoptr(GString) text = g_string_new(NULL);

        xml_domain_foreach_device(domain, describe_port, text);
        g_assert_cmpstr(text->str, ==, rows[i].places);
        g_assert_cmpuint(count_controllers(domain), ==, rows[i].controllers);
    }
}

static void test_refused(void)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        { Q35(CHANNEL("a", PORT_AT("0", "1")) CHANNEL("b", PORT_AT("0", "1"))),
          "virtio serial port 1 on controller 0 is already occupied" },
        { Q35(CHANNEL("a", PORT_AT("0", "31"))),
          "virtio serial controller 0 does not have port 31" },
        { Q35(CHANNEL("a", PORT_AT("256", "1"))),
          "virtio serial controller 256 is too high a number" },
        { Q35(SERIAL(" index='0' ports='2'") CHANNEL("a", "")
                  CHANNEL("b", PORT_AT("0", "0"))),
          "Unable to find a free virtio-serial port for channel b" },
        { Q35(CHANNEL("a", "<address type='virtio-serial' bus='1' port='1'/>")),
          "virtio serial controller 0 does not have bus 1" },
        { Q35(CHANNEL("a", "<address type='pci' slot='3'/>")),
          "<devices/channel/address>" },
        { Q35(SERIAL(" model='virtio'")), "model='virtio'" },
        { Q35("<channel type='unix'><source mode='connect'/><target type='virtio'/>"
              "</channel>"),
          "missing source attribute 'path' in element <devices/channel>" },
    };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Domain) domain = parse(rows[i].text);
        g_autoptr(GError) error = NULL;

        g_assert_false(command_complete(domain, NULL, "/e", &error));
        if (!strstr(error->message, rows[i].words)) {
            g_error("'%s' is not in: %s", rows[i].words, error->message);
        }
    }
}

/* On a machine without PCI the controller has a slot of virtio-mmio, and keeps it. */
static void test_mmio(void)
{
#define MICROVM(devices)                                                                 \
    "<domain type='kvm'><name>d</name><memory unit='MiB'>64</memory>"                    \
    "<os><type machine='microvm'>hvm</type><kernel>/k</kernel></os>"                     \
    "<features><acpi/></features><devices>" devices "</devices></domain>"
#define USB_NONE                                                                         \
    "<controller type='usb' index='0' model='none'/><memballoon model='none'/>"
    g_autoptr(Domain) before = prepare(MICROVM(USB_NONE CHANNEL("a", "")));
    g_autoptr(Domain) after = parse(MICROVM(USB_NONE DISK("vda", "") CHANNEL("a", "")));
    const DomainController *controller;
    const DomainDisk *disk;
    g_autoptr(GError) error = NULL;

    controller = before->controllers->pdata[before->controllers->len - 1];
    g_assert_cmpint(controller->info.address.type, ==, DOMAIN_ADDRESS_VIRTIO_MMIO);
    g_assert_cmpuint(controller->info.address.slot, ==, 0);
    xml_domain_add_controller(after, DOMAIN_CONTROLLER_VIRTIO_SERIAL, 0,
                              DOMAIN_CONTROLLER_MODEL_DEFAULT);
    command_complete(after, before, "/e", &error);
    g_assert_no_error(error);
    controller = after->controllers->pdata[after->controllers->len - 1];
    disk = after->disks->pdata[0];
    g_assert_cmpuint(controller->info.address.slot, ==, 0);
    g_assert_cmpuint(disk->info.address.slot, ==, 1);
}

static char *step_text(const CommandStep *step)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    g_autofree char *json = NULL;

    json_node_set_object(node, step->execute ? step->arguments : step->undo_arguments);
    json = json_to_string(node, FALSE);
    return g_strdup_printf("%s %s", step->execute ? step->execute : step->undo, json);
}

static void check_steps(GPtrArray *steps, const char *const *expected)
{
    guint n = 0;

    for (; expected[n]; n++) {
        g_autofree char *text = NULL;

        g_assert_cmpuint(n, <, steps->len);
        text = step_text(steps->pdata[n]);
        g_assert_cmpstr(text, ==, expected[n]);
    }
    g_assert_cmpuint(steps->len, ==, n);
}

static void add_fd(GHashTable *fds, const char *alias)
{
    GArray *own = g_array_new(FALSE, FALSE, sizeof(int));
    int fd = dup(STDIN_FILENO);

    g_array_append_val(own, fd);
    g_hash_table_insert(fds, g_strdup(alias), own);
}

static GPtrArray *plug(const Domain *domain, DomainDeviceType type, gpointer any)
{
    DomainDevice device = { .type = type, .any = any };
    g_autoptr(GHashTable) fds = command_fds_new();
    g_autoptr(GError) error = NULL;
    guint next = 5;
    GPtrArray *steps;

    add_fd(fds, xml_device_info(&device)->alias);
    steps = command_plug(domain, &device, fds, &next, &error);
    g_assert_no_error(error);
    return steps;
}

static void test_plug(void)
{
    static const char *const channel[] = {
        "getfd {\"fdname\":\"fd-channel0\"}", "add-fd {\"fdset-id\":5,\"opaque\":\"/l\"}",
        "chardev-add {\"id\":\"charchannel0\",\"backend\":{\"type\":\"socket\",\"data\":"
        "{\"addr\":{\"type\":\"fd\",\"data\":{\"str\":\"fd-channel0\"}},\"wait\":false,"
        "\"server\":true,\"logfile\":\"/dev/fdset/5\",\"logappend\":true}}}",
        "device_add {\"driver\":\"virtserialport\",\"bus\":\"virtio-serial0.0\",\"nr\":1,"
        "\"chardev\":\"charchannel0\",\"id\":\"channel0\",\"name\":\"a\"}",
        NULL
    };
    static const char *const console[] = {
        "add-fd {\"fdset-id\":5,\"opaque\":\"/o\"}",
        "chardev-add {\"id\":\"charconsole0\",\"backend\":{\"type\":\"file\",\"data\":"
        "{\"out\":\"/dev/fdset/5\",\"append\":true}}}",
        "device_add {\"driver\":\"virtconsole\",\"bus\":\"virtio-serial0.0\",\"nr\":0,"
        "\"chardev\":\"charconsole0\",\"id\":\"console0\"}",
        NULL
    };
    static const char *const terminal[] = {
        "getfd {\"fdname\":\"fd-channel1\"}",
        "chardev-add {\"id\":\"charchannel1\",\"backend\":{\"type\":\"pty\",\"data\":"
        "{\"fd\":\"fd-channel1\"}}}",
        "device_add {\"driver\":\"virtserialport\",\"bus\":\"virtio-serial0.0\",\"nr\":2,"
        "\"chardev\":\"charchannel1\",\"id\":\"channel1\"}",
        NULL
    };
    static const char *const gone[] = { "chardev-remove {\"id\":\"charchannel0\"}",
                                        NULL };
    g_autoptr(Domain) domain =
        prepare(Q35("<console type='file'><source path='/o'/><target type='virtio'/>"
                    "</console><channel type='unix'><source mode='bind' path='/s'/>"
                    "<log file='/l'/><target type='virtio' name='a'/></channel>"
                    "<channel type='pty'><target type='virtio'/></channel>"));
    DomainDevice device = { .type = DOMAIN_DEVICE_CHANNEL,
                            .any = domain->channels->pdata[0] };
    g_autoptr(GPtrArray) first = plug(domain, DOMAIN_DEVICE_CHANNEL, device.any);
    g_autoptr(GPtrArray) second =
        plug(domain, DOMAIN_DEVICE_CONSOLE, domain->consoles->pdata[0]);
    g_autoptr(GPtrArray) third =
        plug(domain, DOMAIN_DEVICE_CHANNEL, domain->channels->pdata[1]);
    g_autoptr(GPtrArray) after = command_unplugged(&device);

    check_steps(first, channel);
    check_steps(second, console);
    check_steps(third, terminal);
    check_steps(after, gone);
}

/* What a plug may have left is looked for where there can have been one. */
static void test_leftovers(void)
{
    g_autoptr(Domain) without = prepare(Q35(""));
    g_autoptr(Domain) with = prepare(Q35(CHANNEL("a", "") CHANNEL("b", "")));
    g_autoptr(GPtrArray) none = command_leftovers(without);
    g_autoptr(GPtrArray) some = command_leftovers(with);
    gboolean next = FALSE;

    for (guint i = 0; i < some->len; i++) {
        g_autofree char *text = step_text(some->pdata[i]);

        g_assert_null(strstr(text, "charchannel0\""));
        g_assert_null(strstr(text, "charchannel1\""));
        next |= strcmp(text, "chardev-remove {\"id\":\"charchannel2\"}") == 0;
    }
    g_assert_true(next);
    for (guint i = 0; i < none->len; i++) {
        g_autofree char *text = step_text(none->pdata[i]);

        g_assert_null(strstr(text, "chardev-remove"));
    }
}

/* A path that nobody has given is in the directory of the run. */
static void test_socket(void)
{
    static const struct {
        const char *name, *file;
    } rows[] = {
        { "name='org.qemu.guest_agent.0'", "org.qemu.guest_agent.0" },
        { "name='../x'", "vioser-00-00-01.sock" },
        { "name='..'", "vioser-00-00-01.sock" },
        { "", "vioser-00-00-01.sock" },
    };
    g_autoptr(GError) error = NULL;
    g_autofree char *dir = g_dir_make_tmp("channel-XXXXXX", &error);
    g_autofree char *channels = g_build_filename(dir, "channel", NULL);
    CommandHost host = { .socket_dir = "/nowhere", .channel_dir = channels };

    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text =
            g_strdup_printf(Q35("<channel type='unix'><target type='virtio' %s/>"
                                "</channel>"),
                            rows[i].name);
        g_autoptr(Domain) domain = prepare(text);
        DomainDevice device = { .type = DOMAIN_DEVICE_CHANNEL,
                                .any = domain->channels->pdata[0] };
        g_autoptr(GHashTable) fds = command_fds_new();
        g_autofree char *path = g_build_filename(channels, rows[i].file, NULL);

        g_assert_cmpint(device.channel->chardev.mode, ==, DOMAIN_CHARDEV_MODE_BIND);
        command_prepare_device(&host, domain, &device, fds, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(device.channel->chardev.path, ==, path);
        g_assert_cmpint(g_access(path, F_OK), ==, 0);
        g_hash_table_remove_all(fds);
        command_release_device(&host, &device);
        g_assert_cmpint(g_access(path, F_OK), <, 0);
    }
    g_assert_cmpint(g_rmdir(channels), ==, 0);
    g_assert_cmpint(g_rmdir(dir), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/channel/ports", test_ports);
    g_test_add_func("/channel/refused", test_refused);
    g_test_add_func("/channel/mmio", test_mmio);
    g_test_add_func("/channel/plug", test_plug);
    g_test_add_func("/channel/leftovers", test_leftovers);
    g_test_add_func("/channel/socket", test_socket);
    return g_test_run();
}

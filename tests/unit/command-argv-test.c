/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libvirt-driver/command/: definitions become the command lines and the QMP commands of
 * tests/golden/command. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "command/command.h"
#include "util/vir-error.h"

#define ACPI "<features><acpi/></features>"
#define NONE "<memballoon model='none'/>"
#define MICROVM(more)                                                                    \
    "<domain type='kvm'><name>d</name>"                                                  \
    "<uuid>c3915bb8-a1ac-4847-9e92-4a40f5ce3750</uuid>"                                  \
    "<memory unit='MiB'>64</memory><os><type>hvm</type><kernel>/k</kernel></os>" ACPI    \
    "<devices>" NONE more "</devices></domain>"
#define DISK(dev, more)                                                                  \
    "<disk><source file='/" dev ".img'/><target dev='" dev "'/>" more "</disk>"

static Domain *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    Domain *domain = xml_domain_parse(text, XML_PARSE_INACTIVE, &error);

    g_assert_no_error(error);
    return domain;
}

static gboolean assign(Domain *domain, GError **errp)
{
    guint next_node = 0;

    return command_assign(domain, &next_node, errp);
}

/* A domain ready to run. */
static Domain *prepare(const char *text)
{
    g_autoptr(GError) error = NULL;
    Domain *domain = parse(text);

    command_complete(domain, NULL, "/usr/bin/vireo", &error);
    g_assert_no_error(error);
    assign(domain, &error);
    g_assert_no_error(error);
    return domain;
}

/* Numbers that nobody closes. */
static GHashTable *fds_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                 (GDestroyNotify)g_array_unref);
}

static void add_fd(GHashTable *fds, const char *alias, int fd)
{
    GArray *own = g_array_new(FALSE, FALSE, sizeof(int));

    g_array_append_val(own, fd);
    g_hash_table_insert(fds, (gpointer)alias, own);
}

/* As command_open_files() does it, with numbers that are nobody's. */
static void number_files(GPtrArray *steps, int fd)
{
    for (guint i = 0; i < steps->len; i++) {
        CommandStep *step = steps->pdata[i];

        if (step->file.path) {
            step->fd = fd < 0 ? fd : fd++;
        }
    }
}

static char **build(const Domain *domain, const CommandFacts *facts, GError **errp)
{
    guint next = 100;
    g_autoptr(GPtrArray) steps = command_start(domain, facts, &next, errp);
    char **argv;

    if (!steps) {
        return NULL;
    }
    number_files(steps, 1000);
    argv = command_argv(domain, steps);
    number_files(steps, -1);
    return argv;
}

static char *read_golden(const char *name, const char *suffix)
{
    g_autofree char *file = g_strconcat(name, suffix, NULL);
    g_autofree char *path =
        g_build_filename(g_getenv("srcdir"), "tests/golden/command", file, NULL);
    g_autoptr(GError) error = NULL;
    char *text;

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}

/* One argument a line, as JSON strings. */
static char *argv_text(char **argv)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_ARRAY);
    JsonArray *array = json_array_new();
    g_autofree char *text = NULL;

    for (guint i = 0; argv[i]; i++) {
        json_array_add_string_element(array, argv[i]);
    }
    json_node_take_array(node, array);
    text = json_to_string(node, TRUE);
    return g_strconcat(text, "\n", NULL);
}

static void test_golden(gconstpointer name)
{
    g_autofree char *xml = read_golden(name, ".xml");
    g_autofree char *expected = read_golden(name, ".args.json");
    g_autoptr(GError) error = NULL;
    g_autoptr(Domain) domain = prepare(xml);
    g_autoptr(GHashTable) fds = fds_new();
    CommandFacts facts = { .monitor_fd = 31, .device_fds = fds };
    g_auto(GStrv) argv = NULL;
    g_autofree char *text = NULL;

    add_fd(fds, "net0", 32);
    add_fd(fds, "net1", 33);
    add_fd(fds, "serial0", 34);
    facts.incoming = strcmp(name, "incoming") == 0;
    facts.memory_path = "/run/ram";
    facts.kvm_path = "/dev/kvm";
    argv = build(domain, &facts, &error);
    g_assert_no_error(error);
    text = argv_text(argv);
    g_assert_cmpstr(text, ==, expected);
}

static char *step_text(const char *name, JsonObject *arguments)
{
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    g_autofree char *json = NULL;

    json_node_set_object(node, arguments);
    json = json_to_string(node, FALSE);
    return g_strdup_printf("%s %s", name, json);
}

static void check_undo(GPtrArray *steps, guint i, const char *undo)
{
    const CommandStep *step = steps->pdata[i];
    g_autofree char *text = step_text(step->undo, step->undo_arguments);

    g_assert_cmpstr(text, ==, undo);
}

static void check_step(GPtrArray *steps, guint i, const char *todo, const char *undo)
{
    const CommandStep *step = steps->pdata[i];
    g_autofree char *text = step_text(step->execute, step->arguments);

    g_assert_cmpstr(text, ==, todo);
    g_assert_cmpint(step->undo != NULL, ==, undo != NULL);
    if (undo) {
        check_undo(steps, i, undo);
    }
}

static void check_file(const CommandStep *step, const char *path, int flags)
{
    g_assert_cmpstr(step->file.path, ==, path);
    g_assert_cmpint(step->file.flags, ==, flags);
    g_assert_cmpint(step->fd, ==, -1);
}

/* What each file is opened for; no two share a set. */
static void test_files(void)
{
    static const char devices[] =
        "<disk><source file='/a'/><target dev='vda'/></disk>"
        "<disk><source file='/b'/><target dev='vdb'/><readonly/></disk>"
        "<rng model='virtio'><backend model='random'>/dev/hwrng</backend></rng>";
    static const struct {
        const char *path;
        guint set;
        int flags;
    } rows[] = {
        { "/dev/kvm", 3, O_RDWR }, { "/k", 4, O_RDONLY },         { "/a", 1, O_RDWR },
        { "/b", 2, O_RDONLY },     { "/dev/hwrng", 5, O_RDONLY },
    };
    g_autofree char *text = g_strdup_printf(MICROVM("%s"), devices);
    g_autoptr(Domain) domain = prepare(text);
    CommandFacts facts = { .monitor_fd = 3, .kvm_path = "/dev/kvm" };
    guint next = 3, n = 0;
    g_autoptr(GPtrArray) steps = command_start(domain, &facts, &next, NULL);

    for (guint i = 0; i < steps->len; i++) {
        const CommandStep *step = steps->pdata[i];

        if (step->file.path) {
            g_assert_cmpuint(n, <, G_N_ELEMENTS(rows));
            check_file(step, rows[n].path, rows[n].flags);
            g_assert_cmpuint(step->file.set, ==, rows[n].set);
            n++;
        }
    }
    g_assert_cmpuint(n, ==, G_N_ELEMENTS(rows));
    g_assert_cmpuint(next, ==, 6);
}

static GPtrArray *steps_of(const char *devices, char **dir)
{
    g_autofree char *file = NULL, *text = NULL;
    g_autoptr(Domain) domain = NULL;
    CommandFacts facts = { .monitor_fd = 3 };
    guint next = 10;

    *dir = g_dir_make_tmp("files-XXXXXX", NULL);
    file = g_strdup_printf(devices, *dir);
    text = g_strdup_printf("<domain type='kvm'><name>d</name><memory>4096</memory><os>"
                           "<type>hvm</type><kernel>/dev/null</kernel></os>" ACPI
                           "<devices>" NONE "%s</devices></domain>",
                           file);
    domain = prepare(text);
    return command_start(domain, &facts, &next, NULL);
}

/* Files are opened, and closed with the steps. */
static void test_open(void)
{
    g_autofree char *dir = NULL, *path = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(int));
    GPtrArray *steps =
        steps_of("<disk><source file='%s/i'/><target dev='vda'/></disk>", &dir);

    path = g_build_filename(dir, "i", NULL);
    g_assert_true(g_file_set_contents(path, "x", 1, &error));
    g_assert_true(command_open_files(steps, &error));
    command_collect_files(steps, fds);
    g_assert_cmpuint(fds->len, ==, 2);
    g_assert_cmpint(fcntl(g_array_index(fds, int, 0), F_GETFL) & O_ACCMODE, ==, O_RDONLY);
    g_assert_cmpint(fcntl(g_array_index(fds, int, 1), F_GETFL) & O_ACCMODE, ==, O_RDWR);
    g_assert_cmpint(fcntl(g_array_index(fds, int, 1), F_GETFD), ==, FD_CLOEXEC);
    g_ptr_array_unref(steps);
    for (guint i = 0; i < fds->len; i++) {
        g_assert_cmpint(fcntl(g_array_index(fds, int, i), F_GETFD), ==, -1);
    }
    unlink(path);
    rmdir(dir);
}

static void test_open_fails(void)
{
    g_autofree char *dir = NULL, *message = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) steps =
        steps_of("<disk><source file='%s/i'/><target dev='vda'/></disk>", &dir);

    g_assert_false(command_open_files(steps, &error));
    g_assert_error(error, RPC_ERROR, VIR_ERR_SYSTEM_ERROR);
    message = g_strdup_printf("Cannot access storage file '%s/i': "
                              "No such file or directory",
                              dir);
    g_assert_cmpstr(error->message, ==, message);
    rmdir(dir);
}

static void check_sets(const char *reply, gint64 set)
{
    g_autoptr(JsonNode) node = json_from_string(reply, NULL);
    g_autoptr(GPtrArray) steps = command_passed_sets(node);

    g_assert_nonnull(steps);
    g_assert_cmpuint(steps->len, ==, set >= 0);
    if (set >= 0) {
        g_autofree char *undo =
            g_strdup_printf("remove-fd {\"fdset-id\":%" G_GINT64_FORMAT "}", set);
        check_undo(steps, 0, undo);
    }
}

/* What the emulator says of its sets, or what somebody says in its place. */
static void test_sets(void)
{
    g_autoptr(JsonNode) none = json_from_string("{}", NULL);

    check_sets("[]", -1);
    check_sets("[{\"fdset-id\":7,\"fds\":[{\"fd\":3}]}]", 7);
    check_sets("[{\"fdset-id\":\"7\"}, 1, null, {}]", -1);
    g_assert_null(command_passed_sets(none));
}

/* Of the timers that are accepted one has an option. */
static void test_timers(void)
{
    static const char timers[] = "<clock offset='utc'>"
                                 "<timer name='rtc' tickpolicy='catchup'/>"
                                 "<timer name='pit' tickpolicy='delay'/>"
                                 "<timer name='hpet' present='no'/>"
                                 "<timer name='kvmclock' present='yes'/></clock>";
    g_autofree char *with = g_strdup_printf(
        "<domain type='kvm'><name>d</name>"
        "<uuid>c3915bb8-a1ac-4847-9e92-4a40f5ce3750</uuid><memory unit='MiB'>64</memory>"
        "<os><type>hvm</type><kernel>/k</kernel></os>" ACPI "%s<devices>" NONE
        "</devices></domain>",
        timers);
    g_autoptr(Domain) a = prepare(MICROVM("")), b = prepare(with);
    CommandFacts facts = { .monitor_fd = 3 };
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) plain = build(a, &facts, &error);
    g_auto(GStrv) timed = build(b, &facts, &error);
    g_autofree char *plain_text = NULL, *timed_text = NULL;

    g_assert_no_error(error);
    plain_text = argv_text(plain);
    timed_text = argv_text(timed);
    g_autoptr(GString) expected = g_string_new(plain_text);
    g_assert_cmpuint(
        g_string_replace(expected, "base=utc", "base=utc,driftfix=slew", 0), ==, 1);
    g_assert_cmpstr(timed_text, ==, expected->str);
}

static void test_missing_fds(void)
{
    static const char *const texts[] = {
        MICROVM("<interface type='ethernet'/>"),
        MICROVM("<serial type='unix'><source mode='bind' path='/s'/></serial>"),
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(Domain) domain = prepare(texts[i]);
        CommandFacts facts = { .monitor_fd = 3 };
        g_autoptr(GError) error = NULL;

        g_assert_null(build(domain, &facts, &error));
        g_assert_error(error, RPC_ERROR, VIR_ERR_INTERNAL_ERROR);
    }
}

static void refused(const char *text, const char *word)
{
    g_autoptr(Domain) domain = parse(text);
    g_autoptr(GError) error = NULL;

    g_assert_false(command_complete(domain, NULL, "/e", &error));
    g_assert_error(error, RPC_ERROR, VIR_ERR_CONFIG_UNSUPPORTED);
    if (!strstr(error->message, word)) {
        g_error("'%s' is not in: %s", word, error->message);
    }
}

static void test_refusals(void)
{
    g_autoptr(GString) many = g_string_new(NULL);
    g_autofree char *text = NULL;

    refused("<domain type='kvm'><name>d</name><memory>4096</memory><os><type>hvm</type>"
            "</os></domain>",
            "<domain/os/kernel>");
    refused("<domain type='kvm'><name>d</name><memory>4096</memory><os>"
            "<type machine='pc'>hvm</type><kernel>/k</kernel></os></domain>",
            "'pc'");
    refused("<domain type='kvm'><name>d</name><memory>4096</memory><vcpu>255</vcpu><os>"
            "<type>hvm</type><kernel>/k</kernel></os>" ACPI "</domain>",
            "'255'");
    refused("<domain type='kvm'><name>d</name><memory>4096</memory><vcpu>65535</vcpu><os>"
            "<type>hvm</type><kernel>/k</kernel></os>" ACPI "</domain>",
            "<domain/vcpu> '65535': the machine has at most 254 vCPUs");
    refused("<domain type='kvm'><name>d</name><memory>4096</memory>"
            "<iothreads>4294967295</iothreads><os><type>hvm</type><kernel>/k</kernel>"
            "</os>" ACPI "</domain>",
            "<domain/iothreads> '4294967295': the machine has at most 1024 iothreads");
    refused("<domain type='kvm'><name>d</name>"
            "<genid>43dc0cf8-809b-4adb-9bea-a9abb5f3d90e</genid><memory>4096</memory>"
            "<os><type>hvm</type><kernel>/k</kernel></os>" ACPI "</domain>",
            "<domain/genid> '43dc0cf8-809b-4adb-9bea-a9abb5f3d90e': the machine has no");
    refused("<domain type='kvm'><name>d</name><memory>4096</memory><os><type>hvm</type>"
            "<kernel>/k</kernel></os><features><acpi/><vmcoreinfo/></features></domain>",
            "<domain/features/vmcoreinfo state> 'on': the machine has no fw_cfg");
    refused(MICROVM("<serial><target port='2147483647'/></serial>"), "'2147483647'");
    refused("<domain type='kvm'><name>d</name><memory>4096</memory><os><type>hvm</type>"
            "<kernel>/k</kernel></os><features><apic/></features></domain>",
            "missing element <domain/features/acpi> for machine 'microvm-vireo-1.0'");
    refused(MICROVM("<serial><target port='4'/></serial>"), "'4'");
    for (char c = 'a'; c <= 'y'; c++) {
        g_string_append_printf(many,
                               "<disk><source file='/d'/><target dev='vd%c'/></disk>", c);
    }
    text = g_strdup_printf("<domain type='kvm'><name>d</name><memory>4096</memory><os>"
                           "<type>hvm</type><kernel>/k</kernel></os>" ACPI
                           "<devices>" NONE "%s</devices>"
                           "</domain>",
                           many->str);
    refused(text, "disk vdy: the machine has 24");
    refused(MICROVM(DISK("vda", "<driver iothread='1'/>")), "vda has iothread='1'");
    refused(MICROVM(DISK("vda", "<address type='pci'/>")),
            "type='pci' of element <devices/disk/address>");
    refused("<domain type='kvm'><name>d</name><memory>4096</memory><currentMemory>2048"
            "</currentMemory><os><type>hvm</type><kernel>/k</kernel></os>" ACPI
            "<devices>" NONE "</devices></domain>",
            "<currentMemory> of 2048");
    refused("<domain type='kvm'><name>d</name><memory>4096</memory><vcpu current='1'>2"
            "</vcpu><os><type>hvm</type><kernel>/k</kernel></os>" ACPI "</domain>",
            "current='1'");
    refused(MICROVM("<disk><source file='/d'><slices><slice type='storage' offset='0' "
                    "size='512'/></slices></source><target dev='vda'/></disk>"),
            "devices/disk/source/slices> of disk vda");
    refused(MICROVM("<disk><source file='/d'/><backingStore type='file'><format "
                    "type='raw'/><source file='/b'/><backingStore/></backingStore>"
                    "<target dev='vda'/></disk>"),
            "devices/disk/backingStore> of disk vda");
}

/* Completing is done once: what it adds is in the definition and stays. */
static void test_complete(void)
{
    g_autoptr(Domain) domain = prepare(MICROVM(DISK("vda", "")));
    g_autofree char *text = xml_domain_format(domain, XML_FORMAT_INACTIVE);
    g_autoptr(Domain) again = prepare(text);
    g_autofree char *second = xml_domain_format(again, XML_FORMAT_INACTIVE);

    g_assert_nonnull(strstr(text, "machine='microvm-vireo-1.0'"));
    g_assert_nonnull(strstr(text, "<emulator>/usr/bin/vireo</emulator>"));
    g_assert_nonnull(strstr(text, "<address type='virtio-mmio'/>"));
    g_assert_nonnull(strstr(text, "<cpu mode='host-passthrough' check='none' "
                                  "migratable='on'/>"));
    g_assert_null(strstr(text, "alias"));
    g_assert_cmpstr(second, ==, text);
}

/* The place of an unplugged device is taken again; the others keep theirs. */
static void test_plug(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Domain) domain = prepare(MICROVM(DISK("vda", "") DISK("vdb", "")));
    g_autoptr(DomainDevice) gone =
        xml_device_parse(DISK("vda", ""), XML_PARSE_STATUS, &error);
    g_autoptr(DomainDevice) fresh = xml_device_parse(
        DISK("vdc", "<driver name='qemu' cache='none' error_policy='stop'/>"),
        XML_PARSE_INACTIVE, &error);
    g_autoptr(GPtrArray) steps = NULL, after = NULL;
    guint next_node = 5; /* 3 and 4 have been used */
    DomainDevice added;

    g_assert_no_error(error);
    g_assert_true(xml_domain_remove_device(domain, gone, &error));
    g_assert_true(xml_domain_add_device(domain, fresh, &added, &error));
    g_assert_true(command_assign(domain, &next_node, &error));
    g_assert_cmpuint(next_node, ==, 6);
    g_assert_cmpint(added.disk->info.address.type, ==, DOMAIN_ADDRESS_VIRTIO_MMIO);
    steps = command_plug(domain, &added, NULL, &next_node, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(next_node, ==, 6); /* its set has its node's number */
    g_assert_cmpuint(steps->len, ==, 4);
    check_step(steps, 0, "add-fd {\"fdset-id\":5,\"opaque\":\"/vdc.img\"}",
               "remove-fd {\"fdset-id\":5}");
    check_file(steps->pdata[0], "/vdc.img", O_RDWR);
    check_step(
        steps, 1,
        "blockdev-add {\"driver\":\"file\",\"filename\":\"/dev/fdset/5\",\"node-name\":"
        "\"libvirt-5-storage\",\"read-only\":false,\"cache\":{\"direct\":true,"
        "\"no-flush\":false}}",
        "blockdev-del {\"node-name\":\"libvirt-5-storage\"}");
    check_step(
        steps, 2,
        "blockdev-add {\"node-name\":\"libvirt-5-format\",\"read-only\":false,"
        "\"cache\":{\"direct\":true,\"no-flush\":false},\"driver\":\"raw\",\"file\":"
        "\"libvirt-5-storage\"}",
        "blockdev-del {\"node-name\":\"libvirt-5-format\"}");
    check_step(steps, 3,
               "device_add {\"driver\":\"virtio-blk-device\","
               "\"id\":\"virtio-disk2\",\"drive\":\"libvirt-5-format\",\"write-cache\":"
               "\"on\",\"werror\":\"stop\",\"rerror\":\"stop\"}",
               NULL);
    g_assert_true(command_take_bus(domain, &added, "/machine/virtio-mmio-bus.23"));
    g_assert_cmpuint(added.disk->info.address.slot, ==, 23);
    g_assert_false(command_take_bus(domain, &added, "virtio-mmio-bus.24"));
    g_assert_false(command_take_bus(domain, &added, "/machine/isa.0"));
    g_assert_false(command_take_bus(domain, &added, NULL));
    g_assert_true(command_can_unplug(&added, &error));
    after = command_unplugged(&added);
    g_assert_cmpuint(after->len, ==, 2);
    check_undo(after, 0, "blockdev-del {\"node-name\":\"libvirt-5-format\"}");
    check_undo(after, 1, "blockdev-del {\"node-name\":\"libvirt-5-storage\"}");
}

static void test_plug_interface(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Domain) domain =
        prepare(MICROVM("<interface type='ethernet'><mac address='52:54:00:00:00:01'/>"
                        "</interface><serial/>"));
    DomainDevice net = { .type = DOMAIN_DEVICE_INTERFACE,
                         .interface = domain->interfaces->pdata[0] };
    DomainDevice serial = { .type = DOMAIN_DEVICE_SERIAL,
                            .serial = domain->serials->pdata[0] };
    g_autoptr(GHashTable) fds = fds_new();
    g_autoptr(GPtrArray) steps = NULL, after = NULL;
    guint next = 1;

    add_fd(fds, "net0", 9);
    steps = command_plug(domain, &net, fds, &next, &error);
    g_assert_no_error(error);
    check_step(steps, 0, "getfd {\"fdname\":\"fd-net0\"}",
               "closefd {\"fdname\":\"fd-net0\"}");
    g_assert_cmpint(((CommandStep *)steps->pdata[0])->fd, ==, 9);
    check_step(steps, 1,
               "netdev_add {\"type\":\"tap\",\"fd\":\"fd-net0\",\"id\":\"hostnet0\"}",
               "netdev_del {\"id\":\"hostnet0\"}");
    check_step(steps, 2,
               "device_add {\"driver\":\"virtio-net-device\","
               "\"id\":\"net0\",\"netdev\":\"hostnet0\",\"mac\":\"52:54:00:00:00:01\"}",
               NULL);
    after = command_unplugged(&net);
    g_assert_cmpuint(after->len, ==, 1);
    check_undo(after, 0, "netdev_del {\"id\":\"hostnet0\"}");
    g_assert_null(command_plug(domain, &net, NULL, &next, NULL));
    g_assert_null(command_plug(domain, &serial, NULL, &next, &error));
    g_assert_error(error, RPC_ERROR, VIR_ERR_OPERATION_UNSUPPORTED);
    g_assert_cmpstr(error->message, ==, "Unsupported address type for character device");
    g_clear_error(&error);
    g_assert_false(command_can_unplug(&serial, &error));
    g_assert_error(error, RPC_ERROR, VIR_ERR_OPERATION_UNSUPPORTED);
    g_assert_cmpstr(error->message, ==, "live detach of device 'chr' is not supported");
}

/* All slots can be used, and no more. */
static void test_slots(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Domain) domain = prepare(MICROVM(""));

    guint slots = command_machine(NULL)->virtio_slots;

    for (guint i = 0; i <= slots; i++) {
        g_autofree char *text = g_strdup_printf(
            "<disk><source file='/d'/><target dev='vd%c'/></disk>", 'a' + i);
        g_autoptr(DomainDevice) disk = xml_device_parse(text, XML_PARSE_INACTIVE, &error);
        DomainDevice added;
        gboolean ok;

        g_assert_true(xml_domain_add_device(domain, disk, &added, &error));
        ok = assign(domain, &error);
        g_assert_cmpint(ok, ==, i < slots);
        if (ok) {
            g_assert_cmpuint(added.disk->info.address.slot, ==, i);
        }
    }
    g_assert_error(error, RPC_ERROR, VIR_ERR_CONFIG_UNSUPPORTED);
}

/* A destination gives each device the name and place that it has at the source. */
static void test_adopt(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Domain) source = prepare(MICROVM(DISK("vda", "") DISK("vdb", "")));
    g_autoptr(DomainDevice) first =
        xml_device_parse(DISK("vda", ""), XML_PARSE_STATUS, &error);
    g_autoptr(Domain) target = parse(MICROVM(DISK("vdb", "")));
    g_autofree char *status = NULL;
    g_autoptr(Domain) cookie = NULL;
    const DomainDisk *disk;

    g_assert_true(xml_domain_remove_device(source, first, &error));
    source->id = 1;
    status = xml_domain_format(source, XML_FORMAT_STATUS);
    cookie = xml_domain_parse(status, XML_PARSE_STATUS, &error);
    g_assert_no_error(error);
    g_assert_true(command_complete(target, NULL, "/other/vireo", &error));
    g_assert_true(xml_domain_check_abi_stable(cookie, target, &error));
    command_adopt(target, cookie);
    g_assert_true(assign(target, &error));
    disk = target->disks->pdata[0];
    g_assert_cmpuint(disk->info.address.slot, ==, 1);
    g_assert_cmpstr(disk->info.alias, ==, "virtio-disk1");
    g_assert_cmpuint(disk->source.node_index, ==, 2);
}

static void test_abi(void)
{
    static const struct {
        const char *to;
        const char *what;
    } rows[] = {
        { MICROVM(DISK("vdb", "")), "disk target 'vdb'" },
        { MICROVM(DISK("vda", "<readonly/>")), "disk readonly '1'" },
        { MICROVM(DISK("vda", "<serial>s</serial>")), "disk serial 's'" },
        { MICROVM(DISK("vda", "<driver cache='writethrough'/>")),
          "disk cache 'writethrough'" },
        { MICROVM(DISK("vda", "<driver discard='unmap'/>")), "disk discard 'unmap'" },
        { MICROVM(""), "number of disk devices '0'" },
        { MICROVM(DISK("vda", "") "<serial/>"), "number of serial devices '1'" },
        { MICROVM(DISK("vda", "") "<interface type='ethernet'/>"),
          "number of interface devices '1'" },
    };
    g_autoptr(Domain) from = prepare(MICROVM(DISK("vda", "")));

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Domain) to = prepare(rows[i].to);
        g_autoptr(GError) error = NULL;

        g_assert_false(xml_domain_check_abi_stable(from, to, &error));
        g_assert_error(error, XML_ERROR, VIR_ERR_CONFIG_UNSUPPORTED);
        g_assert_cmpint(rpc_error_code(error), ==, VIR_ERR_CONFIG_UNSUPPORTED);
        g_assert_nonnull(strstr(error->message, rows[i].what));
    }
}

static void test_migration_safe(void)
{
    static const struct {
        const char *disk;
        gboolean safe;
    } rows[] = {
        { DISK("vda", ""), FALSE },
        { DISK("vda", "<readonly/>"), TRUE },
        { DISK("vda", "<driver cache='none'/>"), TRUE },
        { DISK("vda", "<driver cache='directsync'/>"), TRUE },
        { DISK("vda", "<driver cache='writethrough'/>"), FALSE },
        { DISK("vda", "<driver cache='unsafe'/>"), FALSE },
        { "", TRUE },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text =
            g_strdup_printf("<domain type='kvm'><name>d</name><memory>4096</memory><os>"
                            "<type>hvm</type><kernel>/k</kernel></os>" ACPI
                            "<devices>" NONE "%s</devices>"
                            "</domain>",
                            rows[i].disk);
        g_autoptr(Domain) domain = prepare(text);
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(command_check_migration_safe(domain, &error), ==, rows[i].safe);
        if (!rows[i].safe) {
            g_assert_error(error, RPC_ERROR, VIR_ERR_MIGRATE_UNSAFE);
        }
    }
}

/* Domain capabilities say what the tables do. */
static void test_capabilities(void)
{
    g_autoptr(CapabilitiesValues) memory = command_memory_values();
    g_autoptr(CapabilitiesValues) devices =
        command_device_values(command_machine(NULL), NULL);
    g_autoptr(CapabilitiesValues) cpu = command_cpu_values();
    g_autoptr(CapabilitiesValues) features =
        command_feature_values(command_machine(NULL), NULL);
    CapabilitiesGuest guest = { .emulator = "/v",
                                .machine = "m",
                                .arch = "x86_64",
                                .memory = memory,
                                .cpu = cpu,
                                .devices = devices,
                                .features = features };
    g_autofree char *xml = capabilities_format_domain(&guest);
    static const char *const parts[] = {
        "  <memoryBacking supported='yes'>\n"
        "    <enum name='sourceType'>\n"
        "      <value>anonymous</value>\n"
        "      <value>file</value>\n"
        "      <value>memfd</value>\n"
        "    </enum>\n"
        "  </memoryBacking>\n",
        "    <disk supported='yes'>\n"
        "      <enum name='diskDevice'>\n"
        "        <value>disk</value>\n"
        "      </enum>\n"
        "      <enum name='bus'>\n"
        "        <value>virtio</value>\n"
        "      </enum>\n"
        "      <enum name='model'>\n"
        "        <value>virtio</value>\n"
        "      </enum>\n"
        "    </disk>\n"
        "    <graphics supported='no'/>\n",
        "  <cpu>\n"
        "    <mode name='host-passthrough' supported='yes'>\n"
        "      <enum name='hostPassthroughMigratable'>\n"
        "        <value>on</value>\n"
        "        <value>off</value>\n"
        "      </enum>\n"
        "    </mode>\n"
        "    <mode name='maximum' supported='no'/>\n"
        "    <mode name='host-model' supported='no'/>\n"
        "    <mode name='custom' supported='no'/>\n"
        "  </cpu>\n",
        "    <vmcoreinfo supported='no'/>\n",
        "    <sev supported='no'/>\n",
        "        <value>random</value>\n",
        "    <tpm supported='no'/>\n",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (!strstr(xml, parts[i])) {
            g_error("'%s' is not in: %s", parts[i], xml);
        }
    }
    g_assert_null(xml_domain_values("devices/none"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/command/golden/minimal", "minimal", test_golden);
    g_test_add_data_func("/command/golden/devices", "devices", test_golden);
    g_test_add_data_func("/command/golden/incoming", "incoming", test_golden);
    g_test_add_data_func("/command/golden/q35", "q35", test_golden);
    g_test_add_data_func("/command/golden/bridges", "bridges", test_golden);
    g_test_add_data_func("/command/golden/firmware", "firmware", test_golden);
    g_test_add_func("/command/capabilities", test_capabilities);
    g_test_add_func("/command/files", test_files);
    g_test_add_func("/command/open", test_open);
    g_test_add_func("/command/open-fails", test_open_fails);
    g_test_add_func("/command/sets", test_sets);
    g_test_add_func("/command/timers", test_timers);
    g_test_add_func("/command/missing-fds", test_missing_fds);
    g_test_add_func("/command/refusals", test_refusals);
    g_test_add_func("/command/complete", test_complete);
    g_test_add_func("/command/plug", test_plug);
    g_test_add_func("/command/plug-interface", test_plug_interface);
    g_test_add_func("/command/slots", test_slots);
    g_test_add_func("/command/adopt", test_adopt);
    g_test_add_func("/command/abi", test_abi);
    g_test_add_func("/command/migration-safe", test_migration_safe);
    return g_test_run();
}

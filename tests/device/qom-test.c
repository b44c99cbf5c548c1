/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree of objects of a q35 over QMP. What QEMU 7.2 says for the same command line is
 * what stands here, but for the machine's name and where a comment says otherwise.
 */
#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/device/board.h"

#define MIB (1u << 20)
#define P   "/machine/peripheral/"

static char *image;

static QTest *start(void)
{
    return qtest_start(
        "-M q35,hpet=off -m 64 -object iothread,id=iothread1 "
        "-object rng-random,id=r0,filename=/dev/urandom "
        "-blockdev driver=file,node-name=d0,filename=%s "
        "-device pcie-root-port,id=rp0,chassis=1,addr=2.0,multifunction=on "
        "-device pcie-root-port,id=rp1,chassis=2,addr=2.1 "
        "-device virtio-blk-pci,id=v0,drive=d0,bus=rp0,iothread=iothread1 "
        "-device virtio-rng-pci,id=g0,rng=r0,bus=pcie.0,addr=5 "
        "-device virtio-rng-pci,rng=r0,bus=pcie.0,addr=6",
        image);
}

/* JSON of the answer, or the text of the error. */
static char *answer(QTest *q, const char *command)
{
    g_autoptr(JsonObject) reply = qtest_qmp(q, "%s", command);
    JsonNode *value = json_object_get_member(reply, "return");
    return value ? json_to_string(value, FALSE)
                 : g_strdup(json_object_get_string_member(
                       json_object_get_object_member(reply, "error"), "desc"));
}

typedef struct Answer {
    const char *path, *property, *answer;
} Answer;

static const Answer values[] = {
    { P "v0", "type", "\"virtio-blk-pci\"" },
    { P "v0", "parent_bus", "\"" P "rp0/rp0\"" },
    { P "v0", "realized", "true" },
    { P "v0", "hotplugged", "false" },
    { P "v0", "hotpluggable", "true" },
    { P "v0", "addr", "0" },
    { P "v0", "legacy-addr", "\"00.0\"" },
    { P "v0", "drive", "\"d0\"" },
    { P "v0", "iothread", "\"/objects/iothread1\"" },
    { P "v0", "serial", "\"\"" },
    { P "v0", "queue-size", "256" },
    { P "v0", "write-cache", "\"auto\"" },
    { P "v0", "werror", "\"auto\"" },
    { P "v0", "event_idx", "true" },
    { P "v0", "virtio-backend", "\"" P "v0/virtio-backend\"" },
    { P "v0", "virtio-bus", "\"" P "v0/virtio-bus\"" },
    { P "v0", "nope", "Property 'virtio-blk-pci.nope' not found" },
    { P "v0/virtio-backend", "type", "\"virtio-blk-device\"" },
    { P "v0/virtio-backend", "parent_bus", "\"" P "v0/virtio-bus\"" },
    { P "v0/virtio-backend", "hotpluggable", "false" },
    { P "v0/virtio-backend", "drive", "\"d0\"" },
    { P "g0", "addr", "40" },
    { P "g0", "legacy-addr", "\"05.0\"" },
    { P "g0", "parent_bus", "\"/machine/q35/pcie.0\"" },
    { P "g0", "hotpluggable", "false" },
    { P "g0", "rng", "\"/objects/r0\"" },
    { P "g0", "max-bytes", "9223372036854775807" },
    { P "rp1", "legacy-addr", "\"02.1\"" },
    { P "rp1", "hotpluggable", "false" },
    { P "rp1", "hotplug", "true" },
    { P "rp1", "rp1", "\"" P "rp1/rp1\"" },
    { "/machine/peripheral-anon/device[0]", "type", "\"virtio-rng-pci\"" },
    { "/machine/q35", "type", "\"q35-pcihost\"" },
    { "/machine/q35/mch", "type", "\"mch\"" },
    { "/machine/q35/mch", "legacy-addr", "\"00.0\"" },
    { "/machine", "type", "\"pc-q35-vireo-1.0-machine\"" },
    { "/machine", "hpet", "false" },
    { "/machine", "i8042", "true" },
    { "/machine", "q35", "\"/machine/q35\"" },
    { "/machine/", "peripheral", "\"/machine/peripheral\"" },
    { "/objects/iothread1", "type", "\"iothread\"" },
    { "/", "machine", "\"/machine\"" },
    { "v0", "type", "\"virtio-blk-pci\"" },
    { "peripheral/g0", "addr", "40" },
    { "rp0", "type", "Path 'rp0' is ambiguous" }, /* the port, and its bus */
    { "/nope", "type", "Device '/nope' not found" },
    { "", "type", "Device '' not found" },
};

/* The command with path, property and `more` for each row. */
static void expect_answers(const char *command, const char *more, const Answer *rows,
                           unsigned n)
{
    QTest *q = start();
    for (unsigned i = 0; i < n; i++) {
        g_autofree char *line =
            g_strdup_printf("{\"execute\": \"%s\", \"arguments\": {\"path\": \"%s\", "
                            "\"property\": \"%s\"%s}}",
                            command, rows[i].path, rows[i].property, more);
        g_autofree char *is = answer(q, line);
        g_assert_cmpstr(is, ==, rows[i].answer);
    }
    qtest_stop(q);
}

static void test_get(void)
{
    expect_answers("qom-get", "", values, G_N_ELEMENTS(values));
}

static const Answer changes[] = {
    { P "v0", "addr",
      "Attempt to set property 'addr' on device 'v0' (type 'virtio-blk-pci') after it "
      "was realized" },
    { P "v0", "serial",
      "Attempt to set property 'serial' on device 'v0' (type 'virtio-blk-pci') after it "
      "was realized" },
    { P "v0/virtio-backend", "drive",
      "Attempt to set property 'drive' on device 'v0' (type 'virtio-blk-pci') after it "
      "was realized" },
    { "/machine/peripheral-anon/device[0]", "max-bytes",
      "Attempt to set property 'max-bytes' on anonymous device (type 'virtio-rng-pci') "
      "after it was realized" },
    { P "v0", "type", "Property 'virtio-blk-pci.type' is not writable" },
    { P "v0", "hotplugged", "Property 'virtio-blk-pci.hotplugged' is not writable" },
    { P "v0", "nope", "Property 'virtio-blk-pci.nope' not found" },
    { "/nope", "nope", "Device '/nope' not found" },
    /* QEMU lets these two be set: the first takes the device away without asking the
     * guest, the second changes nothing. */
    { P "v0", "realized", "Property 'virtio-blk-pci.realized' is not writable" },
    { "/machine", "acpi", "Property 'pc-q35-vireo-1.0-machine.acpi' is not writable" },
};

static void test_set(void)
{
    expect_answers("qom-set", ", \"value\": 1", changes, G_N_ELEMENTS(changes));
}

/* name -> type, new. */
static GHashTable *list(QTest *q, const char *path)
{
    g_autoptr(JsonNode) reply = qtest_qmp_ok(
        q, "{\"execute\": \"qom-list\", \"arguments\": {\"path\": \"%s\"}}", path);
    JsonArray *array = json_node_get_array(reply);
    GHashTable *types = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (guint i = 0; i < json_array_get_length(array); i++) {
        JsonObject *entry = json_array_get_object_element(array, i);
        g_assert_true(g_hash_table_insert(
            types, g_strdup(json_object_get_string_member(entry, "name")),
            g_strdup(json_object_get_string_member(entry, "type"))));
    }
    return types;
}

static void assert_type(GHashTable *types, const char *name, const char *type)
{
    g_assert_cmpstr(g_hash_table_lookup(types, name), ==, type);
}

/* As libvirt looks for devices: what has a type child<...> is one. */
static void test_list(void)
{
    QTest *q = start();
    g_autoptr(GHashTable) devices = list(q, "/machine/peripheral");
    g_assert_cmpuint(g_hash_table_size(devices), ==, 5);
    assert_type(devices, "type", "string");
    assert_type(devices, "rp0", "child<pcie-root-port>");
    assert_type(devices, "v0", "child<virtio-blk-pci>");
    g_autoptr(GHashTable) disk = list(q, P "v0");
    assert_type(disk, "parent_bus", "link<bus>");
    assert_type(disk, "hotplugged", "bool");
    assert_type(disk, "addr", "int32");
    assert_type(disk, "legacy-addr", "str");
    assert_type(disk, "iothread", "link<iothread>");
    assert_type(disk, "drive", "str");
    assert_type(disk, "write-cache", "OnOffAuto");
    assert_type(disk, "virtio-backend", "child<virtio-blk-device>");
    g_autoptr(GHashTable) anonymous = list(q, "/machine/peripheral-anon");
    g_assert_cmpuint(g_hash_table_size(anonymous), ==, 2);
    g_autoptr(GHashTable) objects = list(q, "/objects");
    g_assert_cmpuint(g_hash_table_size(objects), ==, 3);
    assert_type(objects, "r0", "child<rng-random>");
    g_autoptr(GHashTable) machine = list(q, "/machine");
    assert_type(machine, "unattached", "child<container>");
    assert_type(machine, "hpet", "bool");
    assert_type(machine, "memory-backend", "link<memory-backend>");
    qtest_stop(q);
}

/* Every property that is listed can be read, of every object that there is. */
static guint read_all(QTest *q, const char *path)
{
    g_autoptr(GHashTable) types = list(q, path);
    GHashTableIter iter;
    gpointer name, type;
    guint n = 1;
    g_hash_table_iter_init(&iter, types);
    while (g_hash_table_iter_next(&iter, &name, &type)) {
        g_autofree char *below =
            g_strdup_printf("%s/%s", strcmp(path, "/") == 0 ? "" : path, (char *)name);
        g_autoptr(JsonNode) value =
            qtest_qmp_ok(q,
                         "{\"execute\": \"qom-get\", \"arguments\": {\"path\": \"%s\", "
                         "\"property\": \"%s\"}}",
                         path, (char *)name);
        if (g_str_has_prefix(type, "child<")) {
            g_assert_cmpstr(json_node_get_string(value), ==, below);
            n += read_all(q, below);
        }
    }
    return n;
}

static void test_all(void)
{
    QTest *q = start();
    g_assert_cmpuint(read_all(q, "/"), >, 30);
    qtest_stop(q);
}

/* What comes at run time. */
static void test_hotplugged(void)
{
    QTest *q = start();
    json_node_unref(qtest_qmp_ok(q, "{\"execute\": \"device_add\", \"arguments\": "
                                    "{\"driver\": \"virtio-rng-pci\", \"id\": \"g1\", "
                                    "\"rng\": \"r0\", \"bus\": \"rp1\"}}"));
    g_autoptr(GHashTable) devices = list(q, "/machine/peripheral");
    assert_type(devices, "g1", "child<virtio-rng-pci>");
    g_autofree char *hotplugged =
        answer(q, "{\"execute\": \"qom-get\", \"arguments\": {\"path\": \"g1\", "
                  "\"property\": \"hotplugged\"}}");
    g_assert_cmpstr(hotplugged, ==, "true");
    qtest_stop(q);
}

/* Types, one for each question: how many, and whether this one is among them. */
static const struct {
    const char *arguments, *name;
    gboolean there;
} types[] = {
    { "", "virtio-blk-pci", TRUE },
    { "", "virtio-blk-pci-non-transitional", TRUE }, /* libvirt looks for it */
    { "", "pc-q35-vireo-1.0-machine", TRUE },
    { "", "iothread", TRUE },
    { "", "pci-device", FALSE },
    { "\"abstract\": true", "pci-device", TRUE },
    { "\"abstract\": true", "device", TRUE },
    { "\"implements\": \"device\"", "iothread", FALSE },
    { "\"implements\": \"device\"", "virtio-net-pci-non-transitional", TRUE },
    { "\"implements\": \"pci-device\"", "pcie-root-port", TRUE },
    { "\"implements\": \"pci-device\"", "virtio-blk-pci-non-transitional", TRUE },
    { "\"implements\": \"pci-device\"", "virtio-blk-device", FALSE },
    { "\"implements\": \"base-pci-bridge\"", "pcie-root-port", TRUE },
    { "\"implements\": \"base-pci-bridge\"", "mch", FALSE },
    { "\"implements\": \"virtio-blk-pci\"", "virtio-blk-pci", TRUE },
    { "\"implements\": \"virtio-blk-pci\"", "virtio-blk-pci-non-transitional", FALSE },
    { "\"implements\": \"machine\"", "none-machine", TRUE },
    { "\"implements\": \"generic-pc-machine\"", "pc-q35-vireo-1.0-machine", TRUE },
    { "\"implements\": \"generic-pc-machine\"", "none-machine", FALSE },
    { "", "generic-pc-machine", FALSE },
    { "\"abstract\": true", "generic-pc-machine", TRUE },
    { "\"implements\": \"machine\"", "mch", FALSE },
    { "\"implements\": \"user-creatable\"", "rng-random", TRUE },
    { "\"implements\": \"nope\"", "mch", FALSE },
};

static void test_types(void)
{
    QTest *q = qtest_start("-M q35 -m 64");
    for (unsigned i = 0; i < G_N_ELEMENTS(types); i++) {
        g_autoptr(JsonNode) reply =
            qtest_qmp_ok(q, "{\"execute\": \"qom-list-types\", \"arguments\": {%s}}",
                         types[i].arguments);
        JsonArray *array = json_node_get_array(reply);
        guint found = 0;
        for (guint n = 0; n < json_array_get_length(array); n++) {
            JsonObject *entry = json_array_get_object_element(array, n);
            found +=
                strcmp(json_object_get_string_member(entry, "name"), types[i].name) == 0;
        }
        if (found != (guint)types[i].there) {
            g_error("{%s}: %s is there %u times", types[i].arguments, types[i].name,
                    found);
        }
    }
    qtest_stop(q);
}

#define NOT_A_DEVICE "Parameter 'typename' expects a non-abstract device type"

static const struct {
    const char *command, *type, *part; /* of the answer */
} type_properties[] = {
    { "device-list-properties", "pcie-root-port", "\"name\":\"hotplug\"" },
    { "device-list-properties", "virtio-blk-pci",
      "\"name\":\"acpi-index\",\"type\":\"uint32\"" },
    { "device-list-properties", "virtio-blk-pci-non-transitional",
      "\"name\":\"queue-size\"" },
    { "device-list-properties", "virtio-blk-pci", "\"default-value\":-1" }, /* addr */
    { "device-list-properties", "ICH9-LPC", "\"name\":\"disable_s3\"" },
    { "device-list-properties", "pci-device", NOT_A_DEVICE },
    { "device-list-properties", "iothread", NOT_A_DEVICE },
    { "device-list-properties", "none-machine", NOT_A_DEVICE },
    { "device-list-properties", "device", NOT_A_DEVICE },
    { "device-list-properties", "nope", "Device 'nope' not found" },
    { "qom-list-properties", "virtio-blk-pci", "\"name\":\"legacy-addr\"" },
    { "qom-list-properties", "virtio-blk-device", "\"name\":\"parent_bus\"" },
    { "qom-list-properties", "pci-device", "\"name\":\"addr\"" },
    { "qom-list-properties", "pc-q35-vireo-1.0-machine", "\"name\":\"i8042\"" },
    { "qom-list-properties", "generic-pc-machine", "\"name\":\"i8042\"" },
    { "device-list-properties", "generic-pc-machine", NOT_A_DEVICE },
    { "qom-list-properties", "memory-backend-memfd", "\"name\":\"hugetlb\"" },
    { "qom-list-properties", "none-machine", "\"name\":\"type\"" },
    { "qom-list-properties", "object", "\"name\":\"type\"" },
    { "qom-list-properties", "nope", "Class 'nope' not found" },
};

static void test_type_properties(void)
{
    QTest *q = qtest_start("-M q35 -m 64");
    for (unsigned i = 0; i < G_N_ELEMENTS(type_properties); i++) {
        g_autofree char *command = g_strdup_printf(
            "{\"execute\": \"%s\", \"arguments\": {\"typename\": \"%s\"}}",
            type_properties[i].command, type_properties[i].type);
        g_autofree char *is = answer(q, command);
        if (!strstr(is, type_properties[i].part)) {
            g_error("%s: '%s' is not in %s", command, type_properties[i].part, is);
        }
    }
    qtest_stop(q);
}

/* What libvirt probes beside types. */
static void test_options(void)
{
    static const struct {
        const char *arguments, *part;
        gboolean there;
    } cases[] = {
        { "", "\"option\":\"machine\",\"parameters\":[{", TRUE },
        { "", "\"name\":\"hpet\",\"type\":\"boolean\"", TRUE },
        { "", "\"name\":\"max-fw-size\",\"type\":\"size\"", TRUE },
        { "", "\"option\":\"sandbox\"", TRUE },
        { "", "\"option\":\"vnc\"", FALSE }, /* taken, for what does nothing */
        { "", "\"option\":\"spice\"", FALSE },
        { "\"option\": \"sandbox\"", "[{\"option\":\"sandbox\",\"parameters\":[]}]",
          TRUE },
        { "\"option\": \"run-with\"", "invalid option name: run-with", TRUE },
        { "\"option\": \"spice\"", "invalid option name: spice", TRUE },
    };
    QTest *q = qtest_start("-M q35 -m 64");
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *command = g_strdup_printf(
            "{\"execute\": \"query-command-line-options\", \"arguments\": {%s}}",
            cases[i].arguments);
        g_autofree char *is = answer(q, command);
        g_assert_cmpint(strstr(is, cases[i].part) != NULL, ==, cases[i].there);
    }
    g_autofree char *jobs = answer(q, "{\"execute\": \"query-jobs\"}");
    g_autofree char *block_jobs = answer(q, "{\"execute\": \"query-block-jobs\"}");
    g_assert_cmpstr(jobs, ==, "[]");
    g_assert_cmpstr(block_jobs, ==, "[]");
    qtest_stop(q);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    int fd = g_file_open_tmp("vireo-qom-XXXXXX", &image, NULL);
    g_assert_cmpint(ftruncate(fd, MIB), ==, 0);
    close(fd);
    g_test_add_func("/qom/get", test_get);
    g_test_add_func("/qom/set", test_set);
    g_test_add_func("/qom/list", test_list);
    g_test_add_func("/qom/all", test_all);
    g_test_add_func("/qom/hotplugged", test_hotplugged);
    g_test_add_func("/qom/types", test_types);
    g_test_add_func("/qom/options", test_options);
    g_test_add_func("/qom/type-properties", test_type_properties);
    int result = g_test_run();
    g_unlink(image);
    g_free(image);
    return result;
}

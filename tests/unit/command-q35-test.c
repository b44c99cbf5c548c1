/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The q35: definitions become what stock libvirt makes of them. tests/golden/q35 has, by
 * name, a definition; the controllers and devices of the running domain with aliases and
 * addresses (.live.xml) and the -machine, -global and -device that it has generated
 * (.args.json), as captured from libvirt 11.3 with QEMU 10; those of firmware and SATA,
 * with -boot and -smbios, from libvirt 9.0 with QEMU 7.2. Of character devices they have
 * -chardev, but for sockets of TCP, which libvirt has the emulator open. The definitions
 * are without what vireo lacks: formats other than raw, back ends of the other rngs, USB,
 * channels of a graphical console.
 */
#include <libxml/parser.h>
#include <string.h>

#include "command/kind.h"

static char *read_file(const char *name, const char *suffix)
{
    g_autofree char *file = g_strconcat(name, suffix, NULL);
    g_autofree char *path =
        g_build_filename(g_getenv("srcdir"), "tests/golden/q35", file, NULL);
    g_autoptr(GError) error = NULL;
    char *text;

    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}

static Domain *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    Domain *domain = xml_domain_parse(text, XML_PARSE_INACTIVE, &error);

    g_assert_no_error(error);
    return domain;
}

/* A domain that is about to run. */
static Domain *prepare(const char *text)
{
    g_autoptr(GError) error = NULL;
    Domain *domain = parse(text);
    guint next = 0;

    command_complete(domain, NULL, "/usr/bin/vireo", &error);
    g_assert_no_error(error);
    command_assign(domain, &next, &error);
    g_assert_no_error(error);
    domain->id = 1;
    return domain;
}

/* ---- what is not as with stock libvirt ---- */

/* Where a name is "*" it is of all. */
typedef struct Difference {
    const char *name, *what, *reason;
    gboolean found; /* in one of them, at least */
} Difference;

static Difference absent[] = {
    { "*", "watchdog0", "libvirt adds a watchdog that nobody has asked for" },
};

static Difference dropped[] = {
    { "disk-virtio-misc", "packed", "packed rings" },
    { "disk-virtio-misc", "ioeventfd", "what is the case anyway" },
    { "disk-virtio-misc", "event_idx", "what is the case anyway" },
    { "disk-virtio-misc", "logical_block_size", "sizes of blocks" },
    { "disk-virtio-misc", "physical_block_size", "sizes of blocks" },
    { "disk-virtio-misc", "discard_granularity", "sizes of blocks" },
    { "*", "drive", "11.3 numbers nodes from the last disk, and raw images have one" },
};

static Difference globals[] = {
    { "*", "ICH9-LPC.noreboot=off", "of that watchdog" },
};

static gboolean differs(Difference *rows, guint count, const char *name, const char *what)
{
    for (guint i = 0; i < count; i++) {
        if (strcmp(rows[i].what, what) == 0 &&
            (strcmp(rows[i].name, "*") == 0 || strcmp(rows[i].name, name) == 0)) {
            rows[i].found = TRUE;
            return TRUE;
        }
    }
    return FALSE;
}
#define DIFFERS(rows, name, what) differs(rows, G_N_ELEMENTS(rows), name, what)

/* After all others: whoever adds what is missing takes its row away. */
static void check_found(const Difference *rows, guint count)
{
    for (guint i = 0; i < count; i++) {
        if (!rows[i].found) {
            g_error("no difference any more: %s %s", rows[i].name, rows[i].what);
        }
    }
}

static void test_differences(void)
{
    check_found(absent, G_N_ELEMENTS(absent));
    check_found(dropped, G_N_ELEMENTS(dropped));
    check_found(globals, G_N_ELEMENTS(globals));
}

/* ---- places and names ---- */

static xmlNode *child(const xmlNode *node, const char *name)
{
    xmlNode *found = node->children;

    while (found && strcmp((const char *)found->name, name) != 0) {
        found = found->next;
    }
    return found;
}

static void describe_attrs(GString *text, const xmlNode *node)
{
    for (const xmlAttr *attr = node ? node->properties : NULL; attr; attr = attr->next) {
        xmlChar *value = xmlNodeGetContent((const xmlNode *)attr);
        g_string_append_printf(text, " %s=%s", attr->name, value);
        xmlFree(value);
    }
}

/* Of a controller all that there is, of other devices the address. */
static char *describe(const xmlNode *node)
{
    static const char *const parts[] = { "model", "target", "address" };
    gboolean controller = strcmp((const char *)node->name, "controller") == 0;
    GString *text = g_string_new((const char *)node->name);

    if (controller) {
        describe_attrs(text, node);
    }
    for (guint i = controller ? 0 : 2; i < G_N_ELEMENTS(parts); i++) {
        g_string_append_printf(text, " <%s", parts[i]);
        describe_attrs(text, child(node, parts[i]));
    }
    return g_string_free(text, FALSE);
}

/* alias -> description */
static GHashTable *places(const char *text)
{
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    xmlDoc *doc = xmlReadMemory(text, (int)strlen(text), NULL, NULL, 0);
    const xmlNode *root = xmlDocGetRootElement(doc);
    const xmlNode *devices =
        strcmp((const char *)root->name, "devices") == 0 ? root : child(root, "devices");

    for (const xmlNode *node = devices->children; node; node = node->next) {
        const xmlNode *alias = child(node, "alias");
        if (alias && strcmp((const char *)node->name, "console") != 0) {
            xmlChar *name = xmlGetProp(alias, (const xmlChar *)"name");
            g_hash_table_insert(table, g_strdup((const char *)name), describe(node));
            xmlFree(name);
        }
    }
    xmlFreeDoc(doc);
    return table;
}

static void compare_places(const char *name, GHashTable *ours, GHashTable *theirs)
{
    GHashTableIter iter;
    gpointer alias, value;

    g_hash_table_iter_init(&iter, theirs);
    while (g_hash_table_iter_next(&iter, &alias, &value)) {
        const char *own = g_hash_table_lookup(ours, alias);

        if ((own != NULL) == DIFFERS(absent, name, alias)) {
            g_error("%s: '%s', which is %s", (char *)alias, (char *)value,
                    own ? own : "absent");
        }
        if (own && strcmp(own, value) != 0) {
            g_error("%s: '%s', with libvirt '%s'", (char *)alias, own, (char *)value);
        }
    }
    g_hash_table_iter_init(&iter, ours);
    while (g_hash_table_iter_next(&iter, &alias, &value)) {
        if (!g_hash_table_contains(theirs, alias) && strcmp(alias, "panic0") != 0) {
            g_error("%s: '%s', which libvirt has not", (char *)alias, (char *)value);
        }
    }
}

/* ---- the command line ---- */

/* As many descriptors as it wants, from this one on. */
static void add_fds(GHashTable *fds, const char *alias, int first, guint count)
{
    GArray *own = g_array_new(FALSE, FALSE, sizeof(int));

    for (guint i = 0; i < count; i++) {
        int fd = first + (int)i;
        g_array_append_val(own, fd);
    }
    g_hash_table_insert(fds, (gpointer)alias, own);
}

static GPtrArray *build(const Domain *domain)
{
    g_autoptr(GHashTable) fds = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
                                                      (GDestroyNotify)g_array_unref);
    CommandFacts facts = { .monitor_fd = 31, .device_fds = fds };
    g_autoptr(GError) error = NULL;
    guint next = 100;
    GPtrArray *steps;

    add_fds(fds, "net0", 32, 8); /* of four queues, and of vhost's */
    add_fds(fds, "serial0", 31, 1);
    add_fds(fds, "vsock0", 26, 1);
    add_fds(fds, "channel0", 31, 1);
    add_fds(fds, "channel1", 32, 1);
    add_fds(fds, "channel3", 33, 1);
    steps = command_start(domain, &facts, &next, &error);
    g_assert_no_error(error);
    return steps;
}

static const CommandStep *find_device(GPtrArray *steps, const char *id)
{
    for (guint i = 0; i < steps->len; i++) {
        const CommandStep *step = steps->pdata[i];

        if (g_strcmp0(step->option, "-device") == 0 &&
            strcmp(util_json_string(step->arguments, "id"), id) == 0) {
            return step;
        }
    }
    return NULL;
}

/* Where the text of a -global or -machine counts from: the name is another. */
static const char *text_of(const char *option, const char *value)
{
    return strcmp(option, "-machine") == 0 ? strchr(value, ',') : value;
}

/* libvirt 9.0 does not say what is the case anyway. */
static gboolean same_text(const char *ours, const char *theirs)
{
    gsize length = strlen(theirs);

    return strncmp(ours, theirs, length) == 0 &&
           (!ours[length] || strcmp(ours + length, ",acpi=on") == 0);
}

static gboolean has_text(GPtrArray *steps, const char *option, const char *value)
{
    for (guint i = 0; i < steps->len; i++) {
        const CommandStep *step = steps->pdata[i];

        if (g_strcmp0(step->option, option) == 0 &&
            same_text(text_of(option, step->text), text_of(option, value))) {
            return TRUE;
        }
    }
    return FALSE;
}

static void compare_device(const char *name, JsonObject *ours, JsonObject *theirs)
{
    const char *id = json_object_get_string_member(theirs, "id");
    g_autoptr(GList) members = json_object_get_members(theirs);
    g_autoptr(GList) own = json_object_get_members(ours);

    for (GList *l = members; l; l = l->next) {
        JsonNode *a = json_object_get_member(ours, l->data);
        JsonNode *b = json_object_get_member(theirs, l->data);
        gboolean same = a && json_node_equal(a, b);

        if (!same && !DIFFERS(dropped, name, l->data)) {
            g_error("%s: property '%s' is %s, with libvirt %s", id, (char *)l->data,
                    a ? json_to_string(a, FALSE) : "absent", json_to_string(b, FALSE));
        }
    }
    for (GList *l = own; l; l = l->next) {
        if (!json_object_has_member(theirs, l->data)) {
            g_error("%s: property '%s', which libvirt has not", id, (char *)l->data);
        }
    }
}

static void compare_option(const char *name, GPtrArray *steps, const char *option,
                           JsonNode *value)
{
    const CommandStep *step;
    const char *id;

    if (JSON_NODE_HOLDS_VALUE(value)) {
        const char *text = json_node_get_string(value);
        if (has_text(steps, option, text) == DIFFERS(globals, name, text)) {
            g_error("%s %s", option, text);
        }
        return;
    }
    id = util_json_string(json_node_get_object(value), "id");
    step = id ? find_device(steps, id) : NULL;
    if (id && (step != NULL) == DIFFERS(absent, name, id)) {
        g_error("-device %s", id);
    }
    if (step) {
        compare_device(name, step->arguments, json_node_get_object(value));
    }
}

/* Each of ours is one of libvirt's; ports come before what sits on them. */
static void compare_steps(GPtrArray *steps, JsonArray *theirs)
{
    guint ours = 0, known = 0, rest = 0;

    for (guint i = 0; i < steps->len; i++) {
        const CommandStep *step = steps->pdata[i];
        gboolean port =
            g_strcmp0(step->option, "-device") == 0 &&
            strcmp(util_json_string(step->arguments, "driver"), "pcie-root-port") == 0;

        ours += port || g_strcmp0(step->option, "-global") == 0;
        rest += g_strcmp0(step->option, "-device") == 0 && !port;
        g_assert_false(port && rest);
    }
    for (guint i = 0; i < json_array_get_length(theirs); i++) {
        JsonArray *row = json_array_get_array_element(theirs, i);
        JsonNode *value = json_array_get_element(row, 1);

        known += JSON_NODE_HOLDS_VALUE(value)
                     ? strcmp(json_array_get_string_element(row, 0), "-global") == 0 &&
                           !DIFFERS(globals, "", json_node_get_string(value))
                     : g_strcmp0(util_json_string(json_node_get_object(value), "driver"),
                                 "pcie-root-port") == 0;
    }
    g_assert_cmpuint(ours, ==, known);
}

static void test_captured(gconstpointer name)
{
    g_autofree char *text = read_file(name, ".xml");
    g_autofree char *live = read_file(name, ".live.xml");
    g_autofree char *args = read_file(name, ".args.json");
    g_autoptr(Domain) domain = prepare(text);
    g_autofree char *out = xml_domain_format(domain, XML_FORMAT_LIVE);
    g_autoptr(GHashTable) ours = places(out), theirs = places(live);
    g_autoptr(JsonNode) node = json_from_string(args, NULL);
    g_autoptr(GPtrArray) steps = build(domain);
    JsonArray *rows = json_node_get_array(node);

    compare_places(name, ours, theirs);
    for (guint i = 0; i < json_array_get_length(rows); i++) {
        JsonArray *row = json_array_get_array_element(rows, i);

        compare_option(name, steps, json_array_get_string_element(row, 0),
                       json_array_get_element(row, 1));
    }
    compare_steps(steps, rows);
}

/* A definition that has been completed is complete: nothing is added, or moves. */
static void test_again(gconstpointer name)
{
    g_autofree char *text = read_file(name, ".xml");
    g_autoptr(Domain) domain = prepare(text);
    g_autofree char *once = xml_domain_format(domain, XML_FORMAT_INACTIVE);
    g_autoptr(Domain) second = prepare(once);
    g_autofree char *twice = xml_domain_format(second, XML_FORMAT_INACTIVE);

    g_assert_cmpstr(once, ==, twice);
}

int main(int argc, char **argv)
{
    static const char *const names[] = {
        "balloon-stats",
        "bios-boot-menu-smbios",
        "bridge-tap-default",
        "bridge-tap-mq4-novhost",
        "bridge-tap-vhost-mq4",
        "channels",
        "disk-virtio-misc",
        "ethernet-tap-unmanaged",
        "minimal-q35-kernel-tcg",
        "ovmf-loader-stateless",
        "ovmf-pflash",
        "per-device-bootorder",
        "pm-and-lifecycle",
        "pvpanic-isa",
        "pvpanic-pci",
        "rng-all",
        "sata-cdrom",
        "serial-unix",
        "serial-unix-client",
        "virt-install-debian-nographics",
        "vsock",
    };

    g_test_init(&argc, &argv, NULL);
    xml_init();
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *captured = g_strconcat("/q35/captured/", names[i], NULL);
        g_autofree char *again = g_strconcat("/q35/again/", names[i], NULL);

        g_test_add_data_func(captured, names[i], test_captured);
        g_test_add_data_func(again, names[i], test_again);
    }
    g_test_add_func("/q35-after/differences", test_differences);
    return g_test_run();
}

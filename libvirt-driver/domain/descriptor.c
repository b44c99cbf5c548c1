/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/descriptor.h"

#include <string.h>

#include "domain/store.h"
#include "util/json.h"

#define DEPTH_MAX 16
#define SIZE_MAX_ (1u << 20) /* bytes of a file */
#define ARCH      "x86_64"

static void descriptor_free(gpointer opaque)
{
    Descriptor *d = opaque;

    g_free(d->path);
    g_free(d->executable);
    g_free(d->nvram_template);
    g_strfreev(d->features);
    g_ptr_array_unref(d->machines);
    g_free(d);
}

/* The strings of an array, those that are none left out. */
static char **strings_of(JsonObject *object, const char *member)
{
    JsonArray *array = util_json_array(object, member);
    g_autoptr(GStrvBuilder) strings = g_strv_builder_new();

    for (guint i = 0; array && i < json_array_get_length(array); i++) {
        JsonNode *node = json_array_get_element(array, i);

        if (JSON_NODE_HOLDS_VALUE(node) &&
            json_node_get_value_type(node) == G_TYPE_STRING) {
            g_strv_builder_add(strings, json_node_get_string(node));
        }
    }
    return g_strv_builder_end(strings);
}

static gboolean holds(char **strings, const char *text)
{
    return g_strv_contains((const char *const *)strings, text);
}

static void read_targets(Descriptor *d, JsonObject *root)
{
    JsonArray *array = util_json_array(root, "targets");

    for (guint i = 0; array && i < json_array_get_length(array); i++) {
        JsonNode *node = json_array_get_element(array, i);
        JsonObject *target =
            JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;

        if (g_strcmp0(util_json_string(target, "architecture"), ARCH) == 0) {
            g_auto(GStrv) machines = strings_of(target, "machines");

            for (guint n = 0; machines[n]; n++) {
                g_ptr_array_add(d->machines, g_strdup(machines[n]));
            }
        }
    }
}

static gboolean is_raw(JsonObject *file)
{
    return !file || g_strcmp0(util_json_string(file, "format"), "raw") == 0;
}

static void read_flash(Descriptor *d, JsonObject *mapping)
{
    JsonObject *executable = util_json_object(mapping, "executable");
    JsonObject *nvram = util_json_object(mapping, "nvram-template");
    const char *mode = util_json_string(mapping, "mode");

    d->flash = TRUE;
    d->stateless = g_strcmp0(mode, "stateless") == 0;
    d->combined = g_strcmp0(mode, "combined") == 0;
    d->raw = is_raw(executable) && is_raw(nvram);
    d->executable = g_strdup(util_json_string(executable, "filename"));
    d->nvram_template = g_strdup(util_json_string(nvram, "filename"));
}

/* What it says beyond what we know is left out: others are to understand it. */
static gboolean read_root(Descriptor *d, JsonObject *root)
{
    JsonObject *mapping = util_json_object(root, "mapping");
    const char *device = util_json_string(mapping, "device");
    g_auto(GStrv) interfaces = strings_of(root, "interface-types");

    d->bios = holds(interfaces, "bios");
    d->uefi = holds(interfaces, "uefi");
    d->features = strings_of(root, "features");
    read_targets(d, root);
    if (g_strcmp0(device, "flash") == 0) {
        read_flash(d, mapping);
    } else if (g_strcmp0(device, "memory") == 0) {
        d->raw = TRUE;
        d->executable = g_strdup(util_json_string(mapping, "filename"));
    }
    return d->executable && g_path_is_absolute(d->executable) &&
           (!d->nvram_template || g_path_is_absolute(d->nvram_template));
}

/* NULL with a reason, which is NULL for a file that only hides others. */
static Descriptor *read_one(const char *path, char **reason)
{
    g_autoptr(GError) err = NULL;
    g_autofree char *text = store_read(path, &err);
    g_autoptr(JsonNode) node = NULL;
    gsize length = text ? strlen(text) : 0;
    Descriptor *d;

    if (!text || !length) {
        *reason = text ? NULL : g_strdup(err->message);
        return NULL;
    }
    if (length <= SIZE_MAX_ && util_json_depth_ok(text, length, DEPTH_MAX)) {
        node = json_from_string(text, &err);
    }
    if (!node || !JSON_NODE_HOLDS_OBJECT(node)) {
        *reason = g_strdup(err ? err->message : "it is no JSON object");
        return NULL;
    }
    d = g_new0(Descriptor, 1);
    d->path = g_strdup(path);
    d->machines = g_ptr_array_new_with_free_func(g_free);
    if (!read_root(d, json_node_get_object(node))) {
        *reason = g_strdup("it does not say which files it describes");
        g_clear_pointer(&d, descriptor_free);
    }
    return d;
}

/* name -> path, those of earlier directories first */
static void list_dir(const char *dir, GHashTable *files)
{
    g_autoptr(GDir) open = g_dir_open(dir, 0, NULL);
    const char *name;

    while (open && (name = g_dir_read_name(open))) {
        if (name[0] != '.' && g_str_has_suffix(name, ".json") &&
            !g_hash_table_contains(files, name)) {
            g_hash_table_insert(files, g_strdup(name), g_build_filename(dir, name, NULL));
        }
    }
}

GPtrArray *descriptors_read(char *const *dirs)
{
    g_autoptr(GHashTable) files =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    GPtrArray *all = g_ptr_array_new_with_free_func(descriptor_free);
    GList *names;

    for (guint i = 0; dirs[i]; i++) {
        list_dir(dirs[i], files);
    }
    names = g_list_sort(g_hash_table_get_keys(files), (GCompareFunc)strcmp);
    for (GList *l = names; l; l = l->next) {
        const char *path = g_hash_table_lookup(files, l->data);
        g_autofree char *reason = NULL;
        Descriptor *descriptor = read_one(path, &reason);

        if (descriptor) {
            g_ptr_array_add(all, descriptor);
        } else if (reason) {
            g_message("the firmware descriptor '%s' is left out: %s", path, reason);
        }
    }
    g_list_free(names);
    return all;
}

gboolean descriptor_has(const Descriptor *descriptor, const char *feature)
{
    return holds(descriptor->features, feature);
}

gboolean descriptor_is_for(const Descriptor *descriptor, const char *machine)
{
    for (guint i = 0; i < descriptor->machines->len; i++) {
        if (g_pattern_match_simple(descriptor->machines->pdata[i], machine)) {
            return TRUE;
        }
    }
    return FALSE;
}

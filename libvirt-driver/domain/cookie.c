/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/cookie.h"
#include "util/json.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define COOKIE_VERSION   1
#define COOKIE_DEPTH_MAX 8

static const struct {
    const char *name;
    gsize offset;
} strings[] = {
    { "name", G_STRUCT_OFFSET(MigrationCookie, name) },
    { "uuid", G_STRUCT_OFFSET(MigrationCookie, uuid) },
    { "hostname", G_STRUCT_OFFSET(MigrationCookie, hostname) },
    { "host", G_STRUCT_OFFSET(MigrationCookie, host) },
    { "package", G_STRUCT_OFFSET(MigrationCookie, package) },
    { "token", G_STRUCT_OFFSET(MigrationCookie, token) },
    { "domain", G_STRUCT_OFFSET(MigrationCookie, domain) },
};

static const struct {
    const char *name;
    gsize offset;
} numbers[] = {
    { "elapsed-ms", G_STRUCT_OFFSET(JobStats, elapsed_ms) },
    { "downtime-ms", G_STRUCT_OFFSET(JobStats, downtime_ms) },
    { "setup-ms", G_STRUCT_OFFSET(JobStats, setup_ms) },
    { "total", G_STRUCT_OFFSET(JobStats, mem.total) },
    { "processed", G_STRUCT_OFFSET(JobStats, mem.processed) },
    { "remaining", G_STRUCT_OFFSET(JobStats, mem.remaining) },
    { "duplicate", G_STRUCT_OFFSET(JobStats, duplicate) },
    { "normal", G_STRUCT_OFFSET(JobStats, normal) },
    { "normal-bytes", G_STRUCT_OFFSET(JobStats, normal_bytes) },
    { "page-size", G_STRUCT_OFFSET(JobStats, page_size) },
    { "iterations", G_STRUCT_OFFSET(JobStats, iterations) },
    { "dirty-rate", G_STRUCT_OFFSET(JobStats, dirty_rate) },
    { "bps", G_STRUCT_OFFSET(JobStats, mem.bps) },
    { "disk-total", G_STRUCT_OFFSET(JobStats, disk.total) },
    { "disk-processed", G_STRUCT_OFFSET(JobStats, disk.processed) },
    { "disk-remaining", G_STRUCT_OFFSET(JobStats, disk.remaining) },
    { "disk-bps", G_STRUCT_OFFSET(JobStats, disk.bps) },
};

void migration_cookie_free(MigrationCookie *cookie)
{
    if (!cookie) {
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(strings); i++) {
        g_free(G_STRUCT_MEMBER(char *, cookie, strings[i].offset));
    }
    g_free(cookie);
}

guint8 *migration_cookie_format(const MigrationCookie *cookie, guint32 *len)
{
    g_autoptr(JsonObject) object = json_object_new();
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    char *text;

    json_object_set_int_member(object, "vireo-migration", COOKIE_VERSION);
    for (guint i = 0; i < G_N_ELEMENTS(strings); i++) {
        const char *value = G_STRUCT_MEMBER(char *, cookie, strings[i].offset);

        if (value) {
            json_object_set_string_member(object, strings[i].name, value);
        }
    }
    for (guint i = 0; cookie->stats.valid && i < G_N_ELEMENTS(numbers); i++) {
        guint64 value = G_STRUCT_MEMBER(guint64, &cookie->stats, numbers[i].offset);

        json_object_set_int_member(object, numbers[i].name,
                                   (gint64)MIN(value, G_MAXINT64));
    }
    json_node_set_object(node, object);
    text = json_to_string(node, FALSE);
    *len = (guint32)strlen(text);
    return (guint8 *)text;
}

static gboolean invalid(GError **errp, const char *what)
{
    return rpc_error_set(errp, VIR_ERR_INVALID_ARG, "migration cookie: %s", what);
}

static void parse_object(JsonObject *object, MigrationCookie *cookie)
{
    for (guint i = 0; i < G_N_ELEMENTS(strings); i++) {
        G_STRUCT_MEMBER(char *, cookie, strings[i].offset) =
            g_strdup(util_json_string(object, strings[i].name));
    }
    cookie->stats.valid = json_object_has_member(object, numbers[0].name);
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        gint64 value = util_json_int(object, numbers[i].name);

        G_STRUCT_MEMBER(guint64, &cookie->stats, numbers[i].offset) =
            value > 0 ? (guint64)value : 0;
    }
}

MigrationCookie *migration_cookie_parse(const guint8 *data, guint32 len, GError **errp)
{
    g_autoptr(MigrationCookie) cookie = g_new0(MigrationCookie, 1);
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) err = NULL;
    JsonNode *root;

    if (len == 0 || len > COOKIE_MAX || memchr(data, '\0', len) ||
        !util_json_depth_ok((const char *)data, len, COOKIE_DEPTH_MAX)) {
        invalid(errp, "it is empty, too long or nested too deeply");
        return NULL;
    }
    if (!json_parser_load_from_data(parser, (const char *)data, (gssize)len, &err)) {
        invalid(errp, err->message);
        return NULL;
    }
    root = json_parser_get_root(parser);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root) ||
        util_json_int(json_node_get_object(root), "vireo-migration") != COOKIE_VERSION) {
        invalid(errp, "it was not made by this version of the driver");
        return NULL;
    }
    parse_object(json_node_get_object(root), cookie);
    return g_steal_pointer(&cookie);
}

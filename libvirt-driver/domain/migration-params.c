/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/migration-params.h"

#include <libvirt/libvirt.h>
#include <string.h>

#define SUPPORTED                                                                        \
    (VIR_MIGRATE_LIVE | VIR_MIGRATE_PERSIST_DEST | VIR_MIGRATE_UNDEFINE_SOURCE |         \
     VIR_MIGRATE_PAUSED | VIR_MIGRATE_CHANGE_PROTECTION | VIR_MIGRATE_UNSAFE |           \
     VIR_MIGRATE_ABORT_ON_ERROR)

static const struct {
    guint32 flag;
    const char *what;
} refused[] = {
    { VIR_MIGRATE_PEER2PEER, "peer-to-peer migration" },
    { VIR_MIGRATE_TUNNELLED, "tunnelled migration" },
    { VIR_MIGRATE_NON_SHARED_DISK, "migration with non-shared storage" },
    { VIR_MIGRATE_NON_SHARED_INC, "migration with incremental copy of storage" },
    { VIR_MIGRATE_OFFLINE, "offline migration" },
    { VIR_MIGRATE_COMPRESSED, "compressed migration" },
    { VIR_MIGRATE_AUTO_CONVERGE, "auto-converge" },
    { VIR_MIGRATE_RDMA_PIN_ALL, "migration by RDMA" },
    { VIR_MIGRATE_POSTCOPY, "post-copy migration" },
    { VIR_MIGRATE_TLS, "migration by TLS" },
    { VIR_MIGRATE_PARALLEL, "parallel migration" },
};

static const char *const known_params[] = {
    VIR_MIGRATE_PARAM_URI,
    VIR_MIGRATE_PARAM_DEST_NAME,
    VIR_MIGRATE_PARAM_DEST_XML,
    VIR_MIGRATE_PARAM_PERSIST_XML,
    VIR_MIGRATE_PARAM_BANDWIDTH,
    VIR_MIGRATE_PARAM_LISTEN_ADDRESS,
    VIR_MIGRATE_PARAM_GRAPHICS_URI, /* there are no graphics to move */
    NULL,
};

gboolean migration_params_read(const RpcTypedParam *params, guint32 n, guint32 flags,
                               MigrationParams *out, GError **errp)
{
    *out = (MigrationParams){ 0 };
    for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
        if (flags & refused[i].flag) {
            return rpc_error_set(errp, VIR_ERR_ARGUMENT_UNSUPPORTED,
                                 "%s is not supported", refused[i].what);
        }
    }
    if (flags & ~(guint32)SUPPORTED) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                             "unsupported flags (0x%x) of a migration",
                             flags & ~(guint32)SUPPORTED);
    }
    return rpc_params_check(params, n, known_params, errp) &&
           rpc_params_get_string(params, n, VIR_MIGRATE_PARAM_URI, &out->uri, errp) &&
           rpc_params_get_string(params, n, VIR_MIGRATE_PARAM_DEST_NAME, &out->name,
                                 errp) &&
           rpc_params_get_string(params, n, VIR_MIGRATE_PARAM_DEST_XML, &out->xml,
                                 errp) &&
           rpc_params_get_string(params, n, VIR_MIGRATE_PARAM_PERSIST_XML,
                                 &out->persistent_xml, errp) &&
           rpc_params_get_string(params, n, VIR_MIGRATE_PARAM_LISTEN_ADDRESS,
                                 &out->listen_address, errp) &&
           rpc_params_get_ullong(params, n, VIR_MIGRATE_PARAM_BANDWIDTH, &out->bandwidth,
                                 errp);
}

gboolean migration_check_persistent(Driver *driver, const MigrationParams *params,
                                    const char *name, const guint8 uuid[16],
                                    GError **errp)
{
    g_autoptr(Domain) domain = NULL;
    char a[DOMAIN_UUID_STR_LEN], b[DOMAIN_UUID_STR_LEN];

    if (!params->persistent_xml) {
        return TRUE;
    }
    domain = driver_parse_domain(driver, params->persistent_xml, errp);
    if (!domain) {
        return FALSE;
    }
    if (strcmp(domain->name, name) != 0 && g_strcmp0(domain->name, params->name) != 0) {
        return rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                             "Target domain name '%s' does not match source '%s'",
                             domain->name, name);
    }
    xml_uuid_format(uuid, a);
    xml_uuid_format(domain->uuid, b);
    return strcmp(a, b) == 0 ||
           rpc_error_set(errp, VIR_ERR_CONFIG_UNSUPPORTED,
                         "Target domain uuid '%s' does not match source '%s'", b, a);
}

static gboolean invalid(GError **errp, const char *uri)
{
    return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                         "migration URI '%s' is not of the form tcp://HOST[:PORT]", uri);
}

gboolean migration_uri_parse(const char *uri, char **host, guint *port, GError **errp)
{
    const char *at, *end;
    guint64 number = 0;
    gsize len;

    if (!g_str_has_prefix(uri, MIGRATION_TRANSPORT ":")) {
        return rpc_error_set(errp, VIR_ERR_ARGUMENT_UNSUPPORTED,
                             "migration URI '%s': only tcp is supported", uri);
    }
    at = uri + strlen(MIGRATION_TRANSPORT ":");
    at += strncmp(at, "//", 2) == 0 ? 2 : 0;
    if (*at == '[') {
        at++;
        len = strcspn(at, "]");
        end = at + len;
        if (*end != ']') {
            return invalid(errp, uri);
        }
        end++;
    } else {
        len = strcspn(at, ":/?");
        end = at + len;
    }
    if (len == 0 ||
        (*end == ':' &&
         !g_ascii_string_to_unsigned(end + 1, 10, 1, 65535, &number, NULL)) ||
        (*end != ':' && *end != '\0' && strcmp(end, "/") != 0)) {
        return invalid(errp, uri);
    }
    *host = g_strndup(at, len);
    *port = (guint)number;
    return TRUE;
}

gboolean migration_check_hostname(const char *name, GError **errp)
{
    if (!name || !*name || strcmp(name, "localhost") == 0 ||
        g_str_has_prefix(name, "localhost.")) {
        return rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR,
                             "the name of the destination host is '%s', which the source "
                             "cannot connect to; give the address with --migrateuri",
                             name ? name : "");
    }
    return TRUE;
}

char *migration_uri_format(const char *host, guint port)
{
    return g_strdup_printf(strchr(host, ':') ? MIGRATION_TRANSPORT ":[%s]:%u"
                                             : MIGRATION_TRANSPORT ":%s:%u",
                           host, port);
}

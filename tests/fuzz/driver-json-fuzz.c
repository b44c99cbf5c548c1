/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as what the daemon reads but did not write, or may not have: a monitor's
 * stream, a migration's cookie and URI, a status file. What is accepted must come back
 * as it was. */
#include "driver-json-fuzz.h"

#include <string.h>

#include "domain/cookie.h"
#include "domain/migration-params.h"
#include "domain/status.h"
#include "qmp/frame.h"
#include "util/json.h"

static void check_stream(const uint8_t *data, size_t size)
{
    g_autoptr(GByteArray) buffer = g_byte_array_new();
    JsonObject *message = NULL;

    g_byte_array_append(buffer, data, (guint)size);
    while (qmp_frame_next(buffer, &message, NULL) && message) {
        util_json_string(message, "event");
        util_json_int(util_json_object(message, "timestamp"), "seconds");
        json_object_unref(message);
    }
}

static void check_cookie(const uint8_t *data, size_t size)
{
    g_autoptr(MigrationCookie) cookie = migration_cookie_parse(data, (guint32)size, NULL);
    g_autoptr(MigrationCookie) again = NULL;
    g_autofree guint8 *first = NULL, *second = NULL;
    guint32 first_len, second_len;

    if (!cookie) {
        return;
    }
    first = migration_cookie_format(cookie, &first_len);
    again = migration_cookie_parse(first, first_len, NULL);
    if (!again) {
        g_error("not accepted again: %.*s", (int)first_len, first);
    }
    second = migration_cookie_format(again, &second_len);
    if (first_len != second_len || memcmp(first, second, first_len) != 0) {
        g_error("not stable: %.*s", (int)first_len, first);
    }
}

static void check_status(const char *text)
{
    g_autoptr(VmStatus) status = vm_status_parse(text, NULL);
    g_autoptr(VmStatus) again = NULL;
    g_autofree char *first = NULL;

    if (!status) {
        return;
    }
    first = vm_status_format(status);
    again = vm_status_parse(first, NULL);
    if (!again || again->phase != status->phase || again->id != status->id) {
        g_error("not accepted again: %s", first);
    }
}

static void check_uri(const char *text)
{
    g_autofree char *host = NULL, *uri = NULL, *host_again = NULL;
    guint port, port_again;

    if (!migration_uri_parse(text, &host, &port, NULL) || port == 0) {
        return;
    }
    uri = migration_uri_format(host, port);
    if (!migration_uri_parse(uri, &host_again, &port_again, NULL) ||
        strcmp(host, host_again) != 0 || port != port_again) {
        g_error("not stable: %s", uri);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);

    check_stream(data, size);
    check_cookie(data, size);
    check_status(text);
    check_uri(text);
    return 0;
}

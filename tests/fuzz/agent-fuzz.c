/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as what a guest's agent says: in pieces before it has synchronised, then as
 * the answer to each command that the daemon asks. What is made of an answer keeps the
 * limits that replies to clients have; what is an answer in one piece is one in two.
 */
#include "fuzz/agent-fuzz.h"

#include <string.h>

#include "agent/client.h"
#include "agent/frame.h"
#include "agent/reply.h"

static const char *no_name(const AgentDisk *disk, gpointer opaque)
{
    return NULL;
}

static void check_lists(JsonNode *reply, RpcParams *params)
{
    g_autoptr(GPtrArray) filesystems = agent_parse_filesystems(reply, NULL);
    g_autoptr(GPtrArray) interfaces = agent_parse_interfaces(reply, NULL);
    g_autoptr(GArray) vcpus = agent_parse_vcpus(reply, NULL);

    if (filesystems) {
        g_assert_cmpuint(filesystems->len, <=, AGENT_LIST_MAX);
        agent_add_filesystems(filesystems, no_name, NULL, params);
    }
    for (guint i = 0; interfaces && i < interfaces->len; i++) {
        const AgentInterface *interface = interfaces->pdata[i];

        g_assert_nonnull(interface->name);
        g_assert_cmpuint(interface->addresses->len, <=, AGENT_LIST_MAX);
    }
    if (interfaces) {
        agent_add_interfaces(interfaces, params);
    }
    if (vcpus) {
        g_autoptr(JsonObject) args G_GNUC_UNUSED = agent_vcpus_argument(vcpus);

        agent_add_vcpus(vcpus, params);
    }
}

static void check_values(JsonNode *reply, RpcParams *params)
{
    static gboolean (*const all[])(JsonNode *, RpcParams *, GError **) = {
        agent_add_users,    agent_add_os,   agent_add_timezone,
        agent_add_hostname, agent_add_load,
    };
    g_auto(GStrv) keys G_GNUC_UNUSED = agent_parse_keys(reply, NULL);
    gint64 number;

    for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
        g_autoptr(GError) err = NULL;

        g_assert_true(all[i](reply, params, &err) == (err == NULL));
    }
    agent_add_disks(reply, no_name, NULL, params, NULL);
    agent_parse_number(reply, "fuzz", &number, NULL);
}

static void check_answer(JsonObject *answer)
{
    g_autoptr(RpcParams) params = rpc_params_new();
    JsonNode *reply = json_object_has_member(answer, "return")
                          ? json_object_get_member(answer, "return")
                          : NULL;
    RpcTypedParam *got;
    guint32 n;

    check_lists(reply, params);
    check_values(reply, params);
    got = rpc_params_steal(params, &n);
    for (guint32 i = 0; i < n; i++) {
        rpc_typed_param_clear(&got[i]);
    }
    g_free(got);
}

/* What the stream has as its first answer, if it comes in pieces of this size. */
static char *first_answer(const uint8_t *data, size_t size, size_t step)
{
    g_autoptr(GByteArray) buffer = g_byte_array_new();
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    g_autoptr(JsonObject) answer = NULL;
    guint ignored = 0;

    while (size > 0 && !answer) {
        size_t n = MIN(size, step);

        g_byte_array_append(buffer, data, (guint)n);
        data += n;
        size -= n;
        if (!agent_frame_reply(buffer, &ignored, &answer, NULL)) {
            return g_strdup("refused");
        }
    }
    if (!answer) {
        return NULL;
    }
    check_answer(answer);
    json_node_set_object(node, answer);
    return json_to_string(node, FALSE);
}

static gboolean synchronises(const uint8_t *data, size_t size, size_t step)
{
    AgentSync sync = { .id = 7 };
    gboolean found = FALSE;

    while (size > 0 && !found) {
        size_t n = MIN(size, step);

        found = agent_sync_feed(&sync, data, n);
        data += n;
        size -= n;
    }
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    size_t step = size > 0 ? data[0] % 7 + 1u : 1;
    g_autofree char *whole = first_answer(data, size, MAX(size, 1));
    g_autofree char *pieces = first_answer(data, size, step);
    g_autofree char *name = NULL;
    g_autofree char *command = agent_command_check(text, &name, NULL);
    g_autoptr(GHashTable) map G_GNUC_UNUSED = agent_parse_cpu_map(text);

    g_assert_cmpstr(whole, ==, pieces);
    g_assert_true(synchronises(data, size, MAX(size, 1)) ==
                  synchronises(data, size, step));
    if (command) {
        g_assert_nonnull(name);
        g_assert_null(strchr(command, '\n'));
    }
    return 0;
}

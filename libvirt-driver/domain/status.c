/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/status.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "domain/async-job.h"
#include "util/json.h"
#include "util/vir-error.h"

#define STATUS_VERSION   1
#define STATUS_DEPTH_MAX 8
#define REASON_MAX       1000

static const char *const phase_names[] = {
    [VM_PHASE_STARTING] = "starting",
    [VM_PHASE_RUNNING] = "running",
    [VM_PHASE_STOPPING] = "stopping",
};

/* What daemons that knew of no other job than migrations have written as phases. */
static const struct {
    const char *name;
    VmPhase phase;
    const char *job, *job_phase;
} old_phases[] = {
    { "out-begin", VM_PHASE_RUNNING, "migration out", "begin" },
    { "out-done", VM_PHASE_RUNNING, "migration out", "done" },
    { "in-prepare", VM_PHASE_STARTING, "migration in", "prepare" },
    { "in-finish", VM_PHASE_RUNNING, "migration in", "finish" },
};

/* The members that are strings and may be missing. */
static const struct {
    const char *name;
    gsize offset;
} strings[] = {
    { "boot-id", G_STRUCT_OFFSET(VmStatus, boot_id) },
    { "dir", G_STRUCT_OFFSET(VmStatus, dir) },
    { "monitor", G_STRUCT_OFFSET(VmStatus, monitor_path) },
    { "pidfile", G_STRUCT_OFFSET(VmStatus, pidfile_path) },
    { "log", G_STRUCT_OFFSET(VmStatus, log_path) },
    { "memory", G_STRUCT_OFFSET(VmStatus, memory_path) },
    { "cgroup", G_STRUCT_OFFSET(VmStatus, cgroup) },
    { "emulator", G_STRUCT_OFFSET(VmStatus, emulator) },
    { "version", G_STRUCT_OFFSET(VmStatus, version) },
    { "package", G_STRUCT_OFFSET(VmStatus, package) },
};

void vm_status_free(VmStatus *status)
{
    if (!status) {
        return;
    }
    for (guint i = 0; i < G_N_ELEMENTS(strings); i++) {
        g_free(G_STRUCT_MEMBER(char *, status, strings[i].offset));
    }
    command_emulator_unref(status->has);
    xml_device_free(status->plugging);
    xml_domain_free(status->domain);
    g_free(status);
}

static JsonObject *format_job(const VmStatus *status)
{
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "kind", status->job->name);
    json_object_set_string_member(object, "phase",
                                  status->job->phases[status->job_phase]);
    json_object_set_boolean_member(object, "paused", status->job_paused);
    return object;
}

char *vm_status_format(const VmStatus *status)
{
    g_autoptr(JsonObject) object = json_object_new();
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    g_autofree char *xml = xml_domain_format(status->domain, XML_FORMAT_STATUS);

    json_object_set_int_member(object, "status-version", STATUS_VERSION);
    json_object_set_string_member(object, "phase", phase_names[status->phase]);
    json_object_set_int_member(object, "id", status->id);
    json_object_set_int_member(object, "pid", status->pid);
    json_object_set_int_member(object, "start-time", (gint64)status->start_time);
    json_object_set_int_member(object, "next-node", status->next_node);
    json_object_set_boolean_member(object, "suspended", status->suspended);
    json_object_set_int_member(object, "reason", status->reason);
    json_object_set_boolean_member(object, "autodestroy", status->autodestroy);
    json_object_set_boolean_member(object, "reboot-wanted", status->reboot_wanted);
    json_object_set_int_member(object, "agent-seconds", status->agent_seconds);
    json_object_set_int_member(object, "taints", status->taints);
    if (status->job) {
        json_object_set_object_member(object, "job", format_job(status));
    }
    for (guint i = 0; i < G_N_ELEMENTS(strings); i++) {
        const char *value = G_STRUCT_MEMBER(char *, status, strings[i].offset);

        if (value) {
            json_object_set_string_member(object, strings[i].name, value);
        }
    }
    if (status->has) {
        json_object_set_object_member(object, "has",
                                      command_emulator_format(status->has));
    }
    if (status->plugging) {
        g_autofree char *device = xml_device_format(status->plugging, XML_FORMAT_STATUS);
        json_object_set_string_member(object, "plugging", device);
    }
    json_object_set_string_member(object, "domain", xml);
    json_node_set_object(node, object);
    return json_to_string(node, TRUE);
}

static gboolean invalid(GError **errp, const char *what)
{
    return rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR, "not a valid status file: %s",
                         what);
}

static gboolean parse_phase(JsonObject *object, VmPhase *phase)
{
    const char *name = util_json_string(object, "phase");

    for (guint i = 0; i < G_N_ELEMENTS(phase_names); i++) {
        if (g_strcmp0(name, phase_names[i]) == 0) {
            *phase = (VmPhase)i;
            return TRUE;
        }
    }
    for (guint i = 0; i < G_N_ELEMENTS(old_phases); i++) {
        if (g_strcmp0(name, old_phases[i].name) == 0) {
            *phase = old_phases[i].phase;
            return TRUE;
        }
    }
    return FALSE;
}

/* The job goes by its names: which numbers kinds and phases have may change. */
static gboolean take_job(VmStatus *status, const char *kind, const char *phase)
{
    int number = -1;

    status->job = async_job_kind(kind);
    if (status->job) {
        number = async_job_phase(status->job, phase);
    }
    status->job_phase = (guint)MAX(number, 0);
    return number >= 0;
}

static gboolean parse_job(JsonObject *object, VmStatus *status)
{
    JsonObject *job = util_json_object(object, "job");
    const char *old = util_json_string(object, "phase");

    if (job) {
        status->job_paused = util_json_bool(job, "paused");
        return take_job(status, util_json_string(job, "kind"),
                        util_json_string(job, "phase"));
    }
    for (guint i = 0; i < G_N_ELEMENTS(old_phases); i++) {
        if (g_strcmp0(old, old_phases[i].name) == 0) {
            status->job_paused = util_json_bool(object, "paused");
            return take_job(status, old_phases[i].job, old_phases[i].job_phase);
        }
    }
    return !json_object_has_member(object, "job");
}

/* Of one that cannot be read only what a plug has left is not known. */
static void parse_plugging(JsonObject *object, VmStatus *status)
{
    const char *xml = util_json_string(object, "plugging");
    g_autoptr(GError) err = NULL;

    if (xml && !(status->plugging = xml_device_parse(xml, XML_PARSE_STATUS, &err))) {
        g_message("the device that was being plugged: %s", err->message);
    }
}

/* Not in the file of an older daemon. */
static void parse_agent(JsonObject *object, VmStatus *status)
{
    gint64 seconds = json_object_has_member(object, "agent-seconds")
                         ? util_json_int(object, "agent-seconds")
                         : VIR_DOMAIN_AGENT_RESPONSE_TIMEOUT_BLOCK;

    status->agent_seconds =
        (int)CLAMP(seconds, VIR_DOMAIN_AGENT_RESPONSE_TIMEOUT_BLOCK, G_MAXINT);
    status->taints = (guint)CLAMP(util_json_int(object, "taints"), 0, G_MAXINT);
}

static gboolean parse_object(JsonObject *object, VmStatus *status, GError **errp)
{
    const char *xml = util_json_string(object, "domain");
    gint64 id = util_json_int(object, "id"), pid = util_json_int(object, "pid");
    gint64 next_node = util_json_int(object, "next-node"); /* -1: an older daemon's */

    if (util_json_int(object, "status-version") != STATUS_VERSION) {
        return invalid(errp, "it has another version");
    }
    if (!parse_job(object, status)) {
        return invalid(errp, "it has a job that is not known here");
    }
    if (!parse_phase(object, &status->phase) || id < 1 || id > G_MAXINT || pid < 0 ||
        pid > G_MAXINT || !xml) {
        return invalid(errp, "phase, id, pid or domain is missing or wrong");
    }
    status->id = (int)id;
    status->pid = (pid_t)pid;
    status->next_node = (guint)CLAMP(next_node, 0, G_MAXINT);
    /* Unknown in the file of an older daemon, which is 0 for both. */
    status->start_time = (guint64)MAX(util_json_int(object, "start-time"), 0);
    status->reason = (int)CLAMP(util_json_int(object, "reason"), 0, REASON_MAX);
    status->suspended = util_json_bool(object, "suspended");
    status->autodestroy = util_json_bool(object, "autodestroy");
    status->reboot_wanted = util_json_bool(object, "reboot-wanted");
    parse_agent(object, status);
    for (guint i = 0; i < G_N_ELEMENTS(strings); i++) {
        G_STRUCT_MEMBER(char *, status, strings[i].offset) =
            g_strdup(util_json_string(object, strings[i].name));
    }
    if (!status->boot_id || !status->monitor_path || !status->pidfile_path) {
        return invalid(errp, "boot-id, monitor or pidfile is missing");
    }
    /* Not in the file of an older daemon, and then the emulator is asked. */
    status->has = command_emulator_parse(util_json_object(object, "has"));
    parse_plugging(object, status);
    status->domain = xml_domain_parse(xml, XML_PARSE_STATUS, errp);
    return status->domain != NULL;
}

VmStatus *vm_status_parse(const char *text, GError **errp)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(VmStatus) status = g_new0(VmStatus, 1);
    g_autoptr(GError) err = NULL;
    JsonNode *root;

    if (!util_json_depth_ok(text, strlen(text), STATUS_DEPTH_MAX) ||
        !json_parser_load_from_data(parser, text, -1, &err)) {
        invalid(errp, err ? err->message : "it is nested too deeply");
        return NULL;
    }
    root = json_parser_get_root(parser);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
        invalid(errp, "it is not a JSON object");
        return NULL;
    }
    return parse_object(json_node_get_object(root), status, errp)
               ? g_steal_pointer(&status)
               : NULL;
}

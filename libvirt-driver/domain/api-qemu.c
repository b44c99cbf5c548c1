/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program of QEMU's own: commands that go to the guest's agent or to the emulator as
 * they are. What they have done to the domain nobody knows: it is tainted from then on.
 */
#include "agent/client.h"
#include "domain/agent.h"
#include "domain/api.h"
#include "domain/lifecycle.h"
#include "domain/monitor.h"
#include "rpc/qemu.h"
#include "util/json.h"

#define MONITOR_COMMAND_HMP (1 << 0) /* VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP */

/* Before what it tells of happens. */
static void taint(Vm *vm, VmTaint what)
{
    guint64 run = 0;

    g_mutex_lock(&vm->lock);
    if (vm->run && !(vm->run->taints & what)) {
        vm->run->taints |= what;
        run = vm->run->serial;
    }
    g_mutex_unlock(&vm->lock);
    if (run) {
        g_message("domain '%s' is tainted: custom %scommands issued", vm->name,
                  what == VM_TAINT_AGENT ? "guest agent " : "control ");
        vm_update_status(vm, run);
    }
}

gboolean qemu_domain_agent_command(RpcCall *call, const QemuDomainAgentCommandArgs *args,
                                   QemuDomainAgentCommandRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);

    if (!vm) {
        return FALSE;
    }
    if (args->timeout < VIR_DOMAIN_AGENT_RESPONSE_TIMEOUT_BLOCK) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                             "guest agent timeout '%d' is less than the minimum '%d'",
                             args->timeout, VIR_DOMAIN_AGENT_RESPONSE_TIMEOUT_BLOCK);
    }
    if (vm_agent_is_there(vm)) {
        taint(vm, VM_TAINT_AGENT);
    }
    ret->result = vm_agent_call_text(vm, call, args->cmd, args->timeout, errp);
    return ret->result != NULL;
}

/* A human's line as a message for the monitor. */
static JsonObject *line_command(const char *line)
{
    JsonObject *command = json_object_new(), *args = json_object_new();

    json_object_set_string_member(command, "execute", "human-monitor-command");
    json_object_set_string_member(args, "command-line", line);
    json_object_set_object_member(command, "arguments", args);
    return command;
}

/* A message for the monitor, or NULL. */
static JsonObject *parse_command(const char *text, GError **errp)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonNode *root;

    if (!util_json_depth_ok(text, strlen(text), QMP_DEPTH_MAX) ||
        !json_parser_load_from_data(parser, text, -1, NULL) ||
        !(root = json_parser_get_root(parser)) || !JSON_NODE_HOLDS_OBJECT(root)) {
        rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR, "cannot parse json %s", text);
        return NULL;
    }
    return json_object_ref(json_node_get_object(root));
}

/* What a line has returned; its error is one of the call. */
static char *line_result(JsonObject *reply, GError **errp)
{
    const char *text = util_json_string(reply, "return");
    JsonNode *error = json_object_get_member(reply, "error");

    if (!text) {
        const char *why = error && JSON_NODE_HOLDS_OBJECT(error)
                              ? util_json_string(json_node_get_object(error), "desc")
                              : NULL;
        rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR,
                      "unable to execute QEMU command 'human-monitor-command': %s",
                      why ? why : "no answer");
    }
    return g_strdup(text);
}

static char *run_command(Vm *vm, guint64 run, JsonObject *command, gboolean human,
                         GError **errp)
{
    g_autoptr(QmpClient) monitor = vm_get_monitor(vm, run, errp);
    g_autoptr(JsonObject) reply = NULL;
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);

    if (!monitor ||
        !qmp_client_call_raw(monitor, command, QMP_TIMEOUT_DEFAULT_MS, &reply, errp)) {
        return NULL;
    }
    if (human) {
        return line_result(reply, errp);
    }
    json_node_set_object(node, reply);
    return json_to_string(node, FALSE);
}

gboolean qemu_domain_monitor_command(RpcCall *call,
                                     const QemuDomainMonitorCommandArgs *args,
                                     QemuDomainMonitorCommandRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    g_autoptr(JsonObject) command = NULL;
    gboolean human = (args->flags & MONITOR_COMMAND_HMP) != 0;
    guint64 run;

    if (!vm) {
        return FALSE;
    }
    if (args->flags & ~(guint32)MONITOR_COMMAND_HMP) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                             "unsupported flags (0x%x) in function "
                             "qemu_domain_monitor_command",
                             args->flags & ~(guint32)MONITOR_COMMAND_HMP);
    }
    command = human ? line_command(args->cmd) : parse_command(args->cmd, errp);
    if (!command || !vm_begin_live_job(vm, JOB_MODIFY, "monitor command", &run, errp)) {
        return FALSE;
    }
    taint(vm, VM_TAINT_MONITOR);
    ret->result = run_command(vm, run, command, human, errp);
    vm_end_job(vm);
    return ret->result != NULL;
}

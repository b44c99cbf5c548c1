/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a client types, and interrupts of its own. */
#include "domain/api.h"
#include "domain/keys.h"
#include "domain/monitor.h"
#include "util/json.h"

static gboolean call_live(RpcCall *call, const RemoteDomain *dom, const char *command,
                          JsonObject *consumed, GError **errp)
{
    g_autoptr(JsonObject) args = consumed;
    g_autoptr(Vm) vm = api_vm(call, dom, errp);
    guint64 run;
    gboolean ok;

    if (!vm || !vm_begin_live_job(vm, JOB_MODIFY, command, &run, errp)) {
        return FALSE;
    }
    ok = vm_call(vm, run, command, args ? json_object_ref(args) : NULL, NULL, errp);
    vm_end_job(vm);
    return ok;
}

gboolean remote_domain_inject_nmi(RpcCall *call, const RemoteDomainInjectNmiArgs *args,
                                  GError **errp)
{
    return call_live(call, &args->dom, "inject-nmi", NULL, errp);
}

/* A list of KeyValue; NULL: one of the codes is none. */
static JsonArray *read_keys(const RemoteDomainSendKeyArgs *args, GError **errp)
{
    g_autoptr(JsonArray) keys = json_array_new();

    for (guint32 i = 0; i < args->n_keycodes; i++) {
        guint number = keys_number(args->codeset, args->keycodes[i]);
        JsonObject *key;

        if (!number) {
            rpc_error_set(errp, VIR_ERR_INTERNAL_ERROR,
                          "cannot translate keycode %u of %s codeset to qnum keycode",
                          args->keycodes[i], keys_set_name(args->codeset));
            return NULL;
        }
        key = util_json_pair("type", "number");
        json_object_set_int_member(key, "data", number);
        json_array_add_object_element(keys, key);
    }
    return g_steal_pointer(&keys);
}

gboolean remote_domain_send_key(RpcCall *call, const RemoteDomainSendKeyArgs *args,
                                GError **errp)
{
    JsonArray *keys;
    JsonObject *command;
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    gboolean active;

    if (!vm) {
        return FALSE;
    }
    g_mutex_lock(&vm->lock);
    active = vm_is_active_locked(vm);
    g_mutex_unlock(&vm->lock);
    if (!active) { /* before what is wrong with the keys, as libvirt */
        return vm_refuse_inactive(errp);
    }
    if (!keys_set_name(args->codeset)) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG, "unknown codeset %u",
                             args->codeset);
    }
    if (!keys_set_is_known(args->codeset)) {
        return rpc_error_set(errp, VIR_ERR_ARGUMENT_UNSUPPORTED,
                             "the codeset '%s' is not supported by vireo",
                             keys_set_name(args->codeset));
    }
    if (!(keys = read_keys(args, errp))) {
        return FALSE;
    }
    command = json_object_new();
    json_object_set_array_member(command, "keys", keys);
    if (args->holdtime) {
        json_object_set_int_member(command, "hold-time", args->holdtime);
    }
    return call_live(call, &args->dom, "send-key", command, errp);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest's agent does for a call: file systems, time, users, name. */
#include "agent/reply.h"
#include "command/command.h"
#include "domain/agent.h"
#include "domain/api.h"
#include "domain/impact.h"
#include "domain/lifecycle.h"
#include "domain/monitor.h"

#include "network/port.h"
#include "util/json.h"

/* ---- simple ones ---- */

/* Asks with the time that the domain has. args is consumed. */
static gboolean ask(RpcCall *call, const RemoteDomain *dom, const char *command,
                    JsonObject *args, JsonNode **reply, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, dom, errp);
    VmAgentAsk ask = { .command = command, .args = args, .seconds = VM_AGENT_SECONDS };

    if (!vm) {
        g_clear_pointer(&args, json_object_unref);
        return FALSE;
    }
    return vm_agent_call(vm, call, &ask, reply, errp);
}

static gboolean ask_count(RpcCall *call, const RemoteDomain *dom, const char *command,
                          JsonObject *args, gint32 *count, GError **errp)
{
    g_autoptr(JsonNode) reply = NULL;
    gint64 number;

    if (!ask(call, dom, command, args, &reply, errp) ||
        !agent_parse_number(reply, command, &number, errp)) {
        return FALSE;
    }
    if (number < 0 || number > G_MAXINT32) {
        return agent_reply_wrong(command, "the number is out of range", errp);
    }
    *count = (gint32)number;
    return TRUE;
}

static JsonObject *with_strings(JsonObject *object, const char *member,
                                char *const *strings, guint n)
{
    JsonArray *list = json_array_new();

    for (guint i = 0; i < n; i++) {
        json_array_add_string_element(list, strings[i]);
    }
    json_object_set_array_member(object, member, list);
    return object;
}

gboolean remote_domain_fsfreeze(RpcCall *call, const RemoteDomainFsfreezeArgs *args,
                                RemoteDomainFsfreezeRet *ret, GError **errp)
{
    JsonObject *given = NULL;

    if (args->n_mountpoints > 0) {
        given = with_strings(json_object_new(), "mountpoints", args->mountpoints,
                             args->n_mountpoints);
    }
    return ask_count(call, &args->dom,
                     given ? "guest-fsfreeze-freeze-list" : "guest-fsfreeze-freeze",
                     given, &ret->filesystems, errp);
}

/* All of them: which ones is not asked, as in libvirt. */
gboolean remote_domain_fsthaw(RpcCall *call, const RemoteDomainFsthawArgs *args,
                              RemoteDomainFsthawRet *ret, GError **errp)
{
    return ask_count(call, &args->dom, "guest-fsfreeze-thaw", NULL, &ret->filesystems,
                     errp);
}

gboolean remote_domain_fstrim(RpcCall *call, const RemoteDomainFstrimArgs *args,
                              GError **errp)
{
    JsonObject *given;

    if (args->mountPoint) {
        return rpc_error_set(errp, VIR_ERR_ARGUMENT_UNSUPPORTED,
                             "Specifying mount point is not supported for now");
    }
    if (args->minimum > G_MAXINT64) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                             "minimum %" G_GUINT64_FORMAT
                             " is too big for the guest agent",
                             args->minimum);
    }
    given = json_object_new();
    json_object_set_int_member(given, "minimum", (gint64)args->minimum);
    return ask(call, &args->dom, "guest-fstrim", given, NULL, errp);
}

gboolean remote_domain_set_user_password(RpcCall *call,
                                         const RemoteDomainSetUserPasswordArgs *args,
                                         GError **errp)
{
    gboolean crypted = (args->flags & VIR_DOMAIN_PASSWORD_ENCRYPTED) != 0;
    g_autofree char *secret = NULL;

    if (!args->user || !args->password) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG, "user or password is missing");
    }
    secret = g_base64_encode((const guchar *)args->password, strlen(args->password));
    {
        UtilJsonMember members[] = { UTIL_JSON_BOOL("crypted", crypted),
                                     UTIL_JSON_TEXT("username", args->user),
                                     UTIL_JSON_TEXT("password", secret) };

        return ask(call, &args->dom, "guest-set-user-password",
                   util_json_add(json_object_new(), members, G_N_ELEMENTS(members)), NULL,
                   errp);
    }
}

/* ---- SSH keys ---- */

gboolean remote_domain_authorized_ssh_keys_get(
    RpcCall *call, const RemoteDomainAuthorizedSshKeysGetArgs *args,
    RemoteDomainAuthorizedSshKeysGetRet *ret, GError **errp)
{
    g_autoptr(JsonNode) reply = NULL;
    char **keys;

    if (!ask(call, &args->dom, "guest-ssh-get-authorized-keys",
             util_json_pair("username", args->user), &reply, errp) ||
        !(keys = agent_parse_keys(reply, errp))) {
        return FALSE;
    }
    ret->n_keys = g_strv_length(keys);
    ret->keys = keys;
    return TRUE;
}

gboolean remote_domain_authorized_ssh_keys_set(
    RpcCall *call, const RemoteDomainAuthorizedSshKeysSetArgs *args, GError **errp)
{
    gboolean append = (args->flags & VIR_DOMAIN_AUTHORIZED_SSH_KEYS_SET_APPEND) != 0;
    gboolean take = (args->flags & VIR_DOMAIN_AUTHORIZED_SSH_KEYS_SET_REMOVE) != 0;
    JsonObject *given;

    if (append && take) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                             "Flags 'VIR_DOMAIN_AUTHORIZED_SSH_KEYS_SET_APPEND' and "
                             "'VIR_DOMAIN_AUTHORIZED_SSH_KEYS_SET_REMOVE' are mutually "
                             "exclusive");
    }
    if ((append || take) && args->n_keys == 0) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG, "there are no keys");
    }
    given = with_strings(util_json_pair("username", args->user), "keys", args->keys,
                         args->n_keys);
    if (!take) {
        json_object_set_boolean_member(given, "reset", !append);
    }
    return ask(call, &args->dom,
               take ? "guest-ssh-remove-authorized-keys"
                    : "guest-ssh-add-authorized-keys",
               given, NULL, errp);
}

/* ---- time ---- */

#define NS_PER_S G_GINT64_CONSTANT(1000000000)

gboolean remote_domain_get_time(RpcCall *call, const RemoteDomainGetTimeArgs *args,
                                RemoteDomainGetTimeRet *ret, GError **errp)
{
    g_autoptr(JsonNode) reply = NULL;
    gint64 ns;

    if (!ask(call, &args->dom, "guest-get-time", NULL, &reply, errp) ||
        !agent_parse_number(reply, "guest-get-time", &ns, errp)) {
        return FALSE;
    }
    if (ns < 0) {
        return agent_reply_wrong("guest-get-time", "the time is negative", errp);
    }
    ret->seconds = ns / NS_PER_S;
    ret->nseconds = (guint32)(ns % NS_PER_S);
    return TRUE;
}

/* Ticks that the guest has missed are not made up for: its clock is right now. */
static gboolean forget_ticks(Vm *vm, GError **errp)
{
    g_autoptr(GError) err = NULL;
    guint64 run;
    gboolean ok;

    if (!vm_begin_live_job(vm, JOB_MODIFY, "time", &run, errp)) {
        return FALSE;
    }
    ok = vm_call(vm, run, "rtc-reset-reinjection", NULL, NULL, &err) ||
         g_error_matches(err, QMP_ERROR, QMP_ERROR_COMMAND_NOT_FOUND);
    vm_end_job(vm);
    if (!ok) {
        g_propagate_error(errp, g_steal_pointer(&err));
    }
    return ok;
}

/* With VIR_DOMAIN_TIME_SYNC the guest takes its RTC's time, else the one given. */
gboolean remote_domain_set_time(RpcCall *call, const RemoteDomainSetTimeArgs *args,
                                GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    VmAgentAsk ask = { .command = "guest-set-time", .seconds = VM_AGENT_SECONDS };

    if (!vm) {
        return FALSE;
    }
    if (!(args->flags & VIR_DOMAIN_TIME_SYNC)) {
        if (args->seconds < 0 || args->nseconds >= NS_PER_S ||
            args->seconds > (G_MAXINT64 - args->nseconds) / NS_PER_S) {
            return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                                 "Time '%" G_GINT64_FORMAT "' is too big for guest agent",
                                 args->seconds);
        }
        ask.args = json_object_new();
        json_object_set_int_member(ask.args, "time",
                                   args->seconds * NS_PER_S + args->nseconds);
    }
    return vm_agent_call(vm, call, &ask, NULL, errp) && forget_ticks(vm, errp);
}

/* ---- the host's name ---- */

/* The first that a DHCP server of libvirt's networks was told. */
static gboolean leased_hostname(Vm *vm, char **name, GError **errp)
{
    g_autoptr(VmDef) def = vm_get_def_for(vm, VIR_DOMAIN_AFFECT_LIVE, errp);
    CommandHost host = vm_host(vm);

    for (guint i = 0; def && !*name && i < def->domain->interfaces->len; i++) {
        const DomainInterface *interface = def->domain->interfaces->pdata[i];
        RemoteNetworkGetDhcpLeasesRet leases = { 0 };

        if (interface->type != DOMAIN_INTERFACE_NETWORK) {
            continue;
        }
        if (!network_get_leases(host.socket_dir, interface, &leases, errp)) {
            return FALSE;
        }
        for (guint32 j = 0; j < leases.n_leases && !*name; j++) {
            *name = g_strdup(leases.leases[j].hostname);
        }
        network_leases_clear(&leases);
    }
    return def != NULL;
}

gboolean remote_domain_get_hostname(RpcCall *call,
                                    const RemoteDomainGetHostnameArgs *args,
                                    RemoteDomainGetHostnameRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    g_autoptr(JsonNode) reply = NULL;
    VmAgentAsk ask = { .command = "guest-get-host-name", .seconds = VM_AGENT_SECONDS };
    guint32 both = VIR_DOMAIN_GET_HOSTNAME_AGENT | VIR_DOMAIN_GET_HOSTNAME_LEASE;

    if (!vm) {
        return FALSE;
    }
    if ((args->flags & both) == both) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                             "Flags 'VIR_DOMAIN_GET_HOSTNAME_LEASE' and "
                             "'VIR_DOMAIN_GET_HOSTNAME_AGENT' are mutually exclusive");
    }
    if (!(args->flags & VIR_DOMAIN_GET_HOSTNAME_LEASE)) {
        return vm_agent_call(vm, call, &ask, &reply, errp) &&
               (ret->hostname = agent_parse_hostname(reply, errp));
    }
    return leased_hostname(vm, &ret->hostname, errp) &&
           (ret->hostname || rpc_error_set(errp, VIR_ERR_NO_HOSTNAME,
                                           "no hostname found for domain %s", vm->name));
}

/* ---- patience ---- */

gboolean remote_domain_agent_set_response_timeout(
    RpcCall *call, const RemoteDomainAgentSetResponseTimeoutArgs *args,
    RemoteDomainAgentSetResponseTimeoutRet *ret, GError **errp)
{
    g_autoptr(Vm) vm = api_vm(call, &args->dom, errp);
    guint64 run = 0;

    if (!vm) {
        return FALSE;
    }
    if (args->timeout < VIR_DOMAIN_AGENT_RESPONSE_TIMEOUT_BLOCK) {
        return rpc_error_set(errp, VIR_ERR_INVALID_ARG,
                             "guest agent timeout '%d' is less than the minimum '%d'",
                             args->timeout, VIR_DOMAIN_AGENT_RESPONSE_TIMEOUT_BLOCK);
    }
    g_mutex_lock(&vm->lock);
    vm->agent_seconds = args->timeout;
    if (vm->run) {
        run = vm->run->serial;
    }
    g_mutex_unlock(&vm->lock);
    if (run) {
        vm_update_status(vm, run);
    }
    ret->result = 0;
    return TRUE;
}

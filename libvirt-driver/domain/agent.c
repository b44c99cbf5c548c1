/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/agent.h"

/*
 * Where the channel is. FALSE: there is none. *path is to be freed; *connected: the guest
 * has the port open, or nobody knows.
 */
static gboolean find_channel(const Domain *domain, char **path, gboolean *connected)
{
    const DomainChannel *channel = xml_domain_agent(domain);

    if (channel) {
        *path = g_strdup(channel->chardev.path);
        *connected = channel->state != DOMAIN_CHANNEL_DISCONNECTED;
    }
    return channel != NULL;
}

/* ---- whom to ask ---- */

typedef struct Agent {
    AgentClient *client; /* a reference */
    char *path;
    int seconds; /* of the domain */
} Agent;

static void agent_clear(Agent *agent)
{
    g_clear_pointer(&agent->client, agent_client_unref);
    g_clear_pointer(&agent->path, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Agent, agent_clear)

static gboolean get_agent_locked(Vm *vm, Agent *agent, GError **errp)
{
    gboolean connected = FALSE;

    if (!vm->run || vm->state != VIR_DOMAIN_RUNNING) {
        return rpc_error_set(errp, VIR_ERR_OPERATION_INVALID, "domain is not running");
    }
    if (!vm->live || !find_channel(vm->live->domain, &agent->path, &connected)) {
        return rpc_error_set(errp, VIR_ERR_ARGUMENT_UNSUPPORTED,
                             "QEMU guest agent is not configured");
    }
    if (!connected || !agent->path) {
        return rpc_error_set(errp, VIR_ERR_AGENT_UNRESPONSIVE,
                             "QEMU guest agent is not connected");
    }
    if (!vm->run->agent) {
        vm->run->agent = agent_client_new();
    }
    agent->client = agent_client_ref(vm->run->agent);
    agent->seconds = vm->agent_seconds;
    return TRUE;
}

static gboolean get_agent(Vm *vm, Agent *agent, GError **errp)
{
    gboolean ok;

    g_mutex_lock(&vm->lock);
    ok = get_agent_locked(vm, agent, errp);
    g_mutex_unlock(&vm->lock);
    return ok;
}

gboolean vm_agent_is_there(Vm *vm)
{
    g_auto(Agent) agent = { 0 };

    return get_agent(vm, &agent, NULL);
}

void vm_agent_notify_locked(Vm *vm, AgentEvent event)
{
    if (vm->run && vm->run->agent) {
        agent_client_notify(vm->run->agent, event);
    }
}

/* ---- who asks ---- */

/* A call must not outlive the connection that waits for it; reference counted. */
typedef struct Asker {
    gint gone; /* atomic */
    AgentClient *client;
} Asker;

static void asker_clear(gpointer opaque)
{
    agent_client_unref(((Asker *)opaque)->client);
}

static void asker_unref(gpointer asker)
{
    g_atomic_rc_box_release_full(asker, asker_clear);
}

static void on_gone(RpcClient *client, gpointer opaque)
{
    Asker *asker = opaque;

    g_atomic_int_set(&asker->gone, TRUE);
    agent_client_wake(asker->client);
}

static gboolean ask_for(RpcCall *call, const Agent *agent, AgentRequest *request,
                        JsonObject **reply, GError **errp)
{
    Asker *asker = g_atomic_rc_box_new0(Asker);
    RpcClient *client = rpc_call_client(call);
    guint64 hook;
    gboolean ok;

    asker->client = agent_client_ref(agent->client);
    hook = rpc_client_add_close_hook(client, on_gone, g_atomic_rc_box_acquire(asker),
                                     asker_unref);
    request->path = agent->path;
    request->cancelled = &asker->gone;
    /* Time given by the domain holds for both parts, unless it is "for ever". */
    request->sync_seconds = agent->seconds >= 0 ? agent->seconds : -1;
    ok = agent_client_call(agent->client, request, reply, errp);
    rpc_client_remove_close_hook(client, hook);
    asker_unref(asker);
    return ok;
}

gboolean vm_agent_call(Vm *vm, RpcCall *call, const VmAgentAsk *ask, JsonNode **reply,
                       GError **errp)
{
    g_autofree char *text = agent_command_new(ask->command, ask->args);
    g_auto(Agent) agent = { 0 };
    g_autoptr(JsonObject) answer = NULL;
    AgentRequest request = { .text = text, .name = ask->command };

    if (reply) {
        *reply = NULL;
    }
    if (!get_agent(vm, &agent, errp)) {
        return FALSE;
    }
    request.seconds = ask->seconds == VM_AGENT_SECONDS ? agent.seconds : ask->seconds;
    request.instead = ask->instead;
    if (!ask_for(call, &agent, &request, &answer, errp)) {
        return FALSE;
    }
    if (reply && answer) {
        *reply = json_node_ref(json_object_get_member(answer, "return"));
    }
    return TRUE;
}

char *vm_agent_call_text(Vm *vm, RpcCall *call, const char *text, int seconds,
                         GError **errp)
{
    g_autofree char *name = NULL;
    g_autofree char *command = NULL;
    g_auto(Agent) agent = { 0 };
    g_autoptr(JsonObject) answer = NULL;
    g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
    AgentRequest request = { .seconds = seconds };

    if (!get_agent(vm, &agent, errp) ||
        !(command = agent_command_check(text, &name, errp))) {
        return NULL;
    }
    request.text = command;
    request.name = name;
    if (!ask_for(call, &agent, &request, &answer, errp)) {
        return NULL;
    }
    json_node_set_object(node, answer);
    return json_to_string(node, FALSE);
}

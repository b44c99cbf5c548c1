/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls of a guest's agent. They stand beside the VM's job: what a guest takes its time
 * for keeps nobody from managing its VM. A call ends with its answer, its time, the
 * guest's closing of the port, the end of the run, or that of the connection that has
 * asked.
 */
#pragma once
#include "agent/client.h"
#include "domain/vm.h"
#include "rpc/call.h"

G_BEGIN_DECLS

/* The time that the domain is told to give its agent: virDomainAgentSetResponseTimeout.
 */
#define VM_AGENT_SECONDS G_MININT

typedef struct VmAgentAsk {
    const char *command;
    JsonObject *args;   /* or NULL; consumed in any case */
    int seconds;        /* VM_AGENT_SECONDS, or of this call; see AgentRequest */
    AgentEvent instead; /* see AgentRequest */
} VmAgentAsk;

/*
 * Asks, on a worker. *reply (may be NULL) gets what the command returned, to be freed
 * with json_node_unref; NULL where something stood for an answer. Errors: as libvirt's.
 */
gboolean vm_agent_call(Vm *vm, RpcCall *call, const VmAgentAsk *ask, JsonNode **reply,
                       GError **errp);

/* The same with the text of a command, and the whole answer as text, to be freed. */
char *vm_agent_call_text(Vm *vm, RpcCall *call, const char *text, int seconds,
                         GError **errp);

/* Whether it could be asked now. */
gboolean vm_agent_is_there(Vm *vm);

/* The VM's monitor tells of what ends a call, or stands for its answer. */
void vm_agent_notify_locked(Vm *vm, AgentEvent event);

G_END_DECLS

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each name has a gate, which is made when somebody comes to it. */
#include "event/gate.h"

#include "event/loop.h"

typedef struct Gate {
    gboolean shut;
    guint waiting;
} Gate;

static GMutex gate_lock;
static GCond gate_cond;
static GHashTable *gates; /* those who wait may outlive all else */
static gboolean enabled;

void gate_enable(void)
{
    enabled = TRUE;
}

static Gate *gate_get(const char *name)
{
    Gate *gate;

    if (!gates) {
        gates = g_hash_table_new(g_str_hash, g_str_equal);
    }
    gate = g_hash_table_lookup(gates, name);
    if (!gate) {
        gate = g_new0(Gate, 1);
        g_hash_table_insert(gates, g_strdup(name), gate);
    }
    return gate;
}

/* Only threads wait that have no loop: those of slow calls. */
void gate_pass(const char *name)
{
    if (!enabled || event_loop_current()) {
        return;
    }
    g_mutex_lock(&gate_lock);
    Gate *gate = gate_get(name);
    gate->waiting++;
    while (gate->shut) {
        g_cond_wait(&gate_cond, &gate_lock);
    }
    gate->waiting--;
    g_mutex_unlock(&gate_lock);
}

char *gate_command(const char *name, const char *command)
{
    if (!g_str_equal(command, "silent") && !g_str_equal(command, "answers") &&
        !g_str_equal(command, "asked")) {
        return NULL;
    }
    g_mutex_lock(&gate_lock);
    Gate *gate = gate_get(name);
    guint waiting = gate->waiting;
    if (!g_str_equal(command, "asked")) {
        gate->shut = g_str_equal(command, "silent");
        g_cond_broadcast(&gate_cond);
    }
    g_mutex_unlock(&gate_lock);
    return g_strdup_printf("OK %u", waiting);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "domain/memory.h"

#include "domain/driver.h"
#include "domain/event.h"
#include "domain/lifecycle.h"
#include "domain/monitor.h"
#include "util/json.h"

/* KiB. FALSE: nothing is new. */
static gboolean set_memory_locked(Vm *vm, guint64 current)
{
    Domain *domain;

    if (vm->live->domain->current_memory == current || !current ||
        current > vm->live->domain->memory) {
        return FALSE;
    }
    domain = xml_domain_copy(vm->live->domain);
    domain->current_memory = current;
    vm_set_live_locked(vm, vm_def_new(domain));
    return TRUE;
}

void vm_balloon_changed_locked(Vm *vm, guint64 actual)
{
    vm_event_balloon_change_locked(vm, actual / 1024);
    if (set_memory_locked(vm, actual / 1024)) {
        driver_run(vm, vm->run->serial, FALSE, vm_update_status);
    }
}

void vm_refresh_balloon(Vm *vm, guint64 run)
{
    g_autoptr(VmDef) def = vm_get_def(vm);
    g_autoptr(JsonNode) reply = NULL;
    g_autoptr(GError) err = NULL;
    gboolean changed = FALSE;

    if (!xml_domain_balloon(def->domain)) {
        return;
    }
    if (!vm_call(vm, run, "query-balloon", NULL, &reply, &err)) {
        g_message("domain '%s': its balloon does not tell its size: %s", vm->name,
                  err->message);
        return;
    }
    g_mutex_lock(&vm->lock);
    if (vm_is_run_locked(vm, run) && JSON_NODE_HOLDS_OBJECT(reply)) {
        gint64 actual = util_json_int(json_node_get_object(reply), "actual");

        changed = actual > 0 && set_memory_locked(vm, (guint64)actual / 1024);
    }
    g_mutex_unlock(&vm->lock);
    if (changed) {
        vm_update_status(vm, run);
    }
}

void vm_keep_memory(Domain *to, const Domain *from)
{
    to->current_memory = from->current_memory;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the handlers of the RPC procedures (api-*.c) share. */
#pragma once
#include "domain/driver.h"

G_BEGIN_DECLS

/* The VM that a call is about; a reference, or NULL with an error. */
static inline Vm *api_vm(RpcCall *call, const RemoteDomain *dom, GError **errp)
{
    return driver_find(driver_of_call(call), dom, errp);
}

/* Whether the VM is among those that the flags select (virConnectListAllDomainsFlags). */
gboolean api_matches_locked(const Vm *vm, guint32 flags);

G_END_DECLS

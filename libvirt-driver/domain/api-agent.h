/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest's agent answers of calls that others can answer, too. */
#pragma once
#include "domain/api.h"

G_BEGIN_DECLS

/* The addresses of the guest's interfaces, as the guest names them. */
gboolean api_agent_addresses(RpcCall *call, const RemoteDomain *dom,
                             RemoteDomainInterfaceAddressesRet *ret, GError **errp);

/* How many CPUs the guest has, or (not maximum) uses. */
gboolean api_agent_count_vcpus(RpcCall *call, const RemoteDomain *dom, gboolean maximum,
                               gint32 *num, GError **errp);

G_END_DECLS

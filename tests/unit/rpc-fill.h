/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random values of the protocol's types, for tests. */
#pragma once
#include "rpc/xdr.h"

/* Fills a zeroed *value of type; the caller releases it with xdr_clear. */
void rpc_fill(const XdrType *type, void *value, GRand *rand);

/* All types of arguments, results and messages that protocol.def has. */
GPtrArray *rpc_all_types(void);

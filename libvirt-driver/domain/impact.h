/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of a domain's two definitions a call means: VIR_DOMAIN_AFFECT_*. */
#pragma once
#include "domain/vm.h"

G_BEGIN_DECLS

/* What a call is to change. */
typedef struct Impact {
    gboolean live, config;
    gboolean force; /* VIR_DOMAIN_DEVICE_MODIFY_FORCE: a guest's lock is none */
    guint64 run;    /* of live */
    VmDef *before;  /* the persistent definition, for config; a reference */
} Impact;

void vm_impact_clear(Impact *impact);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Impact, vm_impact_clear)

/* Resolves the flags, with a job held. VIR_ERR_OPERATION_INVALID. */
gboolean vm_read_impact(Vm *vm, guint32 flags, Impact *impact, GError **errp);

/*
 * The second half of a change of which config (consumed, or NULL) has been staged
 * (domain/define.h), and the live part has been done if live_ok: both or neither.
 */
gboolean vm_finish_impact(Vm *vm, const Impact *impact, Domain *config, gboolean live_ok,
                          GError **errp);

/* The definition that the flags mean, to be read; a reference, or NULL. No job is needed.
 */
VmDef *vm_get_def_for(Vm *vm, guint32 flags, GError **errp);

G_END_DECLS

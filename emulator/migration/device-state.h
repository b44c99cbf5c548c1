/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The DEVICE records: one for each state description of each device (and vCPU).
 * Payload: u32 length of the section's name, the name, then the fields by rows.
 * All under the machine lock, with vCPUs and data plane stopped.
 */
#ifndef VIREO_MIGRATION_DEVICE_STATE_H
#define VIREO_MIGRATION_DEVICE_STATE_H

#include "accel/run-state.h"
#include "util/state.h"

/* The section "vm": what is of no device. */
extern const StateDesc device_state_vm;

/* Payloads (GBytes) in the order of loading. state: what the VM is to be there. */
GPtrArray *device_state_save_all(RunState state, GError **errp);
/* payloads: GBytes. Refuses unknown, repeated and missing sections by name. */
gboolean device_state_load_all(GPtrArray *payloads, RunState *state, GError **errp);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reset of a machine: all devices are quiesced and reset, vCPUs end the accesses
 * that have waited for that, guest memory is written as a boot finds it, vCPUs begin.
 */
#include "config.h"

#include "accel/accel.h"
#include "accel/run-state.h"
#include "machine/board.h"

static BoardLoadFn load_guest;

static void vcpus_rest(void *opaque)
{
    g_autoptr(GError) err = NULL;
    BootState boot = { 0 };

    if (load_guest(&boot, &err)) {
        accel_get()->reset_vcpus(&boot);
    } else {
        vm_request_internal_error(err->message);
    }
    vm_reset_done();
}

/* The accesses that have waited for their devices come to their ends now. */
static void devices_reset(void *opaque)
{
    accel_when_vcpus_rest(vcpus_rest, NULL);
}

static void reset(void *opaque)
{
    device_reset_all(devices_reset, NULL);
}

gboolean board_ready(BoardLoadFn load, gboolean incoming, GError **errp)
{
    BootState boot = { 0 };

    load_guest = load;
    vm_set_reset_handler(reset, NULL);
    if ((!incoming && !load(&boot, errp)) || !accel_get()->finish_vcpus(errp)) {
        return FALSE;
    }
    if (!incoming) {
        accel_get()->reset_vcpus(&boot);
    }
    return TRUE;
}

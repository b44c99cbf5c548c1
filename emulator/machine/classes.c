/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one table of device classes. */
#include "config.h"

#include "hw/debugcon.h"
#include "hw/ged.h"
#include "hw/hpet.h"
#include "hw/i8042.h"
#include "hw/i8254.h"
#include "hw/ich9-pm.h"
#include "hw/ioapic.h"
#include "hw/port80.h"
#include "hw/port92.h"
#include "hw/pvpanic-isa.h"
#include "hw/rtc.h"
#include "hw/serial.h"
#include "virtio/virtio.h"

/* clang-format off */
const DeviceClass *const device_class_table[] = {
    &debugcon_class,
    &ged_class,
    &hpet_class,
    &i8042_class,
    &i8254_class,
    &ich9_pm_class,
    &ioapic_class,
    &port80_class,
    &port92_class,
    &pvpanic_isa_class,
    &rtc_class,
    &serial_class,
    &virtio_blk_class.device,
    &virtio_device_class,
    &virtio_mmio_class,
    &virtio_net_class.device,
    &virtio_rng_class.device,
    NULL,
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one table of device classes. */
#include "config.h"

#include "hw/ged.h"
#include "hw/ioapic.h"
#include "hw/rtc.h"
#include "hw/serial.h"

const DeviceClass *const device_class_table[] = {
    &ged_class, &ioapic_class, &rtc_class, &serial_class, NULL,
};

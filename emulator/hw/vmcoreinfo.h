/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "vmcoreinfo" (QEMU's docs/specs/vmcoreinfo): a fw_cfg file in which the guest's kernel
 * says where in its memory it describes itself, for whoever makes a dump of the VM.
 */
#ifndef VIREO_HW_VMCOREINFO_H
#define VIREO_HW_VMCOREINFO_H

#include "device/device.h"

extern const DeviceClass vmcoreinfo_class;

#endif

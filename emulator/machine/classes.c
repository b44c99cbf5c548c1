/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one table of device classes. */
#include "config.h"

#include "hw/cpu-hotplug.h"
#include "hw/debugcon.h"
#include "hw/e1000.h"
#include "hw/fw-cfg.h"
#include "hw/ged.h"
#include "hw/hpet.h"
#include "hw/i6300esb.h"
#include "hw/i8042.h"
#include "hw/i8254.h"
#include "hw/i8259.h"
#include "hw/ich9-pm.h"
#include "hw/ioapic.h"
#include "hw/pflash.h"
#include "hw/port80.h"
#include "hw/port92.h"
#include "hw/pvpanic-isa.h"
#include "hw/pvpanic-pci.h"
#include "hw/rtc.h"
#include "hw/serial.h"
#include "hw/vmcoreinfo.h"
#include "hw/vmgenid.h"
#include "ide/ahci.h"
#include "ide/ide.h"
#include "pci/acpi-hotplug.h"
#include "pci/host.h"
#include "pci/ich9-lpc.h"
#include "pci/mch.h"
#include "pci/pci-bridge.h"
#include "pci/root-port.h"
#include "pci/switch.h"
#include "pci/testdev.h"
#include "usb/hid.h"
#include "usb/xhci.h"
#include "virtio/pci.h"
#include "virtio/virtio-input.h"
#include "virtio/virtio-serial.h"
#include "virtio/virtio.h"

/* clang-format off */
const DeviceClass *const device_class_table[] = {
    &acpi_pci_hotplug_class,
    &cpu_hotplug_class,
    &ahci_class.device,
    &debugcon_class,
    &e1000_class.device,
    &fw_cfg_class,
    &ged_class,
    &hpet_class,
    &i6300esb_class.device,
    &i8042_class,
    &i8254_class,
    &i8259_class,
    &ich9_lpc_class.device,
    &ich9_pm_class,
    &ide_cd_class.device,
    &ide_drive_class,
    &ide_hd_class.device,
    &ioapic_class,
    &mch_class.device,
    &pci_bridge_class.device,
    &pci_device_class.device,
    &pci_host_class,
    &pci_pci_bridge_class.device,
    &pci_testdev_class.device,
    &pcie_pci_bridge_class.device,
    &pcie_root_port_class.device,
    &pflash_class,
    &port80_class,
    &port92_class,
    &pvpanic_isa_class,
    &pvpanic_pci_class.device,
    &rtc_class,
    &serial_class,
    &virtconsole_class.device,
    &virtio_balloon_class.device,
    &virtio_balloon_pci_class.device,
    &virtio_balloon_pci_non_transitional_class.device,
    &virtio_balloon_pci_transitional_class.device,
    &usb_device_class.device,
    &hid_class.usb.device,
    &usb_hub_class.device,
    &usb_kbd_class.usb.device,
    &usb_mouse_class.usb.device,
    &usb_tablet_class.usb.device,
    &virtio_blk_class.device,
    &virtio_blk_pci_class.device,
    &virtio_blk_pci_non_transitional_class.device,
    &virtio_blk_pci_transitional_class.device,
    &virtio_device_class,
    &virtio_input_class,
    (const DeviceClass *)&virtio_keyboard_class,
    &virtio_keyboard_pci_class.device,
    &virtio_mmio_class,
    (const DeviceClass *)&virtio_mouse_class,
    &virtio_mouse_pci_class.device,
    &virtio_net_class.device,
    &virtio_net_pci_class.device,
    &virtio_net_pci_non_transitional_class.device,
    &virtio_net_pci_transitional_class.device,
    &virtio_pci_class.device,
    &virtio_rng_class.device,
    &virtio_rng_pci_class.device,
    &virtio_rng_pci_non_transitional_class.device,
    &virtio_rng_pci_transitional_class.device,
    &virtio_serial_class.device,
    &virtio_serial_pci_class.device,
    &virtio_serial_pci_non_transitional_class.device,
    &virtio_serial_pci_transitional_class.device,
    &virtio_serial_port_class,
    (const DeviceClass *)&virtio_tablet_class,
    &virtio_tablet_pci_class.device,
    &virtio_vsock_class.device,
    &virtio_vsock_pci_class.device,
    &virtio_vsock_pci_non_transitional_class.device,
    &virtserialport_class.device,
    &vmcoreinfo_class,
    &vmgenid_class,
    &x3130_upstream_class.device,
    &xhci_class.device,
    &xio3130_downstream_class.device,
    NULL,
};

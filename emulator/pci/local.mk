# SPDX-License-Identifier: GPL-2.0-or-later
libemulator_a_SOURCES += \
	emulator/pci/acpi-hotplug.c \
	emulator/pci/acpi-hotplug.h \
	emulator/pci/bar.c \
	emulator/pci/bridge.c \
	emulator/pci/bridge.h \
	emulator/pci/bus.c \
	emulator/pci/bus.h \
	emulator/pci/capability.c \
	emulator/pci/config.c \
	emulator/pci/express.c \
	emulator/pci/express.h \
	emulator/pci/host.c \
	emulator/pci/host.h \
	emulator/pci/host-internal.h \
	emulator/pci/ich9-internal.h \
	emulator/pci/ich9-lpc.c \
	emulator/pci/ich9-lpc.h \
	emulator/pci/ich9-routing.c \
	emulator/pci/internal.h \
	emulator/pci/intx.c \
	emulator/pci/master.c \
	emulator/pci/layout.c \
	emulator/pci/layout.h \
	emulator/pci/mch.c \
	emulator/pci/mch.h \
	emulator/pci/msi.c \
	emulator/pci/msi.h \
	emulator/pci/msix.c \
	emulator/pci/msix.h \
	emulator/pci/pci.c \
	emulator/pci/pci.h \
	emulator/pci/root-port.c \
	emulator/pci/root-port.h \
	emulator/pci/slots.c \
	emulator/pci/testdev.c \
	emulator/pci/testdev.h

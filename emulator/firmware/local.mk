# SPDX-License-Identifier: GPL-2.0-or-later
libemulator_a_SOURCES += \
	emulator/firmware/acpi.c \
	emulator/firmware/acpi.h \
	emulator/firmware/acpi-fadt.c \
	emulator/firmware/acpi-internal.h \
	emulator/firmware/acpi-loader.c \
	emulator/firmware/acpi-q35.c \
	emulator/firmware/acpi-q35.h \
	emulator/firmware/acpi-tables.c \
	emulator/firmware/acpi-vmgenid.c \
	emulator/firmware/bzimage.c \
	emulator/firmware/cmdline.c \
	emulator/firmware/dsdt-hotplug.c \
	emulator/firmware/dsdt-internal.h \
	emulator/firmware/dsdt-q35.c \
	emulator/firmware/dsdt.c \
	emulator/firmware/kernel-internal.h \
	emulator/firmware/kernel-items.c \
	emulator/firmware/kernel-items.h \
	emulator/firmware/kernel.c \
	emulator/firmware/kernel.h \
	emulator/firmware/pvh.c \
	emulator/firmware/smbios-options.c \
	emulator/firmware/smbios-options.h \
	emulator/firmware/smbios.c \
	emulator/firmware/smbios.h

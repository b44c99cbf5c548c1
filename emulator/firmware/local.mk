# SPDX-License-Identifier: GPL-2.0-or-later
libemulator_a_SOURCES += \
	emulator/firmware/acpi.c \
	emulator/firmware/acpi.h \
	emulator/firmware/aml.c \
	emulator/firmware/aml.h \
	emulator/firmware/bzimage.c \
	emulator/firmware/cmdline.c \
	emulator/firmware/dsdt.c \
	emulator/firmware/kernel-internal.h \
	emulator/firmware/kernel.c \
	emulator/firmware/kernel.h \
	emulator/firmware/pvh.c

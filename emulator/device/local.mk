# SPDX-License-Identifier: GPL-2.0-or-later
libemulator_a_SOURCES += \
	emulator/device/aml.c \
	emulator/device/aml.h \
	emulator/device/aml-resource.c \
	emulator/device/boot.c \
	emulator/device/boot.h \
	emulator/device/bus.c \
	emulator/device/class.c \
	emulator/device/device.c \
	emulator/device/device.h \
	emulator/device/global.c \
	emulator/device/global.h \
	emulator/device/guest-property.c \
	emulator/device/internal.h \
	emulator/device/irq.c \
	emulator/device/irq.h \
	emulator/device/lifecycle.c \
	emulator/device/msi.c \
	emulator/device/msi.h \
	emulator/device/plug.c \
	emulator/device/realize.c \
	emulator/device/rows.c \
	emulator/device/state.c \
	emulator/device/tree.c \
	emulator/device/unplug.c \
	emulator/device/user.c

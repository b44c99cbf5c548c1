# SPDX-License-Identifier: GPL-2.0-or-later
libemulator_a_SOURCES += \
	emulator/machine/board.h \
	emulator/machine/boards.h \
	emulator/machine/classes.c \
	emulator/machine/cpus.c \
	emulator/machine/firmware.c \
	emulator/machine/firmware.h \
	emulator/machine/fw-cfg-option.c \
	emulator/machine/fw-cfg-option.h \
	emulator/machine/isa.c \
	emulator/machine/kernel.c \
	emulator/machine/machine.c \
	emulator/machine/machine.h \
	emulator/machine/memory.c \
	emulator/machine/microvm.c \
	emulator/machine/microvm.h \
	emulator/machine/microvm-acpi.c \
	emulator/machine/microvm-acpi.h \
	emulator/machine/none.c \
	emulator/machine/q35-acpi.c \
	emulator/machine/q35-acpi.h \
	emulator/machine/q35-boot.c \
	emulator/machine/q35-boot.h \
	emulator/machine/q35-devices.c \
	emulator/machine/q35-fw-cfg.c \
	emulator/machine/q35-fw-cfg.h \
	emulator/machine/q35-smbios.c \
	emulator/machine/q35-smbios.h \
	emulator/machine/q35.c \
	emulator/machine/q35.h \
	emulator/machine/reset.c

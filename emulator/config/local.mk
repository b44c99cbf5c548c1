# SPDX-License-Identifier: GPL-2.0-or-later
libemulator_a_SOURCES += \
	emulator/config/action.c \
	emulator/config/action.h \
	emulator/config/argv.c \
	emulator/config/argv.h \
	emulator/config/boot.c \
	emulator/config/boot.h \
	emulator/config/build.c \
	emulator/config/complete.c \
	emulator/config/data-file.c \
	emulator/config/data-file.h \
	emulator/config/dialect.c \
	emulator/config/dialect.h \
	emulator/config/drive.c \
	emulator/config/internal.h \
	emulator/config/json-frame.c \
	emulator/config/json-write.c \
	emulator/config/json.c \
	emulator/config/json.h \
	emulator/config/keyval.c \
	emulator/config/keyval.h \
	emulator/config/kind.c \
	emulator/config/kind.h \
	emulator/config/legacy-chardev.c \
	emulator/config/node.c \
	emulator/config/node.h \
	emulator/config/noop.c \
	emulator/config/noop.h \
	emulator/config/object.h \
	emulator/config/options.c \
	emulator/config/pci-address.c \
	emulator/config/property.c \
	emulator/config/property.h \
	emulator/config/qemu-options.c \
	emulator/config/rtc.c \
	emulator/config/smbios.c \
	emulator/config/value.c

# SPDX-License-Identifier: GPL-2.0-or-later
libemulator_a_SOURCES += \
	emulator/ide/ahci-command.c \
	emulator/ide/ahci-data.c \
	emulator/ide/ahci-fis.c \
	emulator/ide/ahci-internal.h \
	emulator/ide/ahci-port.c \
	emulator/ide/ahci-registers.c \
	emulator/ide/ahci.c \
	emulator/ide/ahci.h \
	emulator/ide/bus.c \
	emulator/ide/cd-packet.c \
	emulator/ide/cd-read.c \
	emulator/ide/cd-reply.c \
	emulator/ide/cd.c \
	emulator/ide/cd.h \
	emulator/ide/command.c \
	emulator/ide/drive.c \
	emulator/ide/hd-features.c \
	emulator/ide/hd-identify.c \
	emulator/ide/hd-log.c \
	emulator/ide/hd-smart.c \
	emulator/ide/hd-trim.c \
	emulator/ide/hd.c \
	emulator/ide/hd.h \
	emulator/ide/ide.h

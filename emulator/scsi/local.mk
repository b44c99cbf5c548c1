# SPDX-License-Identifier: GPL-2.0-or-later
libemulator_a_SOURCES += \
	emulator/scsi/command.c \
	emulator/scsi/disk-io.c \
	emulator/scsi/disk-mode.c \
	emulator/scsi/disk-reply.c \
	emulator/scsi/disk.c \
	emulator/scsi/scsi.h \
	emulator/scsi/target.c

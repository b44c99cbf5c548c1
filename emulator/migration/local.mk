# SPDX-License-Identifier: GPL-2.0-or-later
libemulator_a_SOURCES += \
	emulator/migration/channel.c emulator/migration/channel.h \
	emulator/migration/config-record.c \
	emulator/migration/cpu-record.c \
	emulator/migration/device-state.c emulator/migration/device-state.h \
	emulator/migration/incoming.c emulator/migration/migration.h \
	emulator/migration/late-listen.c emulator/migration/late-listen.h \
	emulator/migration/listener.c emulator/migration/listener.h \
	emulator/migration/loan.c emulator/migration/loan.h \
	emulator/migration/lookup.c emulator/migration/lookup.h \
	emulator/migration/outgoing.c emulator/migration/outgoing.h \
	emulator/migration/parameters.c emulator/migration/parameters.h \
	emulator/migration/populate.c emulator/migration/populate.h \
	emulator/migration/ram-internal.h emulator/migration/ram-load.c \
	emulator/migration/ram-queue.c emulator/migration/ram-queue.h \
	emulator/migration/ram-send.c emulator/migration/ram.h \
	emulator/migration/status.c emulator/migration/status.h \
	emulator/migration/stream.c emulator/migration/stream.h \
	emulator/migration/uri.c emulator/migration/uri.h

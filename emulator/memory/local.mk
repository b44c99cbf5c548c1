# SPDX-License-Identifier: GPL-2.0-or-later
libemulator_a_SOURCES += \
	emulator/memory/address-map.c emulator/memory/address-map.h \
	emulator/memory/dirty.c \
	emulator/memory/discard.c emulator/memory/discard.h \
	emulator/memory/dispatch.c \
	emulator/memory/dma.c emulator/memory/dma.h \
	emulator/memory/guest.c emulator/memory/guest.h \
	emulator/memory/hole.c emulator/memory/listener-log.c \
	emulator/memory/map-internal.h \
	emulator/memory/map-listener.c emulator/memory/map-listener.h \
	emulator/memory/ram.c emulator/memory/ram.h \
	emulator/memory/ram-backend.c \
	emulator/memory/region.c emulator/memory/region.h \
	emulator/memory/view.c

# SPDX-License-Identifier: GPL-2.0-or-later
# The emulator: every layer is a list of sources in one convenience library, so
# that unit tests link exactly what ships.
EMULATOR_CPPFLAGS = -I$(top_srcdir)/emulator -I$(top_srcdir) \
	$(GLIB_CFLAGS) $(URING_CFLAGS) $(URCU_CFLAGS) $(ZLIB_CFLAGS)
EMULATOR_LIBS = $(GLIB_LIBS) $(URING_LIBS) $(URCU_LIBS) $(ZLIB_LIBS) -lpthread

# util/ is the only layer that the daemon shares with the emulator.
noinst_LIBRARIES += libutil.a
libutil_a_CPPFLAGS = -I$(top_srcdir)/emulator $(GLIB_CFLAGS)
libutil_a_SOURCES =

noinst_LIBRARIES += libemulator.a
libemulator_a_CPPFLAGS = $(EMULATOR_CPPFLAGS)
libemulator_a_SOURCES =

bin_PROGRAMS += vireo
vireo_CPPFLAGS = $(EMULATOR_CPPFLAGS)
vireo_SOURCES = emulator/main.c
vireo_LDFLAGS = $(AM_LDFLAGS) $(EMULATOR_LDFLAGS)
vireo_LDADD = libemulator.a libcapabilities.a libutil.a \
	$(GLIB_STATIC_LIBS) $(URING_LIBS) $(URCU_LIBS) $(ZLIB_LIBS) -lpthread

include emulator/util/local.mk
include emulator/config/local.mk
include emulator/event/local.mk
include emulator/memory/local.mk
include emulator/accel/local.mk
include emulator/device/local.mk
include emulator/block/local.mk
include emulator/net/local.mk
include emulator/chardev/local.mk
include emulator/input/local.mk
include emulator/pci/local.mk
include emulator/scsi/local.mk
include emulator/virtio/local.mk
include emulator/hw/local.mk
include emulator/ide/local.mk
include emulator/usb/local.mk
include emulator/firmware/local.mk
include emulator/machine/local.mk
include emulator/migration/local.mk
include emulator/monitor/local.mk
include emulator/sandbox/local.mk

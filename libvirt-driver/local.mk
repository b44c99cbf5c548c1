# SPDX-License-Identifier: GPL-2.0-or-later
# virtvireod: the libvirt hypervisor driver as a daemon.
DRIVER_CPPFLAGS = -I$(top_srcdir)/libvirt-driver -I$(builddir)/libvirt-driver \
	-I$(top_srcdir)/emulator -I$(top_srcdir) \
	$(GIO_CFLAGS) $(JSON_CFLAGS) $(XML_CFLAGS) $(LIBVIRT_CFLAGS)
DRIVER_LIBS = $(JSON_LIBS) $(GIO_LIBS) $(XML_LIBS) -lpthread

noinst_LIBRARIES += libdriver.a
libdriver_a_CPPFLAGS = $(DRIVER_CPPFLAGS)
libdriver_a_SOURCES = libvirt-driver/util/hostname.c libvirt-driver/util/hostname.h \
	libvirt-driver/util/paths.c libvirt-driver/util/paths.h \
	libvirt-driver/util/json.c libvirt-driver/util/json.h \
	libvirt-driver/util/vir-error.c libvirt-driver/util/vir-error.h

sbin_PROGRAMS += virtvireod
virtvireod_CPPFLAGS = $(DRIVER_CPPFLAGS) -DVIREO_BINDIR='"$(bindir)"' \
	-DVIREO_DATADIR='"$(datadir)"'
virtvireod_SOURCES = \
	libvirt-driver/daemon-options.c libvirt-driver/daemon-options.h \
	libvirt-driver/daemon.c libvirt-driver/daemon.h libvirt-driver/main.c
virtvireod_LDADD = libdriver.a libxml.a libcapabilities.a libutil.a $(DRIVER_LIBS)

# Which firmware vireo's machines take, for us and for libvirt's QEMU driver: before those
# of Debian's ovmf (40-...), of which the first ones require SMM.
firmwaredir = $(datadir)/qemu/firmware
dist_firmware_DATA = libvirt-driver/firmware/30-vireo-x86_64.json

# "make virtvireod" in a fresh tree builds nothing else first.
$(libdriver_a_OBJECTS) $(virtvireod_OBJECTS): libvirt-driver/rpc/protocol.h \
	libvirt-driver/rpc/qemu.h libvirt-driver/rpc/forward.h

include libvirt-driver/rpc/local.mk
include libvirt-driver/qmp/local.mk
include libvirt-driver/agent/local.mk
include libvirt-driver/process/local.mk
include libvirt-driver/forward/local.mk
include libvirt-driver/command/local.mk
include libvirt-driver/domain/local.mk

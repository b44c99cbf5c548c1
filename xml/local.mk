# SPDX-License-Identifier: GPL-2.0-or-later
# Domain XML <-> one structure; knows nothing of daemon or emulator.
noinst_LIBRARIES += libxml.a
libxml_a_CPPFLAGS = -I$(top_srcdir)/emulator -I$(top_srcdir) $(GLIB_CFLAGS) $(XML_CFLAGS) $(LIBVIRT_CFLAGS)
libxml_a_SOURCES = xml/audio.c xml/channel.c xml/chardev.c xml/console.c xml/controller.c xml/cpu.c xml/device.c xml/device.h xml/disk.c \
	xml/domain.c xml/domain.h xml/extra.c xml/field-format.c xml/field-parse.c \
	xml/field-update.c xml/field.c xml/field.h xml/info.c xml/interface.c xml/internal.h xml/kind.c \
	xml/hub.c xml/input.c xml/memballoon.c xml/metadata.c xml/metadata.h xml/node.c xml/node.h xml/os.c xml/panic.c xml/vsock.c \
	xml/rng.c xml/seclabel.c xml/serial.c xml/storage.c xml/sysinfo.c xml/timer.c xml/units.c xml/validate.c xml/video.c xml/watchdog.c xml/writer.c \
	xml/writer.h
EXTRA_DIST += xml/devices.def

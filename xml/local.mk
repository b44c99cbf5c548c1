# SPDX-License-Identifier: GPL-2.0-or-later
# Domain XML <-> one structure; knows nothing of daemon or emulator.
noinst_LIBRARIES += libxml.a
libxml_a_CPPFLAGS = -I$(top_srcdir)/emulator -I$(top_srcdir) $(GLIB_CFLAGS) $(XML_CFLAGS) $(LIBVIRT_CFLAGS)
libxml_a_SOURCES = xml/abi.c xml/device.c xml/domain.h xml/format-device.c \
	xml/format-domain.c xml/internal.h xml/names.c xml/node.c xml/node.h \
	xml/parse-device.c xml/parse-devices.c xml/parse-domain.c xml/support.c \
	xml/units.c xml/validate.c xml/writer.c

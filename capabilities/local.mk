# SPDX-License-Identifier: GPL-2.0-or-later
# CPU models, host and guest capabilities: one truth for emulator and driver.
noinst_LIBRARIES += libcapabilities.a
libcapabilities_a_CPPFLAGS = -I$(top_srcdir)/emulator -I$(top_srcdir) $(GLIB_CFLAGS) $(LIBVIRT_CFLAGS)
libcapabilities_a_SOURCES = capabilities/capabilities.h capabilities/format.c \
	capabilities/cpu.c capabilities/cpu.h \
	capabilities/cpu-features.def capabilities/cpu-models.def \
	capabilities/host.c capabilities/host.h

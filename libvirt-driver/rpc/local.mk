# SPDX-License-Identifier: GPL-2.0-or-later
# The RPC server. protocol.h and protocol.c are made from protocol.def.
libdriver_a_SOURCES += \
	libvirt-driver/rpc/call.h \
	libvirt-driver/rpc/client.c \
	libvirt-driver/rpc/client.h \
	libvirt-driver/rpc/connect.c \
	libvirt-driver/rpc/dispatch.c \
	libvirt-driver/rpc/event.c \
	libvirt-driver/rpc/event.h \
	libvirt-driver/rpc/internal.h \
	libvirt-driver/rpc/io.c \
	libvirt-driver/rpc/listener.c \
	libvirt-driver/rpc/message.c \
	libvirt-driver/rpc/message.h \
	libvirt-driver/rpc/names.c \
	libvirt-driver/rpc/proc.h \
	libvirt-driver/rpc/server.c \
	libvirt-driver/rpc/server.h \
	libvirt-driver/rpc/stream.c \
	libvirt-driver/rpc/stream.h \
	libvirt-driver/rpc/values.c \
	libvirt-driver/rpc/values.h \
	libvirt-driver/rpc/worker.c \
	libvirt-driver/rpc/worker.h \
	libvirt-driver/rpc/xdr.c \
	libvirt-driver/rpc/xdr.h
nodist_libdriver_a_SOURCES = \
	libvirt-driver/rpc/protocol.c \
	libvirt-driver/rpc/protocol.h \
	libvirt-driver/rpc/qemu.c \
	libvirt-driver/rpc/qemu.h \
	libvirt-driver/rpc/forward.c \
	libvirt-driver/rpc/forward.h

RPC_PROTOCOL = $(srcdir)/libvirt-driver/rpc/protocol.def
RPC_GENERATOR = $(srcdir)/libvirt-driver/rpc/gen-protocol.py
EXTRA_DIST += libvirt-driver/rpc/protocol.def libvirt-driver/rpc/gen-protocol.py \
	libvirt-driver/rpc/qemu.def libvirt-driver/rpc/forward.def
BUILT_SOURCES += libvirt-driver/rpc/protocol.h libvirt-driver/rpc/protocol.c \
	libvirt-driver/rpc/qemu.h libvirt-driver/rpc/qemu.c \
	libvirt-driver/rpc/forward.h libvirt-driver/rpc/forward.c
CLEANFILES += libvirt-driver/rpc/protocol.h libvirt-driver/rpc/protocol.c \
	libvirt-driver/rpc/qemu.h libvirt-driver/rpc/qemu.c \
	libvirt-driver/rpc/forward.h libvirt-driver/rpc/forward.c

libvirt-driver/rpc/protocol.h: $(RPC_PROTOCOL) $(RPC_GENERATOR)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	/usr/bin/python3 $(RPC_GENERATOR) header $(RPC_PROTOCOL) > $@.tmp && mv $@.tmp $@

libvirt-driver/rpc/protocol.c: $(RPC_PROTOCOL) $(RPC_GENERATOR)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	/usr/bin/python3 $(RPC_GENERATOR) source $(RPC_PROTOCOL) > $@.tmp && mv $@.tmp $@

# That of QEMU's own program takes types from the other.
RPC_QEMU = $(srcdir)/libvirt-driver/rpc/qemu.def

libvirt-driver/rpc/qemu.h: $(RPC_QEMU) $(RPC_PROTOCOL) $(RPC_GENERATOR)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	/usr/bin/python3 $(RPC_GENERATOR) header $(RPC_QEMU) > $@.tmp && mv $@.tmp $@

libvirt-driver/rpc/qemu.c: $(RPC_QEMU) $(RPC_PROTOCOL) $(RPC_GENERATOR)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	/usr/bin/python3 $(RPC_GENERATOR) source $(RPC_QEMU) > $@.tmp && mv $@.tmp $@

# And what goes to libvirt's other daemons.
RPC_FORWARD = $(srcdir)/libvirt-driver/rpc/forward.def

libvirt-driver/rpc/forward.h: $(RPC_FORWARD) $(RPC_PROTOCOL) $(RPC_GENERATOR)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	/usr/bin/python3 $(RPC_GENERATOR) header $(RPC_FORWARD) > $@.tmp && mv $@.tmp $@

libvirt-driver/rpc/forward.c: $(RPC_FORWARD) $(RPC_PROTOCOL) $(RPC_GENERATOR)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && \
	/usr/bin/python3 $(RPC_GENERATOR) source $(RPC_FORWARD) > $@.tmp && mv $@.tmp $@

# SPDX-License-Identifier: GPL-2.0-or-later
# libvirt-driver/agent
libdriver_a_SOURCES += \
	libvirt-driver/agent/client.c \
	libvirt-driver/agent/client.h \
	libvirt-driver/agent/frame.c \
	libvirt-driver/agent/frame.h \
	libvirt-driver/agent/info.c \
	libvirt-driver/agent/interfaces.c \
	libvirt-driver/agent/reply.c \
	libvirt-driver/agent/reply.h \
	libvirt-driver/agent/storage.c

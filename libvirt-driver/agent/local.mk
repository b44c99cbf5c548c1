# SPDX-License-Identifier: GPL-2.0-or-later
# libvirt-driver/agent
libdriver_a_SOURCES += \
	libvirt-driver/agent/client.c \
	libvirt-driver/agent/client.h \
	libvirt-driver/agent/frame.c \
	libvirt-driver/agent/frame.h

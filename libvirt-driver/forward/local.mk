# SPDX-License-Identifier: GPL-2.0-or-later
# libvirt-driver/forward, libvirt-driver/network
libdriver_a_SOURCES += \
	libvirt-driver/forward/client.c \
	libvirt-driver/forward/client.h \
	libvirt-driver/forward/relay.c \
	libvirt-driver/forward/relay.h \
	libvirt-driver/forward/service.c \
	libvirt-driver/forward/service.h \
	libvirt-driver/network/port.c \
	libvirt-driver/network/port.h

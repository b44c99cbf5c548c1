# SPDX-License-Identifier: GPL-2.0-or-later
# libvirt-driver/forward
libdriver_a_SOURCES += \
	libvirt-driver/forward/client.c \
	libvirt-driver/forward/client.h

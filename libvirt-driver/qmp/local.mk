# SPDX-License-Identifier: GPL-2.0-or-later
# libvirt-driver/qmp
libdriver_a_SOURCES += \
	libvirt-driver/qmp/client.c \
	libvirt-driver/qmp/client.h \
	libvirt-driver/qmp/frame.c \
	libvirt-driver/qmp/frame.h

# SPDX-License-Identifier: GPL-2.0-or-later
libdriver_a_SOURCES += libvirt-driver/command/argv.c libvirt-driver/command/assign.c \
	libvirt-driver/command/command.h libvirt-driver/command/device.c \
	libvirt-driver/command/device.h libvirt-driver/command/machine.c \
	libvirt-driver/command/plug.c

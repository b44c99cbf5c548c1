# SPDX-License-Identifier: GPL-2.0-or-later
# libvirt-driver/process
libdriver_a_SOURCES += \
	libvirt-driver/process/bandwidth.c \
	libvirt-driver/process/bandwidth.h \
	libvirt-driver/process/cgroup.c \
	libvirt-driver/process/cgroup.h \
	libvirt-driver/process/listen.c \
	libvirt-driver/process/listen.h \
	libvirt-driver/process/logfile.c \
	libvirt-driver/process/logfile.h \
	libvirt-driver/process/macvtap.c \
	libvirt-driver/process/macvtap.h \
	libvirt-driver/process/netdev.c \
	libvirt-driver/process/netdev.h \
	libvirt-driver/process/pidfile.c \
	libvirt-driver/process/pidfile.h \
	libvirt-driver/process/open.c \
	libvirt-driver/process/pty.c \
	libvirt-driver/process/pty.h \
	libvirt-driver/process/open.h \
	libvirt-driver/process/rtnetlink.c \
	libvirt-driver/process/rtnetlink.h \
	libvirt-driver/process/spawn.c \
	libvirt-driver/process/spawn.h \
	libvirt-driver/process/tap.c \
	libvirt-driver/process/tap.h

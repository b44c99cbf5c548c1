# SPDX-License-Identifier: GPL-2.0-or-later
libdriver_a_SOURCES += libvirt-driver/command/address.c libvirt-driver/command/argv.c \
	libvirt-driver/command/caps.c libvirt-driver/command/channel.c \
	libvirt-driver/command/chardev.c libvirt-driver/command/chardev.h \
	libvirt-driver/command/console.c libvirt-driver/command/serial-port.c libvirt-driver/command/controller.c \
	libvirt-driver/command/command.h libvirt-driver/command/defaults.c libvirt-driver/command/disk.c \
	libvirt-driver/command/emulator.c libvirt-driver/command/files.c libvirt-driver/command/firmware.c libvirt-driver/command/interface.c libvirt-driver/command/interface-host.c libvirt-driver/command/kind.c \
	libvirt-driver/command/kind.h libvirt-driver/command/input.c libvirt-driver/command/memballoon.c libvirt-driver/command/machine.c \
	libvirt-driver/command/panic.c libvirt-driver/command/pci.c libvirt-driver/command/pci-plug.c libvirt-driver/command/rng.c libvirt-driver/command/sata.c \
	libvirt-driver/command/serial.c \
	libvirt-driver/command/stats.c libvirt-driver/command/stats.h \
	libvirt-driver/command/steps.c libvirt-driver/command/storage.c \
	libvirt-driver/command/storage.h libvirt-driver/command/usb.c libvirt-driver/command/vsock.c libvirt-driver/command/watchdog.c

# SPDX-License-Identifier: GPL-2.0-or-later
libemulator_a_SOURCES += \
	emulator/virtio/blk-queue.c \
	emulator/virtio/device.c \
	emulator/virtio/net-control.c \
	emulator/virtio/net-filter.c \
	emulator/virtio/net-filter.h \
	emulator/virtio/net-queue.c \
	emulator/virtio/net-state.c \
	emulator/virtio/net-vhost.c \
	emulator/virtio/vhost.c \
	emulator/virtio/vhost.h \
	emulator/virtio/virtio-net.c \
	emulator/virtio/virtio-net.h \
	emulator/virtio/mmio-internal.h \
	emulator/virtio/mmio-vacant.c \
	emulator/virtio/mmio.c \
	emulator/virtio/mmio.h \
	emulator/virtio/pci-internal.h \
	emulator/virtio/pci-legacy.c \
	emulator/virtio/pci-interrupt.c \
	emulator/virtio/pci-registers.c \
	emulator/virtio/pci.c \
	emulator/virtio/pci.h \
	emulator/virtio/plane.c \
	emulator/virtio/port-control.c \
	emulator/virtio/port-internal.h \
	emulator/virtio/port-legacy.c \
	emulator/virtio/port-state.c \
	emulator/virtio/port.c \
	emulator/virtio/rng-backend.c \
	emulator/virtio/rng-backend.h \
	emulator/virtio/virtio-blk.c \
	emulator/virtio/virtio-blk.h \
	emulator/virtio/virtio-rng.c \
	emulator/virtio/virtio.h \
	emulator/virtio/virtqueue.c \
	emulator/virtio/virtqueue.h

# SPDX-License-Identifier: GPL-2.0-or-later
libemulator_a_SOURCES += \
	emulator/usb/bus.c \
	emulator/usb/descriptor.c \
	emulator/usb/descriptor.h \
	emulator/usb/device.c \
	emulator/usb/hid-keyboard.c \
	emulator/usb/hid-pointer.c \
	emulator/usb/hid.c \
	emulator/usb/hid.h \
	emulator/usb/hub.c \
	emulator/usb/requests.c \
	emulator/usb/usb.h \
	emulator/usb/xhci-command.c \
	emulator/usb/xhci-context.c \
	emulator/usb/xhci-event.c \
	emulator/usb/xhci-internal.h \
	emulator/usb/xhci-port.c \
	emulator/usb/xhci-registers.c \
	emulator/usb/xhci-regs.h \
	emulator/usb/xhci-retire.c \
	emulator/usb/xhci-ring.c \
	emulator/usb/xhci-slot.c \
	emulator/usb/xhci-state.c \
	emulator/usb/xhci-transfer.c \
	emulator/usb/xhci.c \
	emulator/usb/xhci.h

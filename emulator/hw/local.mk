# SPDX-License-Identifier: GPL-2.0-or-later
libemulator_a_SOURCES += \
	emulator/hw/debugcon.c \
	emulator/hw/debugcon.h \
	emulator/hw/fw-cfg-dma.c \
	emulator/hw/fw-cfg-internal.h \
	emulator/hw/fw-cfg-items.c \
	emulator/hw/fw-cfg.c \
	emulator/hw/fw-cfg.h \
	emulator/hw/ged.c \
	emulator/hw/ged.h \
	emulator/hw/hpet.c \
	emulator/hw/hpet.h \
	emulator/hw/i8042.c \
	emulator/hw/i8042.h \
	emulator/hw/i8254-counter.c \
	emulator/hw/i8254-counter.h \
	emulator/hw/i8254.c \
	emulator/hw/i8254.h \
	emulator/hw/i8259.c emulator/hw/i8259.h \
	emulator/hw/i8259-chip.c emulator/hw/i8259-chip.h \
	emulator/hw/ich9-pm.c \
	emulator/hw/ich9-pm.h \
	emulator/hw/ich9-tco.c \
	emulator/hw/ich9-tco.h \
	emulator/hw/input.c \
	emulator/hw/input.h \
	emulator/hw/ioapic.c \
	emulator/hw/ioapic.h \
	emulator/hw/isa.c \
	emulator/hw/isa.h \
	emulator/hw/port80.c \
	emulator/hw/port80.h \
	emulator/hw/port92.c \
	emulator/hw/port92.h \
	emulator/hw/ps2-keyboard.c \
	emulator/hw/ps2-keys.c \
	emulator/hw/ps2-mouse.c \
	emulator/hw/ps2-queue.c \
	emulator/hw/ps2.h \
	emulator/hw/pvpanic-isa.c \
	emulator/hw/pvpanic-isa.h \
	emulator/hw/reg-row.c \
	emulator/hw/reg-row.h \
	emulator/hw/rtc-pc.c \
	emulator/hw/rtc-time.c \
	emulator/hw/rtc-time.h \
	emulator/hw/rtc.c \
	emulator/hw/rtc.h \
	emulator/hw/serial.c \
	emulator/hw/serial.h \
	emulator/hw/serial-internal.h \
	emulator/hw/serial-tx.c \
	emulator/hw/tick.h \
	emulator/hw/tx-queue.c \
	emulator/hw/tx-queue.h

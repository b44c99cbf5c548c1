# SPDX-License-Identifier: GPL-2.0-or-later
libemulator_a_SOURCES += \
	emulator/event/acceptor.c emulator/event/acceptor.h \
	emulator/event/clock.c emulator/event/clock.h \
	emulator/event/gate.c \
	emulator/event/gate.h \
	emulator/event/iothread.c \
	emulator/event/lock.c emulator/event/lock.h \
	emulator/event/loop.c emulator/event/loop.h emulator/event/loop-internal.h \
	emulator/event/pending.c emulator/event/pending.h \
	emulator/event/rcu.h \
	emulator/event/slow.c emulator/event/slow.h \
	emulator/event/slow-close.c emulator/event/slow-close.h \
	emulator/event/slow-remove.c emulator/event/slow-remove.h \
	emulator/event/thread.c \
	emulator/event/turn.c emulator/event/turn.h \
	emulator/event/vm-event.c emulator/event/vm-event.h

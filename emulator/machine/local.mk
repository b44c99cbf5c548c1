# SPDX-License-Identifier: GPL-2.0-or-later
libemulator_a_SOURCES += \
	emulator/machine/boards.h \
	emulator/machine/classes.c \
	emulator/machine/machine.c \
	emulator/machine/machine.h \
	emulator/machine/microvm.c \
	emulator/machine/microvm.h \
	emulator/machine/none.c

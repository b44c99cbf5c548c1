# SPDX-License-Identifier: GPL-2.0-or-later
libemulator_a_SOURCES += \
	emulator/input/input.c emulator/input/input.h \
	emulator/input/keys.c emulator/input/keys.h \
	emulator/input/type.c emulator/input/type.h

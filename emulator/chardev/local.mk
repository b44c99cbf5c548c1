# SPDX-License-Identifier: GPL-2.0-or-later
libemulator_a_SOURCES += \
	emulator/chardev/add.c \
	emulator/chardev/chardev.c \
	emulator/chardev/chardev.h \
	emulator/chardev/file.c \
	emulator/chardev/front.c \
	emulator/chardev/internal.h \
	emulator/chardev/log.c \
	emulator/chardev/mux.c \
	emulator/chardev/pipe.c \
	emulator/chardev/pty.c \
	emulator/chardev/ringbuf.c \
	emulator/chardev/socket-address.c \
	emulator/chardev/socket-address.h \
	emulator/chardev/socket.c \
	emulator/chardev/stdio.c \
	emulator/chardev/stream.c

# SPDX-License-Identifier: GPL-2.0-or-later
libemulator_a_SOURCES += \
	emulator/net/announce.c \
	emulator/net/backend.h \
	emulator/net/net.c \
	emulator/net/net.h \
	emulator/net/netdev-tap.c emulator/net/netdev-user.c \
	emulator/net/user-address.c emulator/net/user-address.h \
	emulator/net/user-fragments.c emulator/net/user-fragments.h \
	emulator/net/user-stack.c emulator/net/user-stack.h \
	emulator/net/nic.c \
	emulator/net/nic.h \
	emulator/net/queue.c \
	emulator/net/tap.c \
	emulator/net/tap.h

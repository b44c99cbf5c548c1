# SPDX-License-Identifier: GPL-2.0-or-later
libemulator_a_SOURCES += \
	emulator/monitor/cmd-action.c \
	emulator/monitor/cmd-block.c \
	emulator/monitor/cmd-chardev.c \
	emulator/monitor/cmd-device.c \
	emulator/monitor/cmd-medium.c \
	emulator/monitor/cmd-migration.c \
	emulator/monitor/cmd-misc.c \
	emulator/monitor/cmd-balloon.c \
	emulator/monitor/cmd-net.c \
	emulator/monitor/cmd-object.c \
	emulator/monitor/cmd-pci.c \
	emulator/monitor/cmd-qom.c \
	emulator/monitor/cmd-run.c \
	emulator/monitor/cmd-type.c \
	emulator/monitor/commands.c \
	emulator/monitor/commands.h \
	emulator/monitor/dispatch.c \
	emulator/monitor/event-limit.c \
	emulator/monitor/event-limit.h \
	emulator/monitor/fds.c \
	emulator/monitor/fds.h \
	emulator/monitor/help.c \
	emulator/monitor/help.h \
	emulator/monitor/object.c \
	emulator/monitor/object.h \
	emulator/monitor/qmp-command.h \
	emulator/monitor/qmp-kind.c \
	emulator/monitor/qmp-kind.h \
	emulator/monitor/qmp-type.c \
	emulator/monitor/qmp-type.h \
	emulator/monitor/qmp.h \
	emulator/monitor/qom.c \
	emulator/monitor/qom.h \
	emulator/monitor/reply.c \
	emulator/monitor/schema.c \
	emulator/monitor/server.c

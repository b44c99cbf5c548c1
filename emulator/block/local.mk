# SPDX-License-Identifier: GPL-2.0-or-later
libemulator_a_SOURCES += \
	emulator/block/add.c \
	emulator/block/active.c \
	emulator/block/block.c \
	emulator/block/block.h \
	emulator/block/child.c \
	emulator/block/claim.c \
	emulator/block/drain.c \
	emulator/block/file-io.c \
	emulator/block/file.c \
	emulator/block/file.h \
	emulator/block/flush.c \
	emulator/block/format.c \
	emulator/block/hold.c \
	emulator/block/lock.c \
	emulator/block/loop.c \
	emulator/block/node.h \
	emulator/block/null.c \
	emulator/block/on-error.c \
	emulator/block/on-error.h \
	emulator/block/options.c \
	emulator/block/perm.c \
	emulator/block/query.c \
	emulator/block/raw.c \
	emulator/block/removable.c \
	emulator/block/removable.h \
	emulator/block/resize.c \
	emulator/block/serialise.c \
	emulator/block/start.c \
	emulator/block/stats.c \
	emulator/block/stats.h \
	emulator/block/testing.c \
	emulator/block/testing.h \
	emulator/block/uring.c \
	emulator/block/worker.c

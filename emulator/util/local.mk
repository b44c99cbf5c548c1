# SPDX-License-Identifier: GPL-2.0-or-later
libutil_a_SOURCES += \
	emulator/util/created.c emulator/util/created.h \
	emulator/util/daemon.c \
	emulator/util/daemon.h \
	emulator/util/bitmap.c emulator/util/bitmap.h \
	emulator/util/address.c emulator/util/address.h \
	emulator/util/error.c emulator/util/error.h \
	emulator/util/fd.c emulator/util/fd.h \
	emulator/util/file-name.c emulator/util/file-name.h \
	emulator/util/fdset.c emulator/util/fdset.h \
	emulator/util/module.c emulator/util/module.h \
	emulator/util/log.c emulator/util/log.h \
	emulator/util/resolver.c emulator/util/resolver-child.c \
	emulator/util/resolver.h emulator/util/resolver-internal.h \
	emulator/util/state.h \
	emulator/util/tcp-port.c emulator/util/tcp-port.h \
	emulator/util/text.c emulator/util/text.h \
	emulator/util/tsan.h emulator/util/tsan-glib.h

# SPDX-License-Identifier: GPL-2.0-or-later
libemulator_a_SOURCES += \
	emulator/sandbox/sandbox.c \
	emulator/sandbox/sandbox.h
nodist_libemulator_a_SOURCES = emulator/sandbox/filters.h
libemulator_a_CPPFLAGS += -I$(builddir)/emulator/sandbox

# libseccomp is needed to build, not to run.
noinst_PROGRAMS = gen-filters
gen_filters_SOURCES = emulator/sandbox/gen-filters.c
gen_filters_CPPFLAGS = $(SECCOMP_CFLAGS)
gen_filters_LDADD = $(SECCOMP_LIBS)
BUILT_SOURCES += emulator/sandbox/filters.h
CLEANFILES += emulator/sandbox/filters.h
emulator/sandbox/filters.h: gen-filters$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) emulator/sandbox && ./gen-filters > $@.tmp && mv $@.tmp $@
emulator/sandbox/libemulator_a-sandbox.$(OBJEXT): emulator/sandbox/filters.h

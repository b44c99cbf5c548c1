# SPDX-License-Identifier: GPL-2.0-or-later
libemulator_a_SOURCES += \
	emulator/sandbox/sandbox.c emulator/sandbox/libraries.h emulator/sandbox/sanitizers.h \
	emulator/sandbox/sandbox.h
nodist_libemulator_a_SOURCES = emulator/sandbox/filters.h
libemulator_a_CPPFLAGS += -I$(builddir)/emulator/sandbox

# The notes in the sources -> rules.inc -> gen-filters -> filters.h. libseccomp is
# needed to build, not to run.
EXTRA_DIST += emulator/sandbox/notes.py
if SANITIZERS
NOTES_FLAGS = --sanitizers
endif
NOTED = $(vireo_SOURCES) $(libemulator_a_SOURCES) $(libutil_a_SOURCES)
emulator/sandbox/rules.stamp: emulator/sandbox/notes.py $(NOTED)
	$(AM_V_GEN)$(MKDIR_P) emulator/sandbox && \
	/usr/bin/python3 $(srcdir)/emulator/sandbox/notes.py $(NOTES_FLAGS) $(srcdir) \
		>emulator/sandbox/rules.tmp && \
	{ cmp -s emulator/sandbox/rules.tmp emulator/sandbox/rules.inc || \
	  mv emulator/sandbox/rules.tmp emulator/sandbox/rules.inc; } && touch $@
emulator/sandbox/rules.inc: emulator/sandbox/rules.stamp ;

noinst_LIBRARIES += librules.a
librules_a_SOURCES = emulator/sandbox/rules.c emulator/sandbox/rules.h
nodist_librules_a_SOURCES = emulator/sandbox/rules.inc
librules_a_CPPFLAGS = -I$(builddir)/emulator/sandbox -I$(top_srcdir)/emulator/sandbox
noinst_PROGRAMS = gen-filters
gen_filters_SOURCES = emulator/sandbox/gen-filters.c
gen_filters_CPPFLAGS = -I$(top_srcdir)/emulator/sandbox $(SECCOMP_CFLAGS)
gen_filters_LDADD = librules.a $(SECCOMP_LIBS)
BUILT_SOURCES += emulator/sandbox/rules.inc emulator/sandbox/filters.h
CLEANFILES += emulator/sandbox/filters.h emulator/sandbox/rules.inc \
	emulator/sandbox/rules.tmp emulator/sandbox/rules.stamp
emulator/sandbox/filters.h: gen-filters$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) emulator/sandbox && ./gen-filters > $@.tmp && mv $@.tmp $@
emulator/sandbox/librules_a-rules.$(OBJEXT): emulator/sandbox/rules.inc
emulator/sandbox/libemulator_a-sandbox.$(OBJEXT): emulator/sandbox/filters.h

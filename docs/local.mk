# SPDX-License-Identifier: GPL-2.0-or-later
# Man pages; those of the emulator are made from its tables.
noinst_PROGRAMS += docs/gen-man
docs_gen_man_CPPFLAGS = $(EMULATOR_CPPFLAGS)
docs_gen_man_SOURCES = docs/gen-man.c docs/roff.c docs/roff.h
docs_gen_man_LDADD = libemulator.a libcapabilities.a libutil.a $(EMULATOR_LIBS)

dist_man_MANS = docs/virtvireod.8
nodist_man_MANS = docs/vireo.1 docs/vireo-qmp.7
CLEANFILES += $(nodist_man_MANS)
EXTRA_DIST += docs/vireo.1.in docs/vireo-qmp.7.in

docs/vireo.1: docs/vireo.1.in docs/gen-man$(EXEEXT)
docs/vireo-qmp.7: docs/vireo-qmp.7.in docs/gen-man$(EXEEXT)
$(nodist_man_MANS):
	$(AM_V_GEN)docs/gen-man $(srcdir)/$@.in >$@.new && mv $@.new $@

# What bash offers; the names are those of the programs.
completiondir = $(datadir)/bash-completion/completions
dist_completion_DATA = docs/completion/vireo docs/completion/virtvireod

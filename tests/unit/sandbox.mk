# SPDX-License-Identifier: GPL-2.0-or-later
# sandbox/
check_PROGRAMS += tests/unit/sandbox-filters-test
TESTS += tests/unit/sandbox-filters-test tests/unit/sandbox-notes-test.py
dist_check_SCRIPTS += tests/unit/sandbox-notes-test.py
tests_unit_sandbox_filters_test_CPPFLAGS = -I$(top_srcdir)/emulator \
	-I$(builddir)/emulator/sandbox $(GLIB_CFLAGS) $(SECCOMP_CFLAGS)
tests_unit_sandbox_filters_test_LDADD = librules.a $(GLIB_LIBS) $(SECCOMP_LIBS)
tests/unit/sandbox_filters_test-sandbox-filters-test.$(OBJEXT): emulator/sandbox/filters.h

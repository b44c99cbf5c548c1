# SPDX-License-Identifier: GPL-2.0-or-later
# The supervisor under which tests/syscalls/run runs the tests.
check_PROGRAMS += tests/syscalls/trace
tests_syscalls_trace_SOURCES = tests/syscalls/trace.c
tests_syscalls_trace_CPPFLAGS = -I$(top_srcdir)/emulator -I$(builddir)/emulator/sandbox \
	$(GLIB_CFLAGS) $(SECCOMP_CFLAGS)
tests_syscalls_trace_LDADD = librules.a $(GLIB_LIBS) $(SECCOMP_LIBS)
tests/syscalls/trace-trace.$(OBJEXT): emulator/sandbox/filters.h
EXTRA_DIST += tests/syscalls/run tests/syscalls/traces/debian-13 \
	tests/syscalls/traces/lab

# Not part of make check: it runs the tests once more, which takes minutes.
.PHONY: check-syscalls print-vireo-tests
check-syscalls: all
	$(MAKE) check TESTS=
	$(top_srcdir)/tests/syscalls/run --build .
print-vireo-tests:
	@for test in $(TESTS); do \
		case $$test in tests/unit/*|tests/layers.py) ;; *) echo $$test;; esac; \
	done

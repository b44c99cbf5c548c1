# SPDX-License-Identifier: GPL-2.0-or-later
# make check: unit tests (glib's test framework, TAP-free exit status), device
# tests over qtest, tiny guests on /dev/kvm, golden tests. The lab is apart.
include tests/unit/local.mk
include tests/device/local.mk
include tests/tiny/local.mk
include tests/golden/local.mk
include tests/differential/local.mk
include tests/fuzz/local.mk
include tests/syscalls/local.mk
include tests/tsan/local.mk

# tools/export, tools/check
dist_check_SCRIPTS += tests/tools/export-test.py tests/tools/check-test.py tests/tools/make-test.py
TESTS += tests/tools/export-test.py tests/tools/check-test.py tests/tools/make-test.py

dist_check_SCRIPTS += tests/layers.py
TESTS += tests/layers.py
dist_check_SCRIPTS += tests/asserts.py
TESTS += tests/asserts.py
dist_check_SCRIPTS += tests/ignored.py tests/python-warnings.py
TESTS += tests/ignored.py tests/python-warnings.py

dist_check_SCRIPTS += tests/docs/man-test.py
TESTS += tests/docs/man-test.py
dist_check_SCRIPTS += tests/docs/completion-test.sh
TESTS += tests/docs/completion-test.sh
dist_check_SCRIPTS += tests/docs/completion-pty-test.py
TESTS += tests/docs/completion-pty-test.py

EXTRA_DIST += tests/perf/run tests/perf/busy.py tests/perf/vm.py tests/perf/migrate.py tests/perf/bare.py \
	tests/perf/boards.py tests/perf/data.py tests/perf/tap.py \
	tests/perf/libvirt_start.py tests/perf/lists.py
# For guests and their hosts, without libraries, and without the flags of the emulator.
LAB_TOOLS = tests/perf/flows tests/lab/guest/channels
.PHONY: lab-programs
lab-programs: $(LAB_TOOLS)
CLEANFILES += $(LAB_TOOLS)
EXTRA_DIST += $(LAB_TOOLS:=.c)
$(LAB_TOOLS): %: %.c
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(CC) -O2 -std=gnu11 -D_GNU_SOURCE -Wall -Wextra \
		-Werror -static -pthread -o $@ $<
EXTRA_DIST += tests/skip.h

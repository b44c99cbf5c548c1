# SPDX-License-Identifier: GPL-2.0-or-later
# What tests/tsan/run runs, in a build with --enable-sanitizers=thread.
EXTRA_DIST += tests/tsan/run tests/tsan/suppressions
.PHONY: tsan-programs
tsan-programs: $(BUILT_SOURCES)
	$(MAKE) $(AM_MAKEFLAGS) virtvireod tests/unit/rpc-event-test \
		tests/unit/rpc-stream-test tests/unit/rpc-connect-test \
		tests/unit/rpc-worker-test tests/unit/forward-service-test \
		tests/unit/domain-job-test \
		tests/unit/domain-define-test tests/unit/qmp-client-test \
		tests/unit/process-spawn-test tests/device/small-emulator \
		$(DRIVER_HELPERS)

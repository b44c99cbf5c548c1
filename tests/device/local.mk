# SPDX-License-Identifier: GPL-2.0-or-later
# tests/device
STARTUP_TESTS = tests/device/startup-test.py tests/device/leftover-test.py \
	tests/device/memory-lock-test.py tests/device/drive-test.py tests/device/fd-test.py tests/device/cont-test.py tests/device/cpu-model-test.py \
	tests/device/property-default-test.py tests/device/migration-again-test.py \
	tests/device/monitor-flood-test.py
dist_check_SCRIPTS += $(STARTUP_TESTS)
TESTS += $(STARTUP_TESTS)
EXTRA_DIST += tests/device/startup.py tests/device/qemu-7.2-properties \
	tests/device/early-signal.c
check_DATA += tests/device/early-signal.so
CLEANFILES += tests/device/early-signal.so
tests/device/early-signal.so: tests/device/early-signal.c
	$(AM_V_GEN)$(CC) -Wall -Wextra -Werror -O1 -fPIC -shared -o $@ $<

# The qtest client, linked by every device test in C.
check_LIBRARIES = tests/device/libqtest.a
tests_device_libqtest_a_CPPFLAGS = -I$(top_srcdir) $(GLIB_CFLAGS) $(JSON_CFLAGS)
tests_device_libqtest_a_SOURCES = tests/device/qtest.c tests/device/qtest.h
DEVICE_TEST_CPPFLAGS = $(tests_device_libqtest_a_CPPFLAGS) -I$(top_srcdir)/emulator
DEVICE_TEST_LDADD = tests/device/libqtest.a $(JSON_LIBS) $(GLIB_LIBS)

check_PROGRAMS += tests/device/qtest-test
TESTS += tests/device/qtest-test
tests_device_qtest_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_qtest_test_LDADD = $(DEVICE_TEST_LDADD)

# 16550, RTC, event device, I/O APIC, machine
include tests/device/board.mk

# The daemon under stock virsh.
dist_check_SCRIPTS += tests/device/driver-test.py tests/device/driver-kvm-test.py
dist_check_SCRIPTS += tests/device/driver-migration-test.py
TESTS += tests/device/driver-test.py tests/device/driver-kvm-test.py
TESTS += tests/device/driver-migration-test.py
dist_check_SCRIPTS += tests/device/driver-definition-test.py tests/device/driver-command-test.py
TESTS += tests/device/driver-definition-test.py tests/device/driver-command-test.py
EXTRA_DIST += tests/device/driver-emulator.py tests/device/driver_daemon.py
dist_check_SCRIPTS += tests/device/driver-introspection-test.py
TESTS += tests/device/driver-introspection-test.py
EXTRA_DIST += tests/device/driver_introspection.py tests/device/qmp.py
CLEANFILES += tests/device/stand-in/driver-emulator.py tests/device/stand-in/introspection.json
EXTRA_DIST += tests/device/driver_proxy.py
include tests/device/driver.mk
include tests/device/virtio.mk
include tests/device/ide.mk
include tests/device/e1000.mk
include tests/device/usb.mk
# migration
include tests/device/migration.mk
# Names of hosts; the module of nsswitch.conf is for the helper to load.
dist_check_SCRIPTS += tests/device/resolver-test.py tests/device/static-test.py
if STATIC_PIE
TESTS += tests/device/static-test.py
else
TESTS += tests/device/resolver-test.py
endif
check_DATA += tests/device/libnss_vireotest.so.2
CLEANFILES += tests/device/libnss_vireotest.so.2
EXTRA_DIST += tests/device/nss-vireotest.c
tests/device/libnss_vireotest.so.2: tests/device/nss-vireotest.c
	$(AM_V_GEN)$(CC) -Wall -Wextra -Werror -O1 -fPIC -shared -o $@ $<

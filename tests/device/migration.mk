# SPDX-License-Identifier: GPL-2.0-or-later
# Migration: device state, refusals, who owns the images.
check_PROGRAMS += tests/device/migration-state-test
TESTS += tests/device/migration-state-test
tests_device_migration_state_test_SOURCES = tests/device/migration-state-test.c \
	$(VIRTIO_DEVICE_COMMON)
tests_device_migration_state_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_migration_state_test_LDADD = $(DEVICE_TEST_LDADD)

# Between this release and the next one, which has a row more.
check_PROGRAMS += tests/device/next/vireo tests/device/migration-row-test
TESTS += tests/device/migration-row-test
tests_device_next_vireo_SOURCES = emulator/main.c tests/device/next/rows.c \
	tests/device/next/serial.c
tests_device_next_vireo_CPPFLAGS = $(vireo_CPPFLAGS)
tests_device_next_vireo_LDADD = $(vireo_LDADD)
tests_device_migration_row_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_migration_row_test_LDADD = $(DEVICE_TEST_LDADD)

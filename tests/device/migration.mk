# SPDX-License-Identifier: GPL-2.0-or-later
# Migration: device state, refusals, who owns the images.
check_PROGRAMS += tests/device/migration-state-test
TESTS += tests/device/migration-state-test
tests_device_migration_state_test_SOURCES = tests/device/migration-state-test.c \
	$(VIRTIO_DEVICE_COMMON)
tests_device_migration_state_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_migration_state_test_LDADD = $(DEVICE_TEST_LDADD)

# SPDX-License-Identifier: GPL-2.0-or-later
# AHCI and its drives
IDE_DEVICE_TESTS = tests/device/ahci-test tests/device/ahci-command-test \
	tests/device/ahci-flight-test tests/device/ahci-hostile-test
IDE_DEVICE_TESTS += tests/device/ahci-unplug-test
IDE_DEVICE_TESTS += tests/device/ide-cd-test tests/device/ide-boot-test
check_PROGRAMS += $(IDE_DEVICE_TESTS)
TESTS += $(IDE_DEVICE_TESTS)
IDE_DEVICE_COMMON = tests/device/ahci.c tests/device/ahci.h $(VIRTIO_DEVICE_COMMON)
tests_device_ahci_test_SOURCES = tests/device/ahci-test.c $(IDE_DEVICE_COMMON)
tests_device_ahci_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_ahci_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_ahci_command_test_SOURCES = tests/device/ahci-command-test.c \
	$(IDE_DEVICE_COMMON)
tests_device_ahci_command_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_ahci_command_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_ahci_flight_test_SOURCES = tests/device/ahci-flight-test.c $(IDE_DEVICE_COMMON)
tests_device_ahci_flight_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_ahci_flight_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_ahci_unplug_test_SOURCES = tests/device/ahci-unplug-test.c $(IDE_DEVICE_COMMON)
tests_device_ahci_unplug_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_ahci_unplug_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_ahci_hostile_test_SOURCES = tests/device/ahci-hostile-test.c \
	$(TURN_COMMON) $(IDE_DEVICE_COMMON)
tests_device_ahci_hostile_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_ahci_hostile_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_ide_cd_test_SOURCES = tests/device/ide-cd-test.c $(IDE_DEVICE_COMMON)
tests_device_ide_cd_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_ide_cd_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_ide_boot_test_SOURCES = tests/device/ide-boot-test.c
tests_device_ide_boot_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_ide_boot_test_LDADD = $(DEVICE_TEST_LDADD)

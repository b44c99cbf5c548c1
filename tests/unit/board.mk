# SPDX-License-Identifier: GPL-2.0-or-later
# device, hw, firmware
BOARD_TESTS = tests/unit/device-state-test tests/unit/device-device-test \
	tests/unit/firmware-kernel-test tests/unit/device-classes-test
check_PROGRAMS += $(BOARD_TESTS)
TESTS += $(BOARD_TESTS)
tests_unit_device_state_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_device_state_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_device_device_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_device_device_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_firmware_kernel_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_firmware_kernel_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_device_classes_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_device_classes_test_LDADD = $(EMULATOR_TEST_LDADD)

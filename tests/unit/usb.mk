# SPDX-License-Identifier: GPL-2.0-or-later
# input, usb
USB_UNIT_TESTS = tests/unit/input-test tests/unit/usb-hid-test
check_PROGRAMS += $(USB_UNIT_TESTS)
TESTS += $(USB_UNIT_TESTS)
tests_unit_input_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_input_test_LDADD = libemulator.a libutil.a $(EMULATOR_LIBS)
tests_unit_usb_hid_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_usb_hid_test_LDADD = $(EMULATOR_TEST_LDADD)

# SPDX-License-Identifier: GPL-2.0-or-later
# USB
USB_DEVICE_TESTS = tests/device/xhci-test tests/device/xhci-hostile-test \
	tests/device/usb-test
check_PROGRAMS += $(USB_DEVICE_TESTS)
TESTS += $(USB_DEVICE_TESTS)
USB_DEVICE_COMMON = tests/device/xhci.c tests/device/xhci.h tests/device/board.h
tests_device_xhci_test_SOURCES = tests/device/xhci-test.c $(USB_DEVICE_COMMON)
tests_device_xhci_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_xhci_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_xhci_hostile_test_SOURCES = tests/device/xhci-hostile-test.c \
	$(TURN_COMMON) $(USB_DEVICE_COMMON)
tests_device_xhci_hostile_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_xhci_hostile_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_usb_test_SOURCES = tests/device/usb-test.c $(USB_DEVICE_COMMON)
tests_device_usb_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_usb_test_LDADD = $(DEVICE_TEST_LDADD)

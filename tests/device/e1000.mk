# SPDX-License-Identifier: GPL-2.0-or-later
# e1000
E1000_DEVICE_TESTS = tests/device/e1000-test tests/device/e1000-data-test \
	tests/device/e1000-hostile-test tests/device/e1000-net-test
check_PROGRAMS += $(E1000_DEVICE_TESTS)
TESTS += $(E1000_DEVICE_TESTS)
E1000_DEVICE_COMMON = tests/device/e1000.c tests/device/e1000.h tests/device/board.h
tests_device_e1000_test_SOURCES = tests/device/e1000-test.c $(E1000_DEVICE_COMMON)
tests_device_e1000_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_e1000_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_e1000_data_test_SOURCES = tests/device/e1000-data-test.c \
	$(E1000_DEVICE_COMMON)
tests_device_e1000_data_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_e1000_data_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_e1000_hostile_test_SOURCES = tests/device/e1000-hostile-test.c \
	$(TURN_COMMON) $(E1000_DEVICE_COMMON)
tests_device_e1000_hostile_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_e1000_hostile_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_e1000_net_test_SOURCES = tests/device/e1000-net-test.c \
	$(E1000_DEVICE_COMMON)
tests_device_e1000_net_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_e1000_net_test_LDADD = $(DEVICE_TEST_LDADD)

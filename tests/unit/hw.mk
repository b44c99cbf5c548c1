# SPDX-License-Identifier: GPL-2.0-or-later
# The platform devices, each on a board of its own.
HW_TESTS = tests/unit/hw-fw-cfg-test tests/unit/hw-hpet-test tests/unit/hw-i8042-test \
	tests/unit/hw-i8254-test tests/unit/hw-ich9-pm-test tests/unit/hw-ports-test
check_PROGRAMS += $(HW_TESTS)
TESTS += $(HW_TESTS)
HW_BOARD_FILES = tests/unit/hw-board.c tests/unit/hw-board.h
tests_unit_hw_i8254_test_SOURCES = tests/unit/hw-i8254-test.c $(HW_BOARD_FILES)
tests_unit_hw_i8254_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_hw_i8254_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_hw_ich9_pm_test_SOURCES = tests/unit/hw-ich9-pm-test.c $(HW_BOARD_FILES)
tests_unit_hw_ich9_pm_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_hw_ich9_pm_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_hw_ports_test_SOURCES = tests/unit/hw-ports-test.c $(HW_BOARD_FILES)
tests_unit_hw_ports_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_hw_ports_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_hw_fw_cfg_test_SOURCES = tests/unit/hw-fw-cfg-test.c $(HW_BOARD_FILES)
tests_unit_hw_fw_cfg_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_hw_fw_cfg_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_hw_hpet_test_SOURCES = tests/unit/hw-hpet-test.c $(HW_BOARD_FILES)
tests_unit_hw_hpet_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_hw_hpet_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_hw_i8042_test_SOURCES = tests/unit/hw-i8042-test.c $(HW_BOARD_FILES)
tests_unit_hw_i8042_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_hw_i8042_test_LDADD = $(EMULATOR_TEST_LDADD)

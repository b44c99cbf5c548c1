# SPDX-License-Identifier: GPL-2.0-or-later
# config, chardev, monitor
QMP_TESTS = \
	tests/unit/config-node-test \
	tests/unit/config-argv-test \
	tests/unit/config-data-file-test \
	tests/unit/config-json-test \
	tests/unit/config-kind-test \
	tests/unit/chardev-test \
	tests/unit/chardev-mux-test \
	tests/unit/chardev-change-test \
	tests/unit/monitor-qmp-test \
	tests/unit/monitor-schema-test
check_PROGRAMS += $(QMP_TESTS)
TESTS += $(QMP_TESTS)
tests_unit_config_node_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_config_node_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_config_argv_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_config_argv_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_config_data_file_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_config_data_file_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_config_kind_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_config_kind_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_config_json_test_CPPFLAGS = $(EMULATOR_CPPFLAGS) $(JSON_CFLAGS)
tests_unit_config_json_test_LDADD = $(EMULATOR_TEST_LDADD) $(JSON_LIBS)
tests_unit_chardev_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_chardev_test_LDADD = $(EMULATOR_TEST_LDADD)
CHARDEV_USER = tests/unit/chardev-user.c tests/unit/chardev-user.h
tests_unit_chardev_mux_test_SOURCES = tests/unit/chardev-mux-test.c $(CHARDEV_USER)
tests_unit_chardev_mux_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_chardev_mux_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_chardev_change_test_SOURCES = tests/unit/chardev-change-test.c $(CHARDEV_USER)
tests_unit_chardev_change_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_chardev_change_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_monitor_qmp_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_monitor_qmp_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_monitor_schema_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_monitor_schema_test_LDADD = $(EMULATOR_TEST_LDADD)

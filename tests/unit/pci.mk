# SPDX-License-Identifier: GPL-2.0-or-later
# pci
PCI_TESTS = tests/unit/pci-config-test tests/unit/pci-bar-test tests/unit/pci-msix-test \
	tests/unit/pci-port-test tests/unit/pci-lpc-test tests/unit/pci-layout-test \
	tests/unit/pci-slot-test tests/unit/pci-slot-state-test \
	tests/unit/pci-query-test
check_PROGRAMS += $(PCI_TESTS)
TESTS += $(PCI_TESTS)
PCI_BOARD_FILES = tests/unit/pci-board.c tests/unit/pci-board.h
PCI_SLOT_FILES = tests/unit/pci-slot.c tests/unit/pci-slot.h $(PCI_BOARD_FILES)
tests_unit_pci_config_test_SOURCES = tests/unit/pci-config-test.c $(PCI_BOARD_FILES)
tests_unit_pci_config_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_pci_config_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_pci_bar_test_SOURCES = tests/unit/pci-bar-test.c $(PCI_BOARD_FILES)
tests_unit_pci_bar_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_pci_bar_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_pci_msix_test_SOURCES = tests/unit/pci-msix-test.c $(PCI_BOARD_FILES)
tests_unit_pci_msix_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_pci_msix_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_pci_port_test_SOURCES = tests/unit/pci-port-test.c $(PCI_BOARD_FILES)
tests_unit_pci_port_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_pci_port_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_pci_slot_test_SOURCES = tests/unit/pci-slot-test.c $(PCI_SLOT_FILES)
tests_unit_pci_slot_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_pci_slot_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_pci_slot_state_test_SOURCES = tests/unit/pci-slot-state-test.c \
	$(PCI_SLOT_FILES)
tests_unit_pci_slot_state_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_pci_slot_state_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_pci_lpc_test_SOURCES = tests/unit/pci-lpc-test.c $(PCI_BOARD_FILES)
tests_unit_pci_lpc_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_pci_lpc_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_pci_layout_test_SOURCES = tests/unit/pci-layout-test.c $(PCI_BOARD_FILES)
tests_unit_pci_layout_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_pci_layout_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_pci_query_test_SOURCES = tests/unit/pci-query-test.c $(PCI_BOARD_FILES)
tests_unit_pci_query_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_pci_query_test_LDADD = $(EMULATOR_TEST_LDADD)

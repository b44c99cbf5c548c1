# SPDX-License-Identifier: GPL-2.0-or-later
# 16550, RTC, event device, I/O APIC, machine
BOARD_DEVICE_TESTS = tests/device/serial-test tests/device/serial-tx-test \
	tests/device/rtc-test \
	tests/device/ged-test tests/device/ioapic-test tests/device/machine-test \
	tests/device/board-migrate-test tests/device/pvpanic-test tests/device/i6300esb-test tests/device/debugcon-test \
	tests/device/q35-test tests/device/q35-memory-test \
	tests/device/q35-serial-test tests/device/q35-option-test tests/device/pci-rom-test \
	tests/device/pci-test \
	tests/device/query-test tests/device/smbios-test tests/device/qom-test \
	tests/device/pci-bridge-test \
	tests/device/pci-plug-test tests/device/pci-slot-test tests/device/pci-layout-test \
	tests/device/fw-cfg-test tests/device/fw-cfg-write-test \
	tests/device/cpu-hotplug-test
check_PROGRAMS += $(BOARD_DEVICE_TESTS)
TESTS += $(BOARD_DEVICE_TESTS)
dist_check_SCRIPTS += tests/device/firmware-kvm-test.py
TESTS += tests/device/firmware-kvm-test.py
FIRMWARE_TESTS = tests/device/pflash-test tests/device/pflash-migrate-test \
	tests/device/firmware-test
check_PROGRAMS += $(FIRMWARE_TESTS)
TESTS += $(FIRMWARE_TESTS)
tests_device_firmware_test_SOURCES = tests/device/firmware-test.c tests/device/board.h
tests_device_firmware_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_firmware_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_pflash_test_SOURCES = tests/device/pflash-test.c tests/device/pflash.h \
	tests/device/board.h
tests_device_pflash_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_pflash_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_pflash_migrate_test_SOURCES = tests/device/pflash-migrate-test.c \
	tests/device/pflash.h tests/device/board.h
tests_device_pflash_migrate_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_pflash_migrate_test_LDADD = $(DEVICE_TEST_LDADD)
check_PROGRAMS += tests/device/ends-test tests/device/reset-state-test
TESTS += tests/device/ends-test tests/device/reset-state-test
tests_device_reset_state_test_SOURCES = tests/device/reset-state-test.c \
	tests/device/ahci.c tests/device/ahci.h tests/device/board.h
tests_device_reset_state_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_reset_state_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_ends_test_SOURCES = tests/device/ends-test.c tests/device/board.h
tests_device_ends_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_ends_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_serial_test_SOURCES = tests/device/serial-test.c tests/device/board.h
tests_device_serial_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_serial_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_i6300esb_test_SOURCES = tests/device/i6300esb-test.c tests/device/board.h \
	tests/device/turn.c tests/device/turn.h
tests_device_i6300esb_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_i6300esb_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_fw_cfg_write_test_SOURCES = tests/device/fw-cfg-write-test.c \
	tests/device/board.h
tests_device_fw_cfg_write_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_fw_cfg_write_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_pvpanic_test_SOURCES = tests/device/pvpanic-test.c tests/device/board.h
tests_device_pvpanic_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_pvpanic_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_debugcon_test_SOURCES = tests/device/debugcon-test.c tests/device/board.h
tests_device_debugcon_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_debugcon_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_serial_tx_test_SOURCES = tests/device/serial-tx-test.c tests/device/board.h
tests_device_serial_tx_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_serial_tx_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_rtc_test_SOURCES = tests/device/rtc-test.c tests/device/board.h
tests_device_rtc_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_rtc_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_ged_test_SOURCES = tests/device/ged-test.c tests/device/board.h
tests_device_ged_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_ged_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_ioapic_test_SOURCES = tests/device/ioapic-test.c tests/device/board.h
tests_device_ioapic_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_ioapic_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_machine_test_SOURCES = tests/device/machine-test.c tests/device/board.h \
	tests/device/pvh-kernel.h
tests_device_machine_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_machine_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_q35_test_SOURCES = tests/device/q35-test.c tests/device/board.h
tests_device_q35_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_q35_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_q35_memory_test_SOURCES = tests/device/q35-memory-test.c tests/device/board.h
tests_device_q35_memory_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_q35_memory_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_q35_serial_test_SOURCES = tests/device/q35-serial-test.c tests/device/board.h
tests_device_q35_serial_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_q35_serial_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_q35_option_test_SOURCES = tests/device/q35-option-test.c tests/device/board.h
tests_device_q35_option_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_q35_option_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_fw_cfg_test_SOURCES = tests/device/fw-cfg-test.c tests/device/board.h \
	tests/device/turn.c tests/device/turn.h
tests_device_fw_cfg_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_fw_cfg_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_cpu_hotplug_test_SOURCES = tests/device/cpu-hotplug-test.c \
	tests/device/board.h
tests_device_cpu_hotplug_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_cpu_hotplug_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_smbios_test_SOURCES = tests/device/smbios-test.c tests/device/board.h
tests_device_smbios_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_smbios_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_board_migrate_test_SOURCES = tests/device/board-migrate-test.c tests/device/board.h
tests_device_board_migrate_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_board_migrate_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_pci_rom_test_SOURCES = tests/device/pci-rom-test.c tests/device/board.h
tests_device_pci_rom_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_pci_rom_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_pci_test_SOURCES = tests/device/pci-test.c tests/device/board.h
tests_device_pci_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_pci_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_query_test_SOURCES = tests/device/query-test.c tests/device/board.h
tests_device_query_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_query_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_qom_test_SOURCES = tests/device/qom-test.c tests/device/board.h
tests_device_qom_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_qom_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_pci_layout_test_SOURCES = tests/device/pci-layout-test.c tests/device/board.h
tests_device_pci_layout_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_pci_layout_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_pci_bridge_test_SOURCES = tests/device/pci-bridge-test.c tests/device/board.h
tests_device_pci_bridge_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_pci_bridge_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_pci_slot_test_SOURCES = tests/device/pci-slot-test.c tests/device/board.h
tests_device_pci_slot_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_pci_slot_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_pci_plug_test_SOURCES = tests/device/pci-plug-test.c tests/device/board.h
tests_device_pci_plug_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_pci_plug_test_LDADD = $(DEVICE_TEST_LDADD)

# SPDX-License-Identifier: GPL-2.0-or-later
# tests/fuzz

# xml/
EXTRA_DIST += tests/fuzz/xml-domain-fuzz.h
if FUZZERS
check_PROGRAMS += tests/fuzz/xml-domain-fuzz
tests_fuzz_xml_domain_fuzz_CPPFLAGS = $(libxml_a_CPPFLAGS)
tests_fuzz_xml_domain_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_xml_domain_fuzz_LDADD = libxml.a libutil.a $(XML_LIBS) $(GLIB_LIBS)
endif

# virtio
if FUZZERS
check_PROGRAMS += tests/fuzz/virtqueue-fuzz
tests_fuzz_virtqueue_fuzz_SOURCES = tests/fuzz/virtqueue-fuzz.c tests/fuzz/virtqueue-fuzz.h
tests_fuzz_virtqueue_fuzz_CPPFLAGS = -I$(top_srcdir)/tests $(EMULATOR_CPPFLAGS)
tests_fuzz_virtqueue_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_virtqueue_fuzz_LDADD = $(EMULATOR_TEST_LDADD)
endif

# The whole emulator on a thread: what the targets with a VM share.
FUZZ_VM = tests/fuzz/vm.c tests/fuzz/vm.h tests/fuzz/vm-main.c
FUZZ_GUEST = tests/fuzz/guest.c tests/fuzz/guest.h $(FUZZ_VM)
FUZZ_Q35_GUEST = tests/fuzz/q35-guest.c tests/fuzz/q35-guest.h $(FUZZ_GUEST)
FUZZ_VM_CPPFLAGS = -I$(top_srcdir)/tests $(vireo_CPPFLAGS)
FUZZ_VM_LDADD = $(vireo_LDADD)

# Registers and rings of the microvm's devices; also run shortly by board-fuzz-test.
check_PROGRAMS += tests/fuzz/board-fuzz-test
TESTS += tests/fuzz/board-fuzz-test
tests_fuzz_board_fuzz_test_SOURCES = tests/fuzz/board-fuzz-test.c \
	tests/fuzz/board-fuzz.c tests/fuzz/board-fuzz.h $(FUZZ_GUEST)
tests_fuzz_board_fuzz_test_CPPFLAGS = $(FUZZ_VM_CPPFLAGS)
tests_fuzz_board_fuzz_test_LDADD = $(FUZZ_VM_LDADD)
if FUZZERS
check_PROGRAMS += tests/fuzz/board-fuzz
tests_fuzz_board_fuzz_SOURCES = tests/fuzz/board-fuzz.c tests/fuzz/board-fuzz.h \
	$(FUZZ_GUEST)
tests_fuzz_board_fuzz_CPPFLAGS = $(FUZZ_VM_CPPFLAGS)
tests_fuzz_board_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_board_fuzz_LDADD = $(FUZZ_VM_LDADD)
endif

# What is typed at a multiplexed chardev; also run shortly by mux-fuzz-test.
MUX_FUZZ = tests/fuzz/mux-fuzz.c tests/fuzz/mux-fuzz.h
check_PROGRAMS += tests/fuzz/mux-fuzz-test
TESTS += tests/fuzz/mux-fuzz-test
tests_fuzz_mux_fuzz_test_SOURCES = tests/fuzz/mux-fuzz-test.c $(MUX_FUZZ)
tests_fuzz_mux_fuzz_test_CPPFLAGS = -I$(top_srcdir)/tests $(EMULATOR_CPPFLAGS)
tests_fuzz_mux_fuzz_test_LDADD = $(EMULATOR_TEST_LDADD)
if FUZZERS
check_PROGRAMS += tests/fuzz/mux-fuzz
tests_fuzz_mux_fuzz_SOURCES = $(MUX_FUZZ)
tests_fuzz_mux_fuzz_CPPFLAGS = -I$(top_srcdir)/tests $(EMULATOR_CPPFLAGS)
tests_fuzz_mux_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_mux_fuzz_LDADD = $(EMULATOR_TEST_LDADD)
endif

# All of a q35; also run shortly by q35-fuzz-test.
check_PROGRAMS += tests/fuzz/q35-fuzz-test
TESTS += tests/fuzz/q35-fuzz-test
tests_fuzz_q35_fuzz_test_SOURCES = tests/fuzz/q35-fuzz-test.c \
	tests/fuzz/q35-fuzz.c tests/fuzz/q35-fuzz.h $(FUZZ_Q35_GUEST)
tests_fuzz_q35_fuzz_test_CPPFLAGS = $(FUZZ_VM_CPPFLAGS)
tests_fuzz_q35_fuzz_test_LDADD = $(FUZZ_VM_LDADD)
if FUZZERS
check_PROGRAMS += tests/fuzz/q35-fuzz
tests_fuzz_q35_fuzz_SOURCES = tests/fuzz/q35-fuzz.c tests/fuzz/q35-fuzz.h \
	$(FUZZ_Q35_GUEST)
tests_fuzz_q35_fuzz_CPPFLAGS = $(FUZZ_VM_CPPFLAGS)
tests_fuzz_q35_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_q35_fuzz_LDADD = $(FUZZ_VM_LDADD)
endif

# The flash of a q35; also run shortly by flash-fuzz-test.
FLASH_FUZZ = tests/fuzz/flash-fuzz.c tests/fuzz/flash-fuzz.h $(FUZZ_GUEST)
check_PROGRAMS += tests/fuzz/flash-fuzz-test
TESTS += tests/fuzz/flash-fuzz-test
tests_fuzz_flash_fuzz_test_SOURCES = tests/fuzz/flash-fuzz-test.c $(FLASH_FUZZ)
tests_fuzz_flash_fuzz_test_CPPFLAGS = $(FUZZ_VM_CPPFLAGS)
tests_fuzz_flash_fuzz_test_LDADD = $(FUZZ_VM_LDADD)
if FUZZERS
check_PROGRAMS += tests/fuzz/flash-fuzz
tests_fuzz_flash_fuzz_SOURCES = $(FLASH_FUZZ)
tests_fuzz_flash_fuzz_CPPFLAGS = $(FUZZ_VM_CPPFLAGS)
tests_fuzz_flash_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_flash_fuzz_LDADD = $(FUZZ_VM_LDADD)
endif

# Streams into the real devices, of a machine each; also run shortly by the tests.
INCOMING_FUZZ = tests/fuzz/incoming-fuzz.c tests/fuzz/incoming-fuzz.h
INCOMING_MICROVM = $(INCOMING_FUZZ) tests/fuzz/incoming-microvm.c $(FUZZ_VM)
INCOMING_Q35 = $(INCOMING_FUZZ) tests/fuzz/incoming-q35.c $(FUZZ_Q35_GUEST)
check_PROGRAMS += tests/fuzz/incoming-fuzz-test tests/fuzz/incoming-q35-fuzz-test
TESTS += tests/fuzz/incoming-fuzz-test tests/fuzz/incoming-q35-fuzz-test
tests_fuzz_incoming_fuzz_test_SOURCES = tests/fuzz/incoming-fuzz-test.c $(INCOMING_MICROVM)
tests_fuzz_incoming_fuzz_test_CPPFLAGS = $(FUZZ_VM_CPPFLAGS)
tests_fuzz_incoming_fuzz_test_LDADD = $(FUZZ_VM_LDADD)
tests_fuzz_incoming_q35_fuzz_test_SOURCES = tests/fuzz/incoming-fuzz-test.c $(INCOMING_Q35)
tests_fuzz_incoming_q35_fuzz_test_CPPFLAGS = $(FUZZ_VM_CPPFLAGS)
tests_fuzz_incoming_q35_fuzz_test_LDADD = $(FUZZ_VM_LDADD)
if FUZZERS
check_PROGRAMS += tests/fuzz/incoming-fuzz tests/fuzz/incoming-q35-fuzz
tests_fuzz_incoming_fuzz_SOURCES = $(INCOMING_MICROVM)
tests_fuzz_incoming_fuzz_CPPFLAGS = $(FUZZ_VM_CPPFLAGS)
tests_fuzz_incoming_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_incoming_fuzz_LDADD = $(FUZZ_VM_LDADD)
tests_fuzz_incoming_q35_fuzz_SOURCES = $(INCOMING_Q35)
tests_fuzz_incoming_q35_fuzz_CPPFLAGS = $(FUZZ_VM_CPPFLAGS)
tests_fuzz_incoming_q35_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_incoming_q35_fuzz_LDADD = $(FUZZ_VM_LDADD)
endif

# PCI: configuration space, BARs, hot-plug; also run shortly by pci-fuzz-test.
PCI_FUZZ_FILES = tests/fuzz/pci-fuzz.c tests/fuzz/pci-fuzz.h $(PCI_BOARD_FILES)
check_PROGRAMS += tests/fuzz/pci-fuzz-test
TESTS += tests/fuzz/pci-fuzz-test
tests_fuzz_pci_fuzz_test_SOURCES = tests/fuzz/pci-fuzz-test.c $(PCI_FUZZ_FILES)
tests_fuzz_pci_fuzz_test_CPPFLAGS = -I$(top_srcdir)/tests $(EMULATOR_CPPFLAGS)
tests_fuzz_pci_fuzz_test_LDADD = $(EMULATOR_TEST_LDADD)
if FUZZERS
check_PROGRAMS += tests/fuzz/pci-fuzz
tests_fuzz_pci_fuzz_SOURCES = $(PCI_FUZZ_FILES)
tests_fuzz_pci_fuzz_CPPFLAGS = -I$(top_srcdir)/tests $(EMULATOR_CPPFLAGS)
tests_fuzz_pci_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_pci_fuzz_LDADD = $(EMULATOR_TEST_LDADD)
endif

# Slots of root ports; also run shortly by slot-fuzz-test.
SLOT_FUZZ_FILES = tests/fuzz/slot-fuzz.c tests/fuzz/slot-fuzz.h $(PCI_BOARD_FILES)
check_PROGRAMS += tests/fuzz/slot-fuzz-test
TESTS += tests/fuzz/slot-fuzz-test
tests_fuzz_slot_fuzz_test_SOURCES = tests/fuzz/slot-fuzz-test.c $(SLOT_FUZZ_FILES)
tests_fuzz_slot_fuzz_test_CPPFLAGS = -I$(top_srcdir)/tests $(EMULATOR_CPPFLAGS)
tests_fuzz_slot_fuzz_test_LDADD = $(EMULATOR_TEST_LDADD)
if FUZZERS
check_PROGRAMS += tests/fuzz/slot-fuzz
tests_fuzz_slot_fuzz_SOURCES = $(SLOT_FUZZ_FILES)
tests_fuzz_slot_fuzz_CPPFLAGS = -I$(top_srcdir)/tests $(EMULATOR_CPPFLAGS)
tests_fuzz_slot_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_slot_fuzz_LDADD = $(EMULATOR_TEST_LDADD)
endif

# fw_cfg, and kernels that firmware starts; also run shortly by fw-cfg-fuzz-test.
FW_CFG_FUZZ_FILES = tests/fuzz/fw-cfg-fuzz.c tests/fuzz/fw-cfg-fuzz.h \
	tests/unit/hw-board.c tests/unit/hw-board.h tests/unit/no-board.h
check_PROGRAMS += tests/fuzz/fw-cfg-fuzz-test
TESTS += tests/fuzz/fw-cfg-fuzz-test
tests_fuzz_fw_cfg_fuzz_test_SOURCES = tests/fuzz/fw-cfg-fuzz-test.c $(FW_CFG_FUZZ_FILES)
tests_fuzz_fw_cfg_fuzz_test_CPPFLAGS = -I$(top_srcdir)/tests $(EMULATOR_CPPFLAGS)
tests_fuzz_fw_cfg_fuzz_test_LDADD = $(EMULATOR_TEST_LDADD)
if FUZZERS
check_PROGRAMS += tests/fuzz/fw-cfg-fuzz
tests_fuzz_fw_cfg_fuzz_SOURCES = $(FW_CFG_FUZZ_FILES)
tests_fuzz_fw_cfg_fuzz_CPPFLAGS = -I$(top_srcdir)/tests $(EMULATOR_CPPFLAGS)
tests_fuzz_fw_cfg_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fw_cfg_fuzz_LDADD = $(EMULATOR_TEST_LDADD)
endif

# virtio-net's control queue; also run shortly by net-control-fuzz-test.
NET_CONTROL_FUZZ_FILES = tests/fuzz/net-control-fuzz.c tests/fuzz/net-control-fuzz.h \
	$(VIRTIO_BOARD_FILES)
check_PROGRAMS += tests/fuzz/net-control-fuzz-test
TESTS += tests/fuzz/net-control-fuzz-test
tests_fuzz_net_control_fuzz_test_SOURCES = tests/fuzz/net-control-fuzz-test.c \
	$(NET_CONTROL_FUZZ_FILES)
tests_fuzz_net_control_fuzz_test_CPPFLAGS = -I$(top_srcdir)/tests $(EMULATOR_CPPFLAGS)
tests_fuzz_net_control_fuzz_test_LDADD = $(EMULATOR_TEST_LDADD)
if FUZZERS
check_PROGRAMS += tests/fuzz/net-control-fuzz
tests_fuzz_net_control_fuzz_SOURCES = $(NET_CONTROL_FUZZ_FILES)
tests_fuzz_net_control_fuzz_CPPFLAGS = -I$(top_srcdir)/tests $(EMULATOR_CPPFLAGS)
tests_fuzz_net_control_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_net_control_fuzz_LDADD = $(EMULATOR_TEST_LDADD)
endif

# The RPC server; also run over repeatable mutants by rpc-fuzz-test.
if FUZZERS
check_PROGRAMS += tests/fuzz/rpc-fuzz
tests_fuzz_rpc_fuzz_SOURCES = tests/fuzz/rpc-fuzz.c tests/fuzz/rpc-fuzz.h
tests_fuzz_rpc_fuzz_CPPFLAGS = $(RPC_TEST_CPPFLAGS)
tests_fuzz_rpc_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_rpc_fuzz_LDADD = $(RPC_TEST_LDADD)
endif

# Options.
if FUZZERS
check_PROGRAMS += tests/fuzz/config-argv-fuzz
tests_fuzz_config_argv_fuzz_SOURCES = tests/fuzz/config-argv-fuzz.c \
	tests/fuzz/config-argv-fuzz.h
tests_fuzz_config_argv_fuzz_CPPFLAGS = -I$(top_srcdir)/tests $(EMULATOR_CPPFLAGS)
tests_fuzz_config_argv_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_config_argv_fuzz_LDADD = $(EMULATOR_TEST_LDADD)
endif

# Option ROMs' IDs; also run shortly by rom-fuzz-test.
ROM_FUZZ = tests/fuzz/rom-fuzz.c tests/fuzz/rom-fuzz.h
check_PROGRAMS += tests/fuzz/rom-fuzz-test
TESTS += tests/fuzz/rom-fuzz-test
tests_fuzz_rom_fuzz_test_SOURCES = tests/fuzz/rom-fuzz-test.c $(ROM_FUZZ)
tests_fuzz_rom_fuzz_test_CPPFLAGS = -I$(top_srcdir)/tests $(EMULATOR_CPPFLAGS)
tests_fuzz_rom_fuzz_test_LDADD = $(EMULATOR_TEST_LDADD)
if FUZZERS
check_PROGRAMS += tests/fuzz/rom-fuzz
tests_fuzz_rom_fuzz_SOURCES = $(ROM_FUZZ)
tests_fuzz_rom_fuzz_CPPFLAGS = -I$(top_srcdir)/tests $(EMULATOR_CPPFLAGS)
tests_fuzz_rom_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_rom_fuzz_LDADD = $(EMULATOR_TEST_LDADD)
endif

# -smbios and its files; also run shortly by smbios-fuzz-test.
SMBIOS_FUZZ = tests/fuzz/smbios-fuzz.c tests/fuzz/smbios-fuzz.h
check_PROGRAMS += tests/fuzz/smbios-fuzz-test
TESTS += tests/fuzz/smbios-fuzz-test
tests_fuzz_smbios_fuzz_test_SOURCES = tests/fuzz/smbios-fuzz-test.c $(SMBIOS_FUZZ)
tests_fuzz_smbios_fuzz_test_CPPFLAGS = -I$(top_srcdir)/tests $(EMULATOR_CPPFLAGS)
tests_fuzz_smbios_fuzz_test_LDADD = $(EMULATOR_TEST_LDADD)
if FUZZERS
check_PROGRAMS += tests/fuzz/smbios-fuzz
tests_fuzz_smbios_fuzz_SOURCES = $(SMBIOS_FUZZ)
tests_fuzz_smbios_fuzz_CPPFLAGS = -I$(top_srcdir)/tests $(EMULATOR_CPPFLAGS)
tests_fuzz_smbios_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_smbios_fuzz_LDADD = $(EMULATOR_TEST_LDADD)
endif

# QMP, of a machine each; also run shortly by the tests.
QMP_FUZZ = tests/fuzz/qmp-fuzz.c tests/fuzz/qmp-fuzz.h $(FUZZ_VM)
QMP_MICROVM = tests/fuzz/qmp-microvm.c $(QMP_FUZZ)
QMP_Q35 = tests/fuzz/qmp-q35.c $(QMP_FUZZ)
check_PROGRAMS += tests/fuzz/qmp-fuzz-test tests/fuzz/qmp-q35-fuzz-test
TESTS += tests/fuzz/qmp-fuzz-test tests/fuzz/qmp-q35-fuzz-test
tests_fuzz_qmp_fuzz_test_SOURCES = tests/fuzz/qmp-fuzz-test.c $(QMP_MICROVM)
tests_fuzz_qmp_fuzz_test_CPPFLAGS = $(FUZZ_VM_CPPFLAGS)
tests_fuzz_qmp_fuzz_test_LDADD = $(FUZZ_VM_LDADD)
tests_fuzz_qmp_q35_fuzz_test_SOURCES = tests/fuzz/qmp-fuzz-test.c $(QMP_Q35)
tests_fuzz_qmp_q35_fuzz_test_CPPFLAGS = $(FUZZ_VM_CPPFLAGS)
tests_fuzz_qmp_q35_fuzz_test_LDADD = $(FUZZ_VM_LDADD)
if FUZZERS
check_PROGRAMS += tests/fuzz/qmp-fuzz tests/fuzz/qmp-q35-fuzz
tests_fuzz_qmp_fuzz_SOURCES = $(QMP_MICROVM)
tests_fuzz_qmp_fuzz_CPPFLAGS = $(FUZZ_VM_CPPFLAGS)
tests_fuzz_qmp_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_qmp_fuzz_LDADD = $(FUZZ_VM_LDADD)
tests_fuzz_qmp_q35_fuzz_SOURCES = $(QMP_Q35)
tests_fuzz_qmp_q35_fuzz_CPPFLAGS = $(FUZZ_VM_CPPFLAGS)
tests_fuzz_qmp_q35_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_qmp_q35_fuzz_LDADD = $(FUZZ_VM_LDADD)
endif

# The human monitor of a q35; also run shortly by the tests.
HMP_FUZZ = tests/fuzz/hmp-fuzz.c tests/fuzz/hmp-fuzz.h $(FUZZ_VM)
check_PROGRAMS += tests/fuzz/hmp-fuzz-test
TESTS += tests/fuzz/hmp-fuzz-test
tests_fuzz_hmp_fuzz_test_SOURCES = tests/fuzz/hmp-fuzz-test.c $(HMP_FUZZ)
tests_fuzz_hmp_fuzz_test_CPPFLAGS = $(FUZZ_VM_CPPFLAGS)
tests_fuzz_hmp_fuzz_test_LDADD = $(FUZZ_VM_LDADD)
if FUZZERS
check_PROGRAMS += tests/fuzz/hmp-fuzz
tests_fuzz_hmp_fuzz_SOURCES = $(HMP_FUZZ)
tests_fuzz_hmp_fuzz_CPPFLAGS = $(FUZZ_VM_CPPFLAGS)
tests_fuzz_hmp_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_hmp_fuzz_LDADD = $(FUZZ_VM_LDADD)
endif

# The daemon's JSON: monitor, cookies, status files.
if FUZZERS
check_PROGRAMS += tests/fuzz/driver-json-fuzz
tests_fuzz_driver_json_fuzz_SOURCES = tests/fuzz/driver-json-fuzz.c \
	tests/fuzz/driver-json-fuzz.h
tests_fuzz_driver_json_fuzz_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_fuzz_driver_json_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_driver_json_fuzz_LDADD = $(DRIVER_TEST_LDADD)
endif

# The guest agent's answers; also run shortly by agent-fuzz-test.
if FUZZERS
check_PROGRAMS += tests/fuzz/agent-fuzz
tests_fuzz_agent_fuzz_SOURCES = tests/fuzz/agent-fuzz.c tests/fuzz/agent-fuzz.h
tests_fuzz_agent_fuzz_CPPFLAGS = $(DRIVER_CPPFLAGS) -I$(top_srcdir)/tests
tests_fuzz_agent_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_agent_fuzz_LDADD = $(DRIVER_TEST_LDADD)
endif

# Migration: the reader of the stream; a changed stream into the real emulator.
if FUZZERS
check_PROGRAMS += tests/fuzz/migration-fuzz
tests_fuzz_migration_fuzz_SOURCES = tests/fuzz/migration-fuzz.c tests/fuzz/migration-fuzz.h
tests_fuzz_migration_fuzz_CPPFLAGS = -I$(top_srcdir)/tests $(EMULATOR_CPPFLAGS)
tests_fuzz_migration_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_migration_fuzz_LDADD = $(EMULATOR_TEST_LDADD)
endif
dist_check_SCRIPTS += tests/fuzz/migration-stream-test.py
TESTS += tests/fuzz/migration-stream-test.py

# SATA: registers, command lists; also run shortly by ahci-fuzz-test.
FUZZ_AHCI = tests/fuzz/ahci-fuzz.c tests/fuzz/ahci-fuzz.h $(FUZZ_GUEST)
check_PROGRAMS += tests/fuzz/ahci-fuzz-test
TESTS += tests/fuzz/ahci-fuzz-test
tests_fuzz_ahci_fuzz_test_SOURCES = tests/fuzz/ahci-fuzz-test.c $(FUZZ_AHCI)
tests_fuzz_ahci_fuzz_test_CPPFLAGS = $(FUZZ_VM_CPPFLAGS)
tests_fuzz_ahci_fuzz_test_LDADD = $(FUZZ_VM_LDADD)
if FUZZERS
check_PROGRAMS += tests/fuzz/ahci-fuzz
tests_fuzz_ahci_fuzz_SOURCES = $(FUZZ_AHCI)
tests_fuzz_ahci_fuzz_CPPFLAGS = $(FUZZ_VM_CPPFLAGS)
tests_fuzz_ahci_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_ahci_fuzz_LDADD = $(FUZZ_VM_LDADD)
endif

# e1000: registers, both rings; also run shortly by e1000-fuzz-test.
FUZZ_E1000 = tests/fuzz/e1000-fuzz.c tests/fuzz/e1000-fuzz.h $(FUZZ_GUEST)
check_PROGRAMS += tests/fuzz/e1000-fuzz-test
TESTS += tests/fuzz/e1000-fuzz-test
tests_fuzz_e1000_fuzz_test_SOURCES = tests/fuzz/e1000-fuzz-test.c $(FUZZ_E1000)
tests_fuzz_e1000_fuzz_test_CPPFLAGS = $(FUZZ_VM_CPPFLAGS)
tests_fuzz_e1000_fuzz_test_LDADD = $(FUZZ_VM_LDADD)
if FUZZERS
check_PROGRAMS += tests/fuzz/e1000-fuzz
tests_fuzz_e1000_fuzz_SOURCES = $(FUZZ_E1000)
tests_fuzz_e1000_fuzz_CPPFLAGS = $(FUZZ_VM_CPPFLAGS)
tests_fuzz_e1000_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_e1000_fuzz_LDADD = $(FUZZ_VM_LDADD)
endif

# xhci: registers, rings, contexts; also run shortly by xhci-fuzz-test.
FUZZ_XHCI = tests/fuzz/xhci-fuzz.c tests/fuzz/xhci-fuzz.h $(FUZZ_GUEST)
check_PROGRAMS += tests/fuzz/xhci-fuzz-test
TESTS += tests/fuzz/xhci-fuzz-test
tests_fuzz_xhci_fuzz_test_SOURCES = tests/fuzz/xhci-fuzz-test.c $(FUZZ_XHCI)
tests_fuzz_xhci_fuzz_test_CPPFLAGS = $(FUZZ_VM_CPPFLAGS)
tests_fuzz_xhci_fuzz_test_LDADD = $(FUZZ_VM_LDADD)
if FUZZERS
check_PROGRAMS += tests/fuzz/xhci-fuzz
tests_fuzz_xhci_fuzz_SOURCES = $(FUZZ_XHCI)
tests_fuzz_xhci_fuzz_CPPFLAGS = $(FUZZ_VM_CPPFLAGS)
tests_fuzz_xhci_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_xhci_fuzz_LDADD = $(FUZZ_VM_LDADD)
endif

# Packets for a CD drive, and its media; also run shortly by ide-cd-fuzz-test.
IDE_CD_FUZZ_FILES = tests/fuzz/ide-cd-fuzz.c tests/fuzz/ide-cd-fuzz.h \
	tests/unit/ide-port.c tests/unit/ide-port.h
check_PROGRAMS += tests/fuzz/ide-cd-fuzz-test
TESTS += tests/fuzz/ide-cd-fuzz-test
tests_fuzz_ide_cd_fuzz_test_SOURCES = tests/fuzz/ide-cd-fuzz-test.c $(IDE_CD_FUZZ_FILES)
tests_fuzz_ide_cd_fuzz_test_CPPFLAGS = -I$(top_srcdir)/tests $(EMULATOR_CPPFLAGS)
tests_fuzz_ide_cd_fuzz_test_LDADD = $(EMULATOR_TEST_LDADD)
if FUZZERS
check_PROGRAMS += tests/fuzz/ide-cd-fuzz
tests_fuzz_ide_cd_fuzz_SOURCES = $(IDE_CD_FUZZ_FILES)
tests_fuzz_ide_cd_fuzz_CPPFLAGS = -I$(top_srcdir)/tests $(EMULATOR_CPPFLAGS)
tests_fuzz_ide_cd_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_ide_cd_fuzz_LDADD = $(EMULATOR_TEST_LDADD)
endif

# qcow2 images; also run shortly by qcow2-fuzz-test.
QCOW2_FUZZ = tests/fuzz/qcow2-fuzz.c tests/fuzz/qcow2-fuzz.h
check_PROGRAMS += tests/fuzz/qcow2-fuzz-test
TESTS += tests/fuzz/qcow2-fuzz-test
tests_fuzz_qcow2_fuzz_test_SOURCES = tests/fuzz/qcow2-fuzz-test.c $(QCOW2_FUZZ)
tests_fuzz_qcow2_fuzz_test_CPPFLAGS = -I$(top_srcdir)/tests $(EMULATOR_CPPFLAGS)
tests_fuzz_qcow2_fuzz_test_LDADD = $(EMULATOR_TEST_LDADD)
if FUZZERS
check_PROGRAMS += tests/fuzz/qcow2-fuzz
tests_fuzz_qcow2_fuzz_SOURCES = $(QCOW2_FUZZ)
tests_fuzz_qcow2_fuzz_CPPFLAGS = -I$(top_srcdir)/tests $(EMULATOR_CPPFLAGS)
tests_fuzz_qcow2_fuzz_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_qcow2_fuzz_LDADD = $(EMULATOR_TEST_LDADD)
endif

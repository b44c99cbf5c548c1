# SPDX-License-Identifier: GPL-2.0-or-later
# tests/unit

EMULATOR_TEST_LDADD = libemulator.a libcapabilities.a libutil.a $(EMULATOR_LIBS)

# util, event, memory
CORE_TESTS = tests/unit/util-test tests/unit/event-test tests/unit/memory-test \
	tests/unit/util-module-test \
	tests/unit/event-slow-test \
	tests/unit/memory-map-test \
	tests/unit/accel-qtest-test tests/unit/accel-quiesce-test \
	tests/unit/accel-kvm-test tests/unit/accel-kvm-dirty-test
check_PROGRAMS += $(CORE_TESTS)
TESTS += $(CORE_TESTS)
TINY_BOARD = tests/unit/tiny-board.c tests/unit/tiny-board.h
tests_unit_accel_kvm_test_SOURCES = tests/unit/accel-kvm-test.c $(TINY_BOARD)
tests_unit_accel_kvm_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_accel_kvm_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_accel_kvm_dirty_test_SOURCES = tests/unit/accel-kvm-dirty-test.c $(TINY_BOARD)
tests_unit_accel_kvm_dirty_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_accel_kvm_dirty_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_accel_quiesce_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_accel_quiesce_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_accel_qtest_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_accel_qtest_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_memory_map_test_SOURCES = tests/unit/memory-map-test.c
tests_unit_memory_map_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_memory_map_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_memory_test_SOURCES = tests/unit/memory-test.c
tests_unit_memory_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_memory_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_util_test_SOURCES = tests/unit/util-test.c
tests_unit_util_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_util_test_LDADD = libutil.a $(GLIB_LIBS)
tests_unit_util_module_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_util_module_test_LDADD = libutil.a $(GLIB_LIBS)
tests_unit_event_test_SOURCES = tests/unit/event-test.c
tests_unit_event_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_event_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_event_slow_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_event_slow_test_LDADD = $(EMULATOR_TEST_LDADD)

# sandbox
include tests/unit/sandbox.mk

# config, chardev, monitor
include tests/unit/monitor.mk

# xml/
check_PROGRAMS += tests/unit/xml-domain-test tests/unit/xml-fuzz-test \
	tests/unit/xml-controller-test tests/unit/xml-interface-test tests/unit/xml-keep-test tests/unit/xml-os-test
TESTS += tests/unit/xml-controller-test tests/unit/xml-interface-test tests/unit/xml-domain-test tests/unit/xml-fuzz-test tests/unit/xml-keep-test \
	tests/unit/xml-os-test
XML_TEST_LIBS = libxml.a libutil.a $(XML_LIBS) $(GLIB_LIBS)
XML_TEST_CPPFLAGS = $(libxml_a_CPPFLAGS)
tests_unit_xml_domain_test_CPPFLAGS = $(XML_TEST_CPPFLAGS)
tests_unit_xml_domain_test_LDADD = $(XML_TEST_LIBS)
tests_unit_xml_controller_test_CPPFLAGS = $(XML_TEST_CPPFLAGS)
tests_unit_xml_controller_test_LDADD = $(XML_TEST_LIBS)
tests_unit_xml_os_test_CPPFLAGS = $(XML_TEST_CPPFLAGS)
tests_unit_xml_interface_test_CPPFLAGS = $(XML_TEST_CPPFLAGS)
tests_unit_xml_interface_test_LDADD = $(XML_TEST_LIBS)
tests_unit_xml_os_test_LDADD = $(XML_TEST_LIBS)
check_PROGRAMS += tests/unit/xml-rows
tests_unit_xml_rows_CPPFLAGS = $(XML_TEST_CPPFLAGS)
tests_unit_xml_rows_LDADD = $(XML_TEST_LIBS)
dist_check_SCRIPTS += tests/xml-schema.py
TESTS += tests/xml-schema.py
EXTRA_DIST += tests/golden/xml/dropped.txt
tests_unit_xml_keep_test_CPPFLAGS = $(XML_TEST_CPPFLAGS)
tests_unit_xml_keep_test_LDADD = $(XML_TEST_LIBS)
tests_unit_xml_fuzz_test_SOURCES = tests/unit/xml-fuzz-test.c tests/fuzz/xml-domain-fuzz.c
tests_unit_xml_fuzz_test_CPPFLAGS = $(XML_TEST_CPPFLAGS)
tests_unit_xml_fuzz_test_LDADD = $(XML_TEST_LIBS)
EXTRA_DIST += tests/golden/xml/minimal.xml tests/golden/xml/minimal.out.xml \
	tests/golden/xml/full.xml tests/golden/xml/full.out.xml
# capabilities/
check_PROGRAMS += tests/unit/capabilities-host-test
TESTS += tests/unit/capabilities-host-test
tests_unit_capabilities_host_test_CPPFLAGS = $(libcapabilities_a_CPPFLAGS)
tests_unit_capabilities_host_test_LDADD = libcapabilities.a $(GLIB_LIBS)
check_PROGRAMS += tests/unit/capabilities-cpu-test tests/unit/accel-cpu-test
TESTS += tests/unit/capabilities-cpu-test tests/unit/accel-cpu-test
tests_unit_capabilities_cpu_test_CPPFLAGS = $(libcapabilities_a_CPPFLAGS)
tests_unit_capabilities_cpu_test_LDADD = libcapabilities.a $(GLIB_LIBS)
tests_unit_accel_cpu_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_accel_cpu_test_LDADD = $(EMULATOR_TEST_LDADD)
EXTRA_DIST += tests/golden/cpu/kvm-epyc.inc
# libvirt-driver/command/
COMMAND_TEST_LDADD = libdriver.a libxml.a libcapabilities.a libutil.a $(DRIVER_LIBS)
check_PROGRAMS += tests/unit/command-argv-test
TESTS += tests/unit/command-argv-test
tests_unit_command_argv_test_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_unit_command_argv_test_LDADD = $(COMMAND_TEST_LDADD)
check_PROGRAMS += tests/unit/command-kind-test
TESTS += tests/unit/command-kind-test
tests_unit_command_kind_test_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_unit_command_kind_test_LDADD = $(COMMAND_TEST_LDADD)
check_PROGRAMS += tests/unit/command-interface-test tests/unit/forward-client-test
TESTS += tests/unit/command-interface-test tests/unit/forward-client-test
tests_unit_command_interface_test_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_unit_command_interface_test_LDADD = $(COMMAND_TEST_LDADD)
tests_unit_forward_client_test_SOURCES = tests/unit/forward-client-test.c \
	tests/unit/forward-frame.c tests/unit/forward-frame.h
tests_unit_forward_client_test_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_unit_forward_client_test_LDADD = $(COMMAND_TEST_LDADD)
check_PROGRAMS += tests/unit/command-serial-test
TESTS += tests/unit/command-serial-test
tests_unit_command_serial_test_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_unit_command_serial_test_LDADD = $(COMMAND_TEST_LDADD)
EXTRA_DIST += tests/golden/virt-install/debian-nographics.xml \
	tests/golden/virt-install/debian-vnc.xml \
	tests/golden/virt-install/debian11-import-4.1.xml \
	tests/golden/virt-install/debian12-uefi-cloudinit-5.0.xml \
	tests/golden/virt-install/debian12-vnc-5.0.xml \
	tests/golden/virt-install/generic-import-4.1.xml tests/golden/virt-install/nova.xml \
	tests/golden/virt-install/other-scheme-4.1.xml \
	tests/golden/virt-install/refused.txt
EXTRA_DIST += tests/golden/q35/channels.xml \
	tests/golden/q35/channels.live.xml \
	tests/golden/q35/channels.args.json \
	tests/golden/q35/serial-unix.xml \
	tests/golden/q35/serial-unix.live.xml \
	tests/golden/q35/serial-unix.args.json \
	tests/golden/q35/serial-unix-client.xml \
	tests/golden/q35/serial-unix-client.live.xml \
	tests/golden/q35/serial-unix-client.args.json
check_PROGRAMS += tests/unit/command-virt-install-test
TESTS += tests/unit/command-virt-install-test
tests_unit_command_virt_install_test_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_unit_command_virt_install_test_LDADD = $(COMMAND_TEST_LDADD)
check_PROGRAMS += tests/unit/command-channel-test
TESTS += tests/unit/command-channel-test
tests_unit_command_channel_test_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_unit_command_channel_test_LDADD = $(COMMAND_TEST_LDADD)
check_PROGRAMS += tests/unit/command-sata-test
TESTS += tests/unit/command-sata-test
tests_unit_command_sata_test_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_unit_command_sata_test_LDADD = $(COMMAND_TEST_LDADD)
check_PROGRAMS += tests/unit/command-balloon-test tests/unit/command-usb-test tests/unit/command-pci-test tests/unit/command-pci-plug-test \
	tests/unit/command-q35-test
TESTS += tests/unit/command-balloon-test tests/unit/command-usb-test tests/unit/command-pci-test tests/unit/command-pci-plug-test \
	tests/unit/command-q35-test
tests_unit_command_pci_test_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_unit_command_pci_test_LDADD = $(COMMAND_TEST_LDADD)
tests_unit_command_usb_test_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_unit_command_usb_test_LDADD = $(COMMAND_TEST_LDADD)
tests_unit_command_balloon_test_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_unit_command_balloon_test_LDADD = $(COMMAND_TEST_LDADD)
tests_unit_command_pci_plug_test_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_unit_command_pci_plug_test_LDADD = $(COMMAND_TEST_LDADD)
tests_unit_command_q35_test_CPPFLAGS = $(DRIVER_CPPFLAGS) $(XML_CFLAGS)
tests_unit_command_q35_test_LDADD = $(COMMAND_TEST_LDADD)
EXTRA_DIST += tests/unit/command-q35.h \
	tests/golden/q35/balloon-stats.xml tests/golden/q35/balloon-stats.live.xml tests/golden/q35/balloon-stats.args.json \
	tests/golden/q35/pvpanic-pci.xml tests/golden/q35/pvpanic-pci.live.xml tests/golden/q35/pvpanic-pci.args.json \
	tests/golden/q35/vsock.xml tests/golden/q35/vsock.live.xml tests/golden/q35/vsock.args.json \
	tests/golden/q35/bios-boot-menu-smbios.xml tests/golden/q35/bios-boot-menu-smbios.live.xml tests/golden/q35/bios-boot-menu-smbios.args.json \
	tests/golden/q35/ovmf-loader-stateless.xml tests/golden/q35/ovmf-loader-stateless.live.xml tests/golden/q35/ovmf-loader-stateless.args.json \
	tests/golden/q35/ovmf-pflash.xml tests/golden/q35/ovmf-pflash.live.xml tests/golden/q35/ovmf-pflash.args.json \
	tests/golden/q35/sata-cdrom.xml tests/golden/q35/sata-cdrom.live.xml tests/golden/q35/sata-cdrom.args.json \
	tests/golden/q35/bridge-tap-default.xml tests/golden/q35/bridge-tap-default.live.xml tests/golden/q35/bridge-tap-default.args.json \
	tests/golden/q35/bridge-tap-mq4-novhost.xml tests/golden/q35/bridge-tap-mq4-novhost.live.xml tests/golden/q35/bridge-tap-mq4-novhost.args.json \
	tests/golden/q35/bridge-tap-vhost-mq4.xml tests/golden/q35/bridge-tap-vhost-mq4.live.xml tests/golden/q35/bridge-tap-vhost-mq4.args.json \
	tests/golden/q35/disk-virtio-misc.xml tests/golden/q35/disk-virtio-misc.live.xml tests/golden/q35/disk-virtio-misc.args.json \
	tests/golden/q35/ethernet-tap-unmanaged.xml tests/golden/q35/ethernet-tap-unmanaged.live.xml tests/golden/q35/ethernet-tap-unmanaged.args.json \
	tests/golden/q35/minimal-q35-kernel-tcg.xml tests/golden/q35/minimal-q35-kernel-tcg.live.xml tests/golden/q35/minimal-q35-kernel-tcg.args.json \
	tests/golden/q35/per-device-bootorder.xml tests/golden/q35/per-device-bootorder.live.xml tests/golden/q35/per-device-bootorder.args.json \
	tests/golden/q35/pm-and-lifecycle.xml tests/golden/q35/pm-and-lifecycle.live.xml tests/golden/q35/pm-and-lifecycle.args.json \
	tests/golden/q35/pvpanic-isa.xml tests/golden/q35/pvpanic-isa.live.xml tests/golden/q35/pvpanic-isa.args.json \
	tests/golden/q35/rng-all.xml tests/golden/q35/rng-all.live.xml tests/golden/q35/rng-all.args.json \
	tests/golden/q35/virt-install-debian-nographics.xml tests/golden/q35/virt-install-debian-nographics.live.xml tests/golden/q35/virt-install-debian-nographics.args.json \
	tests/golden/q35/virt-install-defaults.xml
EXTRA_DIST += tests/golden/command/minimal.xml tests/golden/command/minimal.args.json \
	tests/golden/command/devices.xml tests/golden/command/devices.args.json \
	tests/golden/command/incoming.xml tests/golden/command/incoming.args.json \
	tests/golden/command/q35.xml tests/golden/command/q35.args.json \
	tests/golden/command/bridges.xml tests/golden/command/bridges.args.json \
	tests/golden/command/firmware.xml tests/golden/command/firmware.args.json

# migration
MIGRATION_TESTS = \
	tests/unit/migration-config-test \
	tests/unit/migration-outgoing-test \
	tests/unit/migration-ram-test \
	tests/unit/migration-state-test
check_PROGRAMS += $(MIGRATION_TESTS)
TESTS += $(MIGRATION_TESTS)
tests_unit_migration_config_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_migration_config_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_migration_outgoing_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_migration_outgoing_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_migration_ram_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_migration_ram_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_migration_state_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_migration_state_test_LDADD = $(EMULATOR_TEST_LDADD)

# The daemon's QMP client and processes.
DRIVER_TESTS = \
	tests/unit/agent-client-test tests/unit/agent-fuzz-test \
	tests/unit/domain-define-test \
	tests/unit/domain-job-test \
	tests/unit/domain-state-test tests/unit/domain-keys-test \
	tests/unit/driver-json-fuzz-test tests/unit/driver-paths-test \
	tests/unit/process-listen-test tests/unit/process-open-test \
	tests/unit/process-spawn-test \
	tests/unit/qmp-client-test
check_PROGRAMS += $(DRIVER_TESTS)
TESTS += $(DRIVER_TESTS)
DRIVER_TEST_LDADD = libdriver.a libxml.a libcapabilities.a libutil.a $(DRIVER_LIBS)
tests_unit_agent_client_test_SOURCES = tests/unit/agent-client-test.c \
	tests/unit/agent-fake.c tests/unit/agent-fake.h
tests_unit_agent_client_test_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_unit_agent_client_test_LDADD = $(DRIVER_TEST_LDADD)
tests_unit_agent_fuzz_test_SOURCES = tests/unit/agent-fuzz-test.c \
	tests/fuzz/agent-fuzz.c tests/fuzz/agent-fuzz.h
tests_unit_agent_fuzz_test_CPPFLAGS = $(DRIVER_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_agent_fuzz_test_LDADD = $(DRIVER_TEST_LDADD)
tests_unit_domain_define_test_SOURCES = tests/unit/domain-define-test.c
tests_unit_domain_define_test_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_unit_domain_define_test_LDADD = $(DRIVER_TEST_LDADD)
tests_unit_driver_paths_test_SOURCES = tests/unit/driver-paths-test.c
tests_unit_driver_paths_test_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_unit_driver_paths_test_LDADD = $(DRIVER_TEST_LDADD)
tests_unit_domain_job_test_SOURCES = tests/unit/domain-job-test.c
tests_unit_domain_job_test_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_unit_domain_job_test_LDADD = $(DRIVER_TEST_LDADD)
tests_unit_domain_state_test_SOURCES = tests/unit/domain-state-test.c
tests_unit_domain_keys_test_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_unit_domain_keys_test_LDADD = $(DRIVER_TEST_LDADD)
tests_unit_domain_state_test_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_unit_domain_state_test_LDADD = $(DRIVER_TEST_LDADD)
tests_unit_driver_json_fuzz_test_SOURCES = tests/unit/driver-json-fuzz-test.c \
	tests/fuzz/driver-json-fuzz.c tests/fuzz/driver-json-fuzz.h
tests_unit_driver_json_fuzz_test_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_unit_driver_json_fuzz_test_LDADD = $(DRIVER_TEST_LDADD)
tests_unit_process_listen_test_SOURCES = tests/unit/process-listen-test.c
tests_unit_process_listen_test_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_unit_process_listen_test_LDADD = $(DRIVER_TEST_LDADD)
tests_unit_process_open_test_SOURCES = tests/unit/process-open-test.c
tests_unit_process_open_test_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_unit_process_open_test_LDADD = $(DRIVER_TEST_LDADD)
tests_unit_process_spawn_test_SOURCES = tests/unit/process-spawn-test.c
tests_unit_process_spawn_test_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_unit_process_spawn_test_LDADD = $(DRIVER_TEST_LDADD)
tests_unit_qmp_client_test_SOURCES = tests/unit/qmp-client-test.c
tests_unit_qmp_client_test_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_unit_qmp_client_test_LDADD = $(DRIVER_TEST_LDADD)

# input, usb
include tests/unit/usb.mk
include tests/unit/pci.mk
include tests/unit/virtio.mk
# The RPC server.
RPC_TESTS = tests/unit/rpc-xdr-test tests/unit/rpc-frame-test tests/unit/rpc-fuzz-test \
	tests/unit/rpc-connect-test tests/unit/rpc-server-test tests/unit/rpc-event-test \
	tests/unit/rpc-stream-test tests/unit/rpc-worker-test
check_PROGRAMS += $(RPC_TESTS)
TESTS += $(RPC_TESTS)
RPC_TEST_CPPFLAGS = -I$(top_srcdir)/tests $(DRIVER_CPPFLAGS)
RPC_TEST_LDADD = libdriver.a libxml.a libcapabilities.a libutil.a $(DRIVER_LIBS)
RPC_TEST_FILL = tests/unit/rpc-fill.c tests/unit/rpc-fill.h
RPC_TEST_PEER = tests/unit/rpc-peer.c tests/unit/rpc-peer.h
tests_unit_rpc_xdr_test_SOURCES = tests/unit/rpc-xdr-test.c $(RPC_TEST_FILL)
tests_unit_rpc_xdr_test_CPPFLAGS = $(RPC_TEST_CPPFLAGS)
tests_unit_rpc_xdr_test_LDADD = $(RPC_TEST_LDADD)
tests_unit_rpc_frame_test_SOURCES = tests/unit/rpc-frame-test.c
tests_unit_rpc_frame_test_CPPFLAGS = $(RPC_TEST_CPPFLAGS)
tests_unit_rpc_frame_test_LDADD = $(RPC_TEST_LDADD)
tests_unit_rpc_fuzz_test_SOURCES = tests/unit/rpc-fuzz-test.c $(RPC_TEST_FILL) \
	tests/fuzz/rpc-fuzz.c tests/fuzz/rpc-fuzz.h
tests_unit_rpc_fuzz_test_CPPFLAGS = $(RPC_TEST_CPPFLAGS)
tests_unit_rpc_fuzz_test_LDADD = $(RPC_TEST_LDADD)
tests_unit_rpc_connect_test_SOURCES = tests/unit/rpc-connect-test.c $(RPC_TEST_PEER)
tests_unit_rpc_connect_test_CPPFLAGS = $(RPC_TEST_CPPFLAGS)
tests_unit_rpc_connect_test_LDADD = $(RPC_TEST_LDADD)
check_PROGRAMS += tests/unit/forward-service-test
TESTS += tests/unit/forward-service-test
tests_unit_forward_service_test_SOURCES = tests/unit/forward-service-test.c \
	tests/unit/forward-daemon.c tests/unit/forward-daemon.h \
	tests/unit/forward-frame.c tests/unit/forward-frame.h $(RPC_TEST_PEER)
tests_unit_forward_service_test_CPPFLAGS = $(DRIVER_CPPFLAGS)
tests_unit_forward_service_test_LDADD = $(COMMAND_TEST_LDADD)
tests_unit_rpc_server_test_SOURCES = tests/unit/rpc-server-test.c $(RPC_TEST_PEER)
tests_unit_rpc_server_test_CPPFLAGS = $(RPC_TEST_CPPFLAGS)
tests_unit_rpc_server_test_LDADD = $(RPC_TEST_LDADD)
tests_unit_rpc_event_test_SOURCES = tests/unit/rpc-event-test.c $(RPC_TEST_PEER)
tests_unit_rpc_event_test_CPPFLAGS = $(RPC_TEST_CPPFLAGS)
tests_unit_rpc_event_test_LDADD = $(RPC_TEST_LDADD)
tests_unit_rpc_stream_test_SOURCES = tests/unit/rpc-stream-test.c $(RPC_TEST_PEER)
tests_unit_rpc_stream_test_CPPFLAGS = $(RPC_TEST_CPPFLAGS)
tests_unit_rpc_stream_test_LDADD = $(RPC_TEST_LDADD)
tests_unit_rpc_worker_test_SOURCES = tests/unit/rpc-worker-test.c
tests_unit_rpc_worker_test_CPPFLAGS = $(RPC_TEST_CPPFLAGS)
tests_unit_rpc_worker_test_LDADD = $(RPC_TEST_LDADD) -ldl

# device, hw, firmware
include tests/unit/board.mk

# hw
include tests/unit/hw.mk

# SPDX-License-Identifier: GPL-2.0-or-later
# block, net, virtio
VIRTIO_DEVICE_TESTS = tests/device/virtio-blk-test tests/device/virtio-net-test \
	tests/device/net-user-test tests/device/net-study-test \
	tests/device/virtio-rng-test tests/device/turn-test \
	tests/device/virtio-balloon-test tests/device/virtio-serial-test \
	tests/device/virtio-input-test \
	tests/device/turn-socket-test
check_PROGRAMS += $(VIRTIO_DEVICE_TESTS)
TESTS += $(VIRTIO_DEVICE_TESTS)
VIRTIO_DEVICE_COMMON = tests/device/virtio-common.c tests/device/virtio-common.h \
	tests/unit/virtio-driver.c tests/unit/virtio-driver.h \
	tests/unit/guest-ring.c tests/unit/guest-ring.h
tests_device_virtio_blk_test_SOURCES = tests/device/virtio-blk-test.c \
	$(VIRTIO_DEVICE_COMMON)
tests_device_virtio_blk_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_virtio_blk_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_virtio_net_test_SOURCES = tests/device/virtio-net-test.c \
	$(VIRTIO_DEVICE_COMMON)
tests_device_virtio_net_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_virtio_net_test_LDADD = $(DEVICE_TEST_LDADD)
NET_HOST = tests/device/net-host.c tests/device/net-host.h \
	tests/device/net-guest.c tests/device/net-guest.h $(VIRTIO_DEVICE_COMMON)
tests_device_net_user_test_SOURCES = tests/device/net-user-test.c $(NET_HOST)
tests_device_net_study_test_SOURCES = tests/device/net-study-test.c \
	tests/device/pvh-kernel.h $(E1000_DEVICE_COMMON) $(NET_HOST)
tests_device_net_study_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_net_study_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_net_user_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_net_user_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_virtio_balloon_test_SOURCES = tests/device/virtio-balloon-test.c \
	$(VIRTIO_DEVICE_COMMON)
tests_device_virtio_balloon_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_virtio_balloon_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_virtio_serial_test_SOURCES = tests/device/virtio-serial-test.c \
	$(VIRTIO_DEVICE_COMMON)
tests_device_virtio_serial_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_virtio_serial_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_virtio_input_test_SOURCES = tests/device/virtio-input-test.c \
	$(VIRTIO_DEVICE_COMMON)
tests_device_virtio_input_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_virtio_input_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_virtio_rng_test_SOURCES = tests/device/virtio-rng-test.c \
	$(VIRTIO_DEVICE_COMMON)
tests_device_virtio_rng_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_virtio_rng_test_LDADD = $(DEVICE_TEST_LDADD)
dist_check_SCRIPTS += tests/device/virtio-kvm-test.py
TESTS += tests/device/virtio-kvm-test.py
TURN_COMMON = tests/device/turn.c tests/device/turn.h
tests_device_turn_socket_test_SOURCES = tests/device/turn-socket-test.c $(TURN_COMMON) \
	$(VIRTIO_DEVICE_COMMON)
tests_device_turn_socket_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_turn_socket_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_turn_test_SOURCES = tests/device/turn-test.c $(TURN_COMMON) \
	$(VIRTIO_DEVICE_COMMON)
tests_device_turn_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_turn_test_LDADD = $(DEVICE_TEST_LDADD)
VIRTIO_BLK_DEVICE_TESTS = tests/device/virtio-blk-flight-test \
	tests/device/virtio-pci-flight-test \
	tests/device/virtio-blk-host-test \
	tests/device/virtio-blk-error-test tests/device/virtio-blk-stats-test \
	tests/device/block-change-test tests/device/qcow2-vm-test \
	tests/device/stop-test tests/device/late-plug-test \
	tests/device/late-test tests/device/late-fd-test \
	tests/device/late-incoming-test
check_PROGRAMS += $(VIRTIO_BLK_DEVICE_TESTS)
TESTS += $(VIRTIO_BLK_DEVICE_TESTS)
tests_device_virtio_blk_flight_test_SOURCES = tests/device/virtio-blk-flight-test.c \
	$(VIRTIO_DEVICE_COMMON)
tests_device_virtio_blk_flight_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_virtio_blk_flight_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_virtio_pci_flight_test_SOURCES = tests/device/virtio-pci-flight-test.c \
	$(VIRTIO_DEVICE_COMMON)
tests_device_virtio_pci_flight_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_virtio_pci_flight_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_virtio_blk_error_test_SOURCES = tests/device/virtio-blk-error-test.c \
	$(VIRTIO_DEVICE_COMMON)
tests_device_virtio_blk_error_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_virtio_blk_error_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_qcow2_vm_test_SOURCES = tests/device/qcow2-vm-test.c \
	tests/device/ahci.c tests/device/ahci.h $(VIRTIO_DEVICE_COMMON)
tests_device_qcow2_vm_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_qcow2_vm_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_block_change_test_SOURCES = tests/device/block-change-test.c \
	$(VIRTIO_DEVICE_COMMON)
tests_device_block_change_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_block_change_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_virtio_blk_stats_test_SOURCES = tests/device/virtio-blk-stats-test.c \
	$(VIRTIO_DEVICE_COMMON)
tests_device_virtio_blk_stats_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_virtio_blk_stats_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_virtio_blk_host_test_SOURCES = tests/device/virtio-blk-host-test.c \
	$(VIRTIO_DEVICE_COMMON)
tests_device_virtio_blk_host_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_virtio_blk_host_test_LDADD = $(DEVICE_TEST_LDADD)
MONITOR_COMMON = $(VIRTIO_DEVICE_COMMON) tests/device/monitor.c tests/device/monitor.h
tests_device_stop_test_SOURCES = tests/device/stop-test.c $(MONITOR_COMMON)
tests_device_stop_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_stop_test_LDADD = $(DEVICE_TEST_LDADD)
LATE_COMMON = $(MONITOR_COMMON) tests/device/late.c tests/device/late.h
tests_device_late_test_SOURCES = tests/device/late-test.c $(LATE_COMMON)
tests_device_late_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_late_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_late_fd_test_SOURCES = tests/device/late-fd-test.c $(LATE_COMMON)
tests_device_late_fd_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_late_fd_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_late_incoming_test_SOURCES = tests/device/late-incoming-test.c $(LATE_COMMON)
tests_device_late_incoming_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_late_incoming_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_late_plug_test_SOURCES = tests/device/late-plug-test.c $(LATE_COMMON)
tests_device_late_plug_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_late_plug_test_LDADD = $(DEVICE_TEST_LDADD)
check_PROGRAMS += tests/device/chardev-test tests/device/hmp-test
TESTS += tests/device/chardev-test tests/device/hmp-test
tests_device_hmp_test_SOURCES = tests/device/hmp-test.c tests/device/board.h
tests_device_hmp_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_hmp_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_chardev_test_SOURCES = tests/device/chardev-test.c tests/device/board.h \
	$(LATE_COMMON)
tests_device_chardev_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_chardev_test_LDADD = $(DEVICE_TEST_LDADD)
VIRTIO_PCI_TESTS = tests/device/pci-slot-flight-test tests/device/virtio-pci-test tests/device/virtio-pci-stop-test \
	tests/device/virtio-pci-migrate-test tests/device/virtio-pci-hostile-test \
	tests/device/virtio-pci-net-test tests/device/virtio-net-control-test \
	tests/device/virtio-net-queues-test tests/device/virtio-pci-mask-test \
	tests/device/virtio-legacy-test tests/device/virtio-legacy-net-test
check_PROGRAMS += $(VIRTIO_PCI_TESTS)
TESTS += $(VIRTIO_PCI_TESTS)
VIRTIO_PCI_COMMON = $(VIRTIO_DEVICE_COMMON) tests/device/virtio-pci.c \
	tests/device/virtio-pci.h tests/device/board.h
tests_device_virtio_pci_test_SOURCES = tests/device/virtio-pci-test.c \
	$(VIRTIO_PCI_COMMON)
tests_device_virtio_pci_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_virtio_pci_test_LDADD = $(DEVICE_TEST_LDADD)
VIRTIO_PCI_HOLD = tests/device/virtio-pci-hold.c tests/device/virtio-pci-hold.h \
	$(VIRTIO_PCI_COMMON)
tests_device_virtio_pci_stop_test_SOURCES = tests/device/virtio-pci-stop-test.c \
	tests/device/monitor.c tests/device/monitor.h $(VIRTIO_PCI_HOLD)
tests_device_pci_slot_flight_test_SOURCES = tests/device/pci-slot-flight-test.c \
	tests/device/monitor.c tests/device/monitor.h $(VIRTIO_PCI_HOLD)
tests_device_pci_slot_flight_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_pci_slot_flight_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_virtio_pci_stop_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_virtio_pci_stop_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_virtio_pci_migrate_test_SOURCES = tests/device/virtio-pci-migrate-test.c \
	$(VIRTIO_PCI_COMMON)
tests_device_virtio_pci_migrate_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_virtio_pci_migrate_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_virtio_pci_hostile_test_SOURCES = tests/device/virtio-pci-hostile-test.c \
	$(VIRTIO_PCI_COMMON)
tests_device_virtio_pci_hostile_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_virtio_pci_hostile_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_virtio_pci_net_test_SOURCES = tests/device/virtio-pci-net-test.c \
	$(VIRTIO_PCI_COMMON)
tests_device_virtio_pci_net_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_virtio_pci_net_test_LDADD = $(DEVICE_TEST_LDADD)
VIRTIO_PCI_NET_COMMON = $(VIRTIO_PCI_COMMON) tests/device/virtio-pci-net.c \
	tests/device/virtio-pci-net.h
tests_device_virtio_pci_mask_test_SOURCES = tests/device/virtio-pci-mask-test.c \
	$(VIRTIO_PCI_NET_COMMON)
tests_device_virtio_pci_mask_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_virtio_pci_mask_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_virtio_net_queues_test_SOURCES = \
	tests/device/virtio-net-queues-test.c tests/device/monitor.c \
	tests/device/monitor.h $(VIRTIO_PCI_NET_COMMON)
tests_device_virtio_net_queues_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_virtio_net_queues_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_virtio_net_control_test_SOURCES = \
	tests/device/virtio-net-control-test.c tests/device/monitor.c \
	tests/device/monitor.h tests/device/virtio-legacy.c \
	tests/device/virtio-legacy.h $(VIRTIO_PCI_NET_COMMON)
tests_device_virtio_net_control_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_virtio_net_control_test_LDADD = $(DEVICE_TEST_LDADD)
VIRTIO_LEGACY_COMMON = $(VIRTIO_PCI_COMMON) tests/device/virtio-legacy.c \
	tests/device/virtio-legacy.h
tests_device_virtio_legacy_test_SOURCES = tests/device/virtio-legacy-test.c \
	$(VIRTIO_LEGACY_COMMON)
tests_device_virtio_legacy_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_virtio_legacy_test_LDADD = $(DEVICE_TEST_LDADD)
tests_device_virtio_legacy_net_test_SOURCES = tests/device/virtio-legacy-net-test.c \
	$(VIRTIO_LEGACY_COMMON)
tests_device_virtio_legacy_net_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_device_virtio_legacy_net_test_LDADD = $(DEVICE_TEST_LDADD)

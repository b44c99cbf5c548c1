# SPDX-License-Identifier: GPL-2.0-or-later
# block, net, virtio
EXTRA_DIST += tests/unit/qcow2-file.h tests/unit/qcow2-model.h
EXTRA_DIST += tests/unit/block-graph.h tests/unit/block-late.h tests/unit/no-board.h
VIRTIO_TESTS = tests/unit/qcow2-test tests/unit/qcow2-crash-test \
	tests/unit/qcow2-threads-test tests/unit/block-test tests/unit/block-stack-test \
	tests/unit/block-graph-test tests/unit/block-limits-test \
	tests/unit/block-options-test tests/unit/block-image-test \
	tests/unit/block-qcow2-driver-test \
	tests/unit/block-active-test \
	tests/unit/block-removable-test tests/unit/ide-cd-test \
	tests/unit/ide-cd-tray-test tests/unit/virtio-virtqueue-test \
	tests/unit/virtio-mmio-test tests/unit/virtio-life-test tests/unit/virtio-save-test \
	tests/unit/net-user-address-test tests/unit/net-user-fragments-test \
	tests/unit/virtio-net-test tests/unit/virtio-vhost-test \
	tests/unit/virtio-vsock-test \
	tests/unit/virtio-port-test tests/unit/virtio-port-stop-test \
	tests/unit/virtio-pci-test tests/unit/virtio-pci-life-test \
	tests/unit/virtio-vhost-pci-test \
	tests/unit/scsi-disk-test
check_PROGRAMS += $(VIRTIO_TESTS)
TESTS += $(VIRTIO_TESTS)
VIRTIO_TEST_CPPFLAGS = -I$(top_srcdir)/tests $(EMULATOR_CPPFLAGS)
tests_unit_scsi_disk_test_SOURCES = tests/unit/scsi-disk-test.c \
	tests/golden/scsi/qemu-7.2.h
tests_unit_scsi_disk_test_CPPFLAGS = -I$(top_srcdir)/tests $(EMULATOR_CPPFLAGS)
tests_unit_scsi_disk_test_LDADD = $(EMULATOR_TEST_LDADD)
IDE_CD_TEST = tests/unit/ide-cd.h tests/unit/ide-port.c tests/unit/ide-port.h
tests_unit_ide_cd_tray_test_SOURCES = tests/unit/ide-cd-tray-test.c $(IDE_CD_TEST)
tests_unit_ide_cd_tray_test_CPPFLAGS = -I$(top_srcdir)/tests $(EMULATOR_CPPFLAGS)
tests_unit_ide_cd_tray_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_ide_cd_test_SOURCES = tests/unit/ide-cd-test.c $(IDE_CD_TEST) \
	tests/golden/atapi/qemu-7.2.h
tests_unit_ide_cd_test_CPPFLAGS = -I$(top_srcdir)/tests $(EMULATOR_CPPFLAGS)
tests_unit_ide_cd_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_net_user_fragments_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_net_user_fragments_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_net_user_address_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_net_user_address_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_block_removable_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_block_removable_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_block_active_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_block_active_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_block_graph_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_block_graph_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_block_qcow2_driver_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_block_qcow2_driver_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_block_image_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_block_image_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_block_options_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_block_options_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_block_limits_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_block_limits_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_block_stack_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_block_stack_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_qcow2_test_SOURCES = tests/unit/qcow2-test.c tests/unit/qcow2-file.c \
	tests/unit/qcow2-model.c
tests_unit_qcow2_crash_test_SOURCES = tests/unit/qcow2-crash-test.c \
	tests/unit/qcow2-file.c tests/unit/qcow2-model.c
tests_unit_qcow2_crash_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_qcow2_crash_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_qcow2_threads_test_SOURCES = tests/unit/qcow2-threads-test.c \
	tests/unit/qcow2-file.c tests/unit/qcow2-model.c
tests_unit_qcow2_threads_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_qcow2_threads_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_qcow2_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_qcow2_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_block_test_CPPFLAGS = $(EMULATOR_CPPFLAGS) $(SECCOMP_CFLAGS)
tests_unit_block_test_LDADD = $(EMULATOR_TEST_LDADD) $(SECCOMP_LIBS)
tests_unit_virtio_virtqueue_test_SOURCES = tests/unit/virtio-virtqueue-test.c \
	tests/unit/guest-ring.c tests/unit/guest-ring.h \
	tests/fuzz/virtqueue-fuzz.c tests/fuzz/virtqueue-fuzz.h
tests_unit_virtio_virtqueue_test_CPPFLAGS = $(VIRTIO_TEST_CPPFLAGS)
tests_unit_virtio_virtqueue_test_LDADD = $(EMULATOR_TEST_LDADD)
VIRTIO_BOARD_FILES = tests/unit/virtio-board.c tests/unit/virtio-board.h \
	tests/unit/virtio-driver.c tests/unit/virtio-driver.h \
	tests/unit/guest-ring.c tests/unit/guest-ring.h
VIRTIO_DISK_FILES = tests/unit/virtio-disk.c tests/unit/virtio-disk.h $(VIRTIO_BOARD_FILES)
tests_unit_virtio_mmio_test_SOURCES = tests/unit/virtio-mmio-test.c $(VIRTIO_DISK_FILES)
tests_unit_virtio_mmio_test_CPPFLAGS = $(VIRTIO_TEST_CPPFLAGS)
tests_unit_virtio_mmio_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_virtio_life_test_SOURCES = tests/unit/virtio-life-test.c $(VIRTIO_DISK_FILES)
tests_unit_virtio_life_test_CPPFLAGS = $(VIRTIO_TEST_CPPFLAGS)
tests_unit_virtio_life_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_virtio_save_test_SOURCES = tests/unit/virtio-save-test.c $(VIRTIO_DISK_FILES)
tests_unit_virtio_save_test_CPPFLAGS = $(VIRTIO_TEST_CPPFLAGS)
tests_unit_virtio_save_test_LDADD = $(EMULATOR_TEST_LDADD)
VHOST_KERNEL_FILES = tests/unit/vhost-kernel.c tests/unit/vhost-kernel.h
tests_unit_virtio_vhost_test_SOURCES = tests/unit/virtio-vhost-test.c \
	$(VHOST_KERNEL_FILES) $(HW_BOARD_FILES)
tests_unit_virtio_vhost_test_CPPFLAGS = $(VIRTIO_TEST_CPPFLAGS)
tests_unit_virtio_vhost_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_virtio_vsock_test_SOURCES = tests/unit/virtio-vsock-test.c \
	$(VHOST_KERNEL_FILES) $(VIRTIO_BOARD_FILES)
tests_unit_virtio_vsock_test_CPPFLAGS = $(VIRTIO_TEST_CPPFLAGS)
tests_unit_virtio_vsock_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_virtio_net_test_SOURCES = tests/unit/virtio-net-test.c $(VIRTIO_BOARD_FILES)
tests_unit_virtio_net_test_CPPFLAGS = $(VIRTIO_TEST_CPPFLAGS)
tests_unit_virtio_net_test_LDADD = $(EMULATOR_TEST_LDADD)
VIRTIO_PORT_FILES = tests/unit/virtio-port-toys.c tests/unit/virtio-port-toys.h \
	$(VIRTIO_BOARD_FILES)
tests_unit_virtio_port_test_SOURCES = tests/unit/virtio-port-test.c $(VIRTIO_PORT_FILES)
tests_unit_virtio_port_test_CPPFLAGS = $(VIRTIO_TEST_CPPFLAGS)
tests_unit_virtio_port_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_virtio_port_stop_test_SOURCES = tests/unit/virtio-port-stop-test.c \
	$(VIRTIO_PORT_FILES)
tests_unit_virtio_port_stop_test_CPPFLAGS = $(VIRTIO_TEST_CPPFLAGS)
tests_unit_virtio_port_stop_test_LDADD = $(EMULATOR_TEST_LDADD)
VIRTIO_PCI_BOARD_FILES = tests/unit/virtio-pci-board.c tests/unit/virtio-pci-board.h \
	tests/unit/guest-ring.c tests/unit/guest-ring.h $(PCI_BOARD_FILES)
tests_unit_virtio_pci_test_SOURCES = tests/unit/virtio-pci-test.c $(VIRTIO_PCI_BOARD_FILES)
tests_unit_virtio_pci_test_CPPFLAGS = $(VIRTIO_TEST_CPPFLAGS)
tests_unit_virtio_pci_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_virtio_pci_life_test_SOURCES = tests/unit/virtio-pci-life-test.c \
	$(VIRTIO_PCI_BOARD_FILES)
tests_unit_virtio_pci_life_test_CPPFLAGS = $(VIRTIO_TEST_CPPFLAGS)
tests_unit_virtio_pci_life_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_virtio_vhost_pci_test_SOURCES = tests/unit/virtio-vhost-pci-test.c \
	$(VHOST_KERNEL_FILES) $(VIRTIO_PCI_BOARD_FILES)
tests_unit_virtio_vhost_pci_test_CPPFLAGS = $(VIRTIO_TEST_CPPFLAGS)
tests_unit_virtio_vhost_pci_test_LDADD = $(EMULATOR_TEST_LDADD)

# SPDX-License-Identifier: GPL-2.0-or-later
# device, hw, firmware
BOARD_TESTS = tests/unit/device-state-test tests/unit/device-device-test \
	tests/unit/firmware-kernel-test tests/unit/device-classes-test \
	tests/unit/device-aml-test tests/unit/device-boot-test tests/unit/firmware-acpi-test \
	tests/unit/firmware-smbios-test tests/unit/firmware-smbios-options-test
check_PROGRAMS += $(BOARD_TESTS)
TESTS += $(BOARD_TESTS)
tests_unit_device_state_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_device_state_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_device_device_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_device_device_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_device_boot_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_device_boot_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_device_aml_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_device_aml_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_firmware_acpi_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_firmware_acpi_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_firmware_smbios_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_firmware_smbios_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_firmware_smbios_options_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_firmware_smbios_options_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_firmware_kernel_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_firmware_kernel_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_device_classes_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_device_classes_test_LDADD = $(EMULATOR_TEST_LDADD)

# Interrupts
IRQ_TESTS = tests/unit/device-irq-test tests/unit/device-msi-test \
	tests/unit/hw-i8259-test tests/unit/hw-i8259-kvm-test
STUB_ACCEL = tests/unit/stub-accel.c tests/unit/stub-accel.h
check_PROGRAMS += $(IRQ_TESTS)
TESTS += $(IRQ_TESTS)
tests_unit_device_irq_test_SOURCES = tests/unit/device-irq-test.c $(STUB_ACCEL)
tests_unit_device_irq_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_device_irq_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_device_msi_test_SOURCES = tests/unit/device-msi-test.c $(STUB_ACCEL)
tests_unit_device_msi_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_device_msi_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_hw_i8259_test_SOURCES = tests/unit/hw-i8259-test.c \
	tests/unit/hw-i8259-model.c tests/unit/hw-i8259-model.h tests/unit/hw-i8259-pair.h \
	$(STUB_ACCEL)
tests_unit_hw_i8259_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_hw_i8259_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_hw_i8259_kvm_test_SOURCES = tests/unit/hw-i8259-kvm-test.c $(TINY_BOARD)
tests_unit_hw_i8259_kvm_test_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_unit_hw_i8259_kvm_test_LDADD = $(EMULATOR_TEST_LDADD)

# The tree, by devices made for the purpose.
TREE_TESTS = tests/unit/device-tree-test tests/unit/device-unplug-test \
	tests/unit/device-unplug-model-test
check_PROGRAMS += $(TREE_TESTS)
TESTS += $(TREE_TESTS)
TREE_TEST_TOYS = tests/unit/device-toys.c tests/unit/device-toys.h
TREE_TEST_CPPFLAGS = -I$(top_srcdir)/tests $(EMULATOR_CPPFLAGS)
tests_unit_device_tree_test_SOURCES = tests/unit/device-tree-test.c $(TREE_TEST_TOYS)
tests_unit_device_tree_test_CPPFLAGS = $(TREE_TEST_CPPFLAGS)
tests_unit_device_tree_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_device_unplug_test_SOURCES = tests/unit/device-unplug-test.c $(TREE_TEST_TOYS)
tests_unit_device_unplug_test_CPPFLAGS = $(TREE_TEST_CPPFLAGS)
tests_unit_device_unplug_test_LDADD = $(EMULATOR_TEST_LDADD)
tests_unit_device_unplug_model_test_SOURCES = tests/unit/device-unplug-model-test.c \
	$(TREE_TEST_TOYS)
tests_unit_device_unplug_model_test_CPPFLAGS = $(TREE_TEST_CPPFLAGS)
tests_unit_device_unplug_model_test_LDADD = $(EMULATOR_TEST_LDADD)

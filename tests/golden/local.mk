# SPDX-License-Identifier: GPL-2.0-or-later
# tests/golden

# The daemon and stock virsh.
dist_check_SCRIPTS += tests/golden/virsh-connect.sh
TESTS += tests/golden/virsh-connect.sh

# The table of RPC procedures, against libvirt's
dist_check_SCRIPTS += tests/golden/protocol/protocol-test.py
TESTS += tests/golden/protocol/protocol-test.py
EXTRA_DIST += tests/golden/protocol/libvirt.json

# Command lines of others
dist_check_SCRIPTS += tests/golden/argv/argv.py tests/golden/argv/q35.py
TESTS += tests/golden/argv/argv.py tests/golden/argv/q35.py
EXTRA_DIST += tests/golden/argv/starts.py tests/golden/argv/lines.txt \
	tests/golden/argv/q35.json tests/golden/argv/q35.txt \
	tests/golden/argv/refusals.txt \
	tests/golden/argv/libvirt-11.3-microvm-kernel.json \
	tests/golden/argv/libvirt-11.3-microvm-mmio-disk-net.json \
	tests/golden/argv/libvirt-11.3-microvm-mmio-vsock.json \
	tests/golden/argv/libvirt-11.3-microvm-pcie-explicit.json \
	tests/golden/argv/libvirt-9.0-microvm-kernel.json \
	tests/golden/argv/libvirt-9.0-microvm-mmio-disk-net.json \
	tests/golden/argv/libvirt-9.0-microvm-mmio-vsock.json \
	tests/golden/argv/libvirt-9.0-microvm-pcie-explicit.json

# ACPI tables
check_PROGRAMS += tests/golden/acpi/dump
tests_golden_acpi_dump_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_golden_acpi_dump_LDADD = $(EMULATOR_TEST_LDADD)
dist_check_SCRIPTS += tests/golden/acpi/acpi.py tests/golden/acpi/exec.py
TESTS += tests/golden/acpi/acpi.py tests/golden/acpi/exec.py
EXTRA_DIST += tests/golden/acpi/boards.py tests/golden/acpi/bytes \
	tests/golden/acpi/differences tests/golden/acpi/microvm/APIC.dsl \
	tests/golden/acpi/microvm/DSDT.dsl tests/golden/acpi/microvm/FACP.dsl \
	tests/golden/acpi/microvm/XSDT.dsl tests/golden/acpi/q35-bare/APIC.dsl \
	tests/golden/acpi/q35-bare/DSDT.dsl tests/golden/acpi/q35-bare/FACP.dsl \
	tests/golden/acpi/q35-bare/FACS.dsl tests/golden/acpi/q35-bare/RSDT.dsl \
	tests/golden/acpi/q35-bare/WAET.dsl tests/golden/acpi/q35-bare/XSDT.dsl \
	tests/golden/acpi/q35-usual/APIC.dsl tests/golden/acpi/q35-usual/DSDT.dsl \
	tests/golden/acpi/q35-usual/FACP.dsl tests/golden/acpi/q35-usual/FACS.dsl \
	tests/golden/acpi/q35-usual/HPET.dsl tests/golden/acpi/q35-usual/MCFG.dsl \
	tests/golden/acpi/q35-usual/RSDT.dsl tests/golden/acpi/q35-usual/WAET.dsl \
	tests/golden/acpi/q35-usual/XSDT.dsl tests/golden/acpi/q35/APIC.dsl \
	tests/golden/acpi/q35/DSDT.dsl tests/golden/acpi/q35/FACP.dsl \
	tests/golden/acpi/q35/FACS.dsl tests/golden/acpi/q35/HPET.dsl \
	tests/golden/acpi/q35/MCFG.dsl tests/golden/acpi/q35/RSDT.dsl \
	tests/golden/acpi/q35/WAET.dsl tests/golden/acpi/q35/XSDT.dsl \
	tests/golden/acpi/q35-4-cpus.diff tests/golden/acpi/q35-above-hole.diff \
	tests/golden/acpi/q35-below-hole.diff tests/golden/acpi/q35-hpet-off.diff \
	tests/golden/acpi/q35-i8042-off.diff tests/golden/acpi/q35-index.diff \
	tests/golden/acpi/q35-native.diff tests/golden/acpi/q35-vmgenid.diff \
	tests/golden/acpi/q35-isa.diff tests/golden/acpi/q35-no-s4.diff

# fw_cfg's items
dist_check_SCRIPTS += tests/golden/fw-cfg/fw-cfg.py
TESTS += tests/golden/fw-cfg/fw-cfg.py
EXTRA_DIST += tests/golden/fw-cfg/qemu-7.2.txt

# SMBIOS tables
check_PROGRAMS += tests/golden/smbios/dump
tests_golden_smbios_dump_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_golden_smbios_dump_LDADD = $(EMULATOR_TEST_LDADD)
dist_check_SCRIPTS += tests/golden/smbios/smbios.py tests/golden/smbios/qemu.py
TESTS += tests/golden/smbios/smbios.py tests/golden/smbios/qemu.py
EXTRA_DIST += tests/golden/smbios/qemu.txt tests/golden/smbios/bare.txt tests/golden/smbios/full.txt \
	tests/golden/smbios/large.txt tests/golden/smbios/q35.txt \
	tests/golden/smbios/q35-large.txt

# CPU hot-plug's registers
dist_check_SCRIPTS += tests/golden/cpu-hotplug/cpu-hotplug.py
TESTS += tests/golden/cpu-hotplug/cpu-hotplug.py
EXTRA_DIST += tests/golden/cpu-hotplug/qemu.txt

# What firmware boots from
dist_check_SCRIPTS += tests/golden/bootorder/bootorder.py
TESTS += tests/golden/bootorder/bootorder.py
EXTRA_DIST += tests/golden/bootorder/qemu-7.2.txt

# Migration streams: this build's, and those of all releases; what they are made from.
check_PROGRAMS += tests/golden/stream/rows
tests_golden_stream_rows_CPPFLAGS = $(EMULATOR_CPPFLAGS)
tests_golden_stream_rows_LDADD = $(EMULATOR_TEST_LDADD)
dist_check_SCRIPTS += tests/golden/stream/stream.py tests/golden/stream/rows.py
TESTS += tests/golden/stream/stream.py tests/golden/stream/rows.py
EXTRA_DIST += tests/golden/stream/rows.txt

# What QEMU's CD drive answers, for tests/unit/ide-cd-test.
EXTRA_DIST += tests/golden/atapi/record.py

# CPU features and models, against QEMU and libvirt
dist_check_SCRIPTS += tests/golden/cpu/cpu-test.py
TESTS += tests/golden/cpu/cpu-test.py
EXTRA_DIST += tests/golden/cpu/qemu.json tests/golden/cpu/differences tools/cpu-tables
EXTRA_DIST += tests/golden/scsi/record.py

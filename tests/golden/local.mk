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
dist_check_SCRIPTS += tests/golden/argv/argv.py
TESTS += tests/golden/argv/argv.py
EXTRA_DIST += tests/golden/argv/lines.txt \
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
tests_golden_acpi_dump_LDADD = libemulator.a libutil.a $(EMULATOR_LIBS)
dist_check_SCRIPTS += tests/golden/acpi/acpi.sh
TESTS += tests/golden/acpi/acpi.sh
EXTRA_DIST += tests/golden/acpi/APIC.dsl tests/golden/acpi/FACP.dsl \
	tests/golden/acpi/DSDT.dsl

# Migration streams: this build's, and those of all releases.
dist_check_SCRIPTS += tests/golden/stream/stream.py
TESTS += tests/golden/stream/stream.py

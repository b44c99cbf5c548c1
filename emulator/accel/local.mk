# SPDX-License-Identifier: GPL-2.0-or-later
libemulator_a_SOURCES += \
	emulator/accel/accel.c emulator/accel/accel.h \
	emulator/accel/cpu.c emulator/accel/cpu-feature.h \
	emulator/accel/cpu-config.c emulator/accel/cpu-config.h \
	emulator/accel/cpu-resolve.c \
	emulator/accel/cpuid-build.c emulator/accel/cpuid-cache.c \
	emulator/accel/flush.h \
	emulator/accel/gsi.c \
	emulator/accel/kvm.c emulator/accel/kvm-internal.h \
	emulator/accel/kvm-boot.c \
	emulator/accel/kvm-caps.c \
	emulator/accel/kvm-cpuid.c \
	emulator/accel/kvm-exit.c emulator/accel/kvm-exit.h \
	emulator/accel/kvm-inject.c \
	emulator/accel/kvm-memory.c \
	emulator/accel/kvm-msr.c \
	emulator/accel/kvm-route.c \
	emulator/accel/kvm-state.c \
	emulator/accel/kvm-vcpu.c \
	emulator/accel/qtest.c emulator/accel/qtest.h \
	emulator/accel/qtest-access.c \
	emulator/accel/qtest-commands.c emulator/accel/qtest-internal.h \
	emulator/accel/qtest-server.c \
	emulator/accel/quiesce.c \
	emulator/accel/run-state.c emulator/accel/run-state.h \
	emulator/accel/topology.c emulator/accel/topology.h \
	emulator/accel/vcpu.h

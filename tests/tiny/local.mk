# SPDX-License-Identifier: GPL-2.0-or-later
# Tiny bare-metal guests: PVH ELF images for tests on /dev/kvm, built without libc
# and without the flags of the emulator (sanitizers).
TINY_GUESTS = tests/tiny/hello.elf tests/tiny/io.elf tests/tiny/notify.elf \
	tests/tiny/dirty.elf tests/tiny/smp.elf tests/tiny/blk.elf tests/tiny/reset.elf \
	tests/tiny/extint.elf tests/tiny/nmi.elf tests/tiny/migration-guest.elf \
	tests/tiny/traffic.elf tests/tiny/cpuid.elf
check_DATA += $(TINY_GUESTS)
.PHONY: tiny-guests
tiny-guests: $(TINY_GUESTS)
CLEANFILES += $(TINY_GUESTS)
TINY_COMMON = tests/tiny/start.S tests/tiny/tiny.h tests/tiny/tiny.ld
EXTRA_DIST += $(TINY_COMMON) tests/tiny/hello.c tests/tiny/io.c tests/tiny/notify.c \
	tests/tiny/dirty.c tests/tiny/smp.c tests/tiny/blk.c tests/tiny/reset.c \
	tests/tiny/extint.c tests/tiny/nmi.c tests/tiny/migration-guest.c \
	tests/tiny/virtio.h tests/tiny/traffic.c tests/tiny/cpuid.c

TINY_CFLAGS = -m32 -march=i686 -Os -std=gnu11 -Wall -Wextra -Werror -ffreestanding \
	-nostdlib -static -fno-pie -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fno-builtin -Wl,--build-id=none \
	-Wl,-T,$(srcdir)/tests/tiny/tiny.ld -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments
TINY_LINK = $(MKDIR_P) tests/tiny && $(CC) $(TINY_CFLAGS) -o $@ $(srcdir)/tests/tiny/start.S

tests/tiny/hello.elf: $(TINY_COMMON) tests/tiny/hello.c
	$(AM_V_GEN)$(TINY_LINK) $(srcdir)/tests/tiny/hello.c
tests/tiny/io.elf: $(TINY_COMMON) tests/tiny/io.c
	$(AM_V_GEN)$(TINY_LINK) $(srcdir)/tests/tiny/io.c
tests/tiny/notify.elf: $(TINY_COMMON) tests/tiny/notify.c
	$(AM_V_GEN)$(TINY_LINK) $(srcdir)/tests/tiny/notify.c
tests/tiny/dirty.elf: $(TINY_COMMON) tests/tiny/dirty.c
	$(AM_V_GEN)$(TINY_LINK) $(srcdir)/tests/tiny/dirty.c
tests/tiny/smp.elf: $(TINY_COMMON) tests/tiny/smp.c
	$(AM_V_GEN)$(TINY_LINK) $(srcdir)/tests/tiny/smp.c
tests/tiny/blk.elf: $(TINY_COMMON) tests/tiny/blk.c
	$(AM_V_GEN)$(TINY_LINK) $(srcdir)/tests/tiny/blk.c
tests/tiny/reset.elf: $(TINY_COMMON) tests/tiny/reset.c
	$(AM_V_GEN)$(TINY_LINK) $(srcdir)/tests/tiny/reset.c
tests/tiny/extint.elf: $(TINY_COMMON) tests/tiny/extint.c
	$(AM_V_GEN)$(TINY_LINK) $(srcdir)/tests/tiny/extint.c
tests/tiny/traffic.elf: $(TINY_COMMON) tests/tiny/virtio.h tests/tiny/traffic.c
	$(AM_V_GEN)$(TINY_LINK) $(srcdir)/tests/tiny/traffic.c
tests/tiny/cpuid.elf: $(TINY_COMMON) tests/tiny/cpuid.c
	$(AM_V_GEN)$(TINY_LINK) $(srcdir)/tests/tiny/cpuid.c
tests/tiny/nmi.elf: $(TINY_COMMON) tests/tiny/nmi.c
	$(AM_V_GEN)$(TINY_LINK) $(srcdir)/tests/tiny/nmi.c

# What a BIOS starts, in real mode: flat images.
TINY_FLAT = $(MKDIR_P) tests/tiny && $(CC) -m32 -nostdlib -static -fno-pie \
	-Wl,--build-id=none -Wl,--oformat=binary -Wl,-z,noexecstack -o $@
TINY_FLATS = tests/tiny/kernel16.bin tests/tiny/boot-sector.bin
check_DATA += $(TINY_FLATS)
CLEANFILES += $(TINY_FLATS)
EXTRA_DIST += tests/tiny/kernel16.S tests/tiny/boot-sector.S
tests/tiny/kernel16.bin: tests/tiny/kernel16.S
	$(AM_V_GEN)$(TINY_FLAT) -Wl,-Ttext=0 $(srcdir)/tests/tiny/kernel16.S
tests/tiny/boot-sector.bin: tests/tiny/boot-sector.S
	$(AM_V_GEN)$(TINY_FLAT) -Wl,-Ttext=0x7c00 $(srcdir)/tests/tiny/boot-sector.S

check_PROGRAMS += tests/tiny/guest-test
TESTS += tests/tiny/guest-test
tests_tiny_guest_test_CPPFLAGS = $(DEVICE_TEST_CPPFLAGS)
tests_tiny_guest_test_LDADD = $(DEVICE_TEST_LDADD)

tests/tiny/migration-guest.elf: $(TINY_COMMON) tests/tiny/migration-guest.c
	$(AM_V_GEN)$(TINY_LINK) $(srcdir)/tests/tiny/migration-guest.c
dist_check_SCRIPTS += tests/tiny/migration-test.py tests/tiny/migration-broken-test.py
EXTRA_DIST += tests/tiny/migration_vm.py tests/tiny/migration_case.py
TESTS += tests/tiny/migration-test.py tests/tiny/migration-broken-test.py
dist_check_SCRIPTS += tests/tiny/sandbox-test.py
TESTS += tests/tiny/sandbox-test.py

# SPDX-License-Identifier: GPL-2.0-or-later
# Libraries that are preloaded into a daemon, or into virsh.
DRIVER_HELPERS =
check_DATA += $(DRIVER_HELPERS)
CLEANFILES += $(DRIVER_HELPERS)

# The daemon: what it knows after a restart.
dist_check_SCRIPTS += tests/device/driver-restart-test.py
TESTS += tests/device/driver-restart-test.py

# Async jobs, and why CPUs stand or run.
dist_check_SCRIPTS += tests/device/driver-job-test.py
TESTS += tests/device/driver-job-test.py

# The guest's agent; QEMU's own program.
dist_check_SCRIPTS += tests/device/driver-agent-test.py
TESTS += tests/device/driver-agent-test.py

# Serial ports, consoles, channels.
EXTRA_DIST += tests/device/driver_serial.py
dist_check_SCRIPTS += tests/device/driver-chardev-test.py
TESTS += tests/device/driver-chardev-test.py

# Statistics.
dist_check_SCRIPTS += tests/device/driver-stats-test.py
TESTS += tests/device/driver-stats-test.py

# ... and that nobody waits for another. The gate is preloaded.
dist_check_SCRIPTS += tests/device/driver-scale-test.py
TESTS += tests/device/driver-scale-test.py
EXTRA_DIST += tests/device/driver_rpc.py tests/device/sync-gate.c
DRIVER_HELPERS += tests/device/sync-gate.so
tests/device/sync-gate.so: tests/device/sync-gate.c
	$(AM_V_GEN)$(CC) -Wall -Wextra -Werror -O1 -fPIC -shared -o $@ $<

# ... and what many VMs cost it.
dist_check_SCRIPTS += tests/device/driver-many-test.py
TESTS += tests/device/driver-many-test.py
EXTRA_DIST += tests/device/driver_many.py tests/device/small-emulator.c tests/device/lock-count.c
check_DATA += tests/device/small-emulator
CLEANFILES += tests/device/small-emulator
DRIVER_HELPERS += tests/device/lock-count.so
tests/device/small-emulator: tests/device/small-emulator.c
	$(AM_V_GEN)$(CC) -Wall -Wextra -Werror -O1 -DREAL='"$(abs_top_builddir)/vireo"' -o $@ $<
tests/device/lock-count.so: tests/device/lock-count.c
	$(AM_V_GEN)$(CC) -Wall -Wextra -Werror -O1 $(GLIB_CFLAGS) -fPIC -shared -o $@ $<

# ... and the numbers that the first of its threads read.
EXTRA_DIST += tests/device/first-locale.c
DRIVER_HELPERS += tests/device/first-locale.so
tests/device/first-locale.so: tests/device/first-locale.c
	$(AM_V_GEN)$(CC) -Wall -Wextra -Werror -O1 -fPIC -shared -o $@ $<

# ... and a file that it cannot look at.
EXTRA_DIST += tests/device/no-stat.c
DRIVER_HELPERS += tests/device/no-stat.so
tests/device/no-stat.so: tests/device/no-stat.c
	$(AM_V_GEN)$(CC) -Wall -Wextra -Werror -O1 -fPIC -shared -o $@ $<

# Balloons, inputs, watchdogs, keys.
dist_check_SCRIPTS += tests/device/driver-devices-test.py
TESTS += tests/device/driver-devices-test.py

# ... metadata, autostart, names.
dist_check_SCRIPTS += tests/device/driver-keep-test.py
TESTS += tests/device/driver-keep-test.py

# virsh, and an end that it does not miss.
EXTRA_DIST += tests/device/virsh-quit.c
DRIVER_HELPERS += tests/device/virsh-quit.so
tests/device/virsh-quit.so: tests/device/virsh-quit.c
	$(AM_V_GEN)$(CC) -Wall -Wextra -Werror -O1 $(GLIB_CFLAGS) -fPIC -shared -o $@ $< $(GLIB_LIBS)

# A machine with PCI.
dist_check_SCRIPTS += tests/device/driver-q35-test.py
TESTS += tests/device/driver-q35-test.py
EXTRA_DIST += tests/device/driver_pci.py tests/device/driver_drives.py

# ... firmware, and drives with trays.
dist_check_SCRIPTS += tests/device/driver-firmware-test.py tests/device/driver-media-test.py
TESTS += tests/device/driver-firmware-test.py tests/device/driver-media-test.py

# ... and a guest that lets go of its devices, or does not.
dist_check_SCRIPTS += tests/device/driver-hotplug-test.py
TESTS += tests/device/driver-hotplug-test.py
EXTRA_DIST += tests/device/driver_guest.py

# ... and one that stops answering its watchdog.
dist_check_SCRIPTS += tests/device/driver-watchdog-test.py
TESTS += tests/device/driver-watchdog-test.py

# Changes of devices.
dist_check_SCRIPTS += tests/device/driver-update-test.py
TESTS += tests/device/driver-update-test.py

# Taps and bridges.
dist_check_SCRIPTS += tests/device/driver-network-test.py
TESTS += tests/device/driver-network-test.py

# Interfaces of all types, with a stand-in for libvirt's network driver.
dist_check_SCRIPTS += tests/device/driver-interface-test.py
TESTS += tests/device/driver-interface-test.py
EXTRA_DIST += tests/device/driver_networkd.py tests/device/driver_net.py

# Domain capabilities against what can be defined.
dist_check_SCRIPTS += tests/device/driver-capabilities-test.py
TESTS += tests/device/driver-capabilities-test.py
# Calls that go on to libvirt's other daemons, with a stand-in for that of storage.
dist_check_SCRIPTS += tests/device/driver-forward-test.py
TESTS += tests/device/driver-forward-test.py

# What virt-install writes.
dist_check_SCRIPTS += tests/device/driver-virt-install-test.py
TESTS += tests/device/driver-virt-install-test.py

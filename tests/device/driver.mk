# SPDX-License-Identifier: GPL-2.0-or-later
# The daemon: what it knows after a restart.
dist_check_SCRIPTS += tests/device/driver-restart-test.py
TESTS += tests/device/driver-restart-test.py

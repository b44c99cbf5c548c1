# SPDX-License-Identifier: GPL-2.0-or-later
# tests/differential: the same calls to stock libvirt and to ours
dist_check_SCRIPTS += tests/differential/differential-test.py
TESTS += tests/differential/differential-test.py
EXTRA_DIST += tests/differential/calls tests/differential/compare tests/differential/masks.py \
	tests/differential/steps tests/differential/differences \
	tests/differential/stock-9.0.jsonl tests/differential/stock-11.3.jsonl

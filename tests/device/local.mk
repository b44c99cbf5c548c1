# tests/device
dist_check_SCRIPTS += tests/device/startup-test.py
TESTS += tests/device/startup-test.py

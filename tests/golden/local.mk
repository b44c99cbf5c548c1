# tests/golden

# The daemon and stock virsh.
dist_check_SCRIPTS += tests/golden/virsh-connect.sh
TESTS += tests/golden/virsh-connect.sh

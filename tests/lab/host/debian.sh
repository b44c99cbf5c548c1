# SPDX-License-Identifier: GPL-2.0-or-later
#
# For scenarios that boot an installed Debian by virsh, and migrate it: . /lab/debian.sh,
# after lib.sh. LAB_DRIVER=qemu does the same with stock libvirtd and QEMU: what they expect
# of our driver must hold for the one that it stands in for.
case ${LAB_DRIVER:=vireo} in
    vireo | qemu) here=$LAB_DRIVER:///system ;;
esac
export VIRSH_DEFAULT_CONNECT_URI=$here
host2=$LAB_DRIVER+tcp://host2/system
host1=$LAB_DRIVER+tcp://host1/system

start_daemon() {
    start_services
    if [ "$LAB_DRIVER" = qemu ]; then
        start_libvirtd
    elif [ "$LAB_HOSTS" = 2 ]; then
        start_virtvireod --tcp-listen "10.9.0.${LAB_HOST#host}:16509"
    else
        start_virtvireod
    fi
}

# guest STEP...: a conversation with the guest here, from a prompt to a prompt.
guest() { console_of login "$@" leave; }
console_of() {
    console -t 300 -l "$RESULTS/console.log" "$@" -- virsh console debian
}

# stops: the guest powers itself off. The echo of its line says that it has got it.
shut_off() { [ "$(virsh domstate debian 2>/dev/null | head -1)" != running ]; }
stops() {
    console_of login "$@" "send:systemctl poweroff\r" "expect:poweroff\\s" &&
        wait_for 90 shut_off
}

# counter: how many values the guest has written; past the page cache.
counter() {
    dd if=/dev/lab/counter bs=1M iflag=direct status=none | tr -d '\0' | wc -l
}
counts_beyond() { [ "$(counter)" -gt "$1" ]; }

# migrates TO: while the guest writes to a shared disk, and it is defined there then.
migrates() {
    local at
    show virsh migrate --live --persistent --undefinesource --verbose debian "$1" || return 1
    at=$(counter)
    say "the counter stood at $at when the migration ended"
    check "the counter goes on" wait_for 60 counts_beyond $((at + 20))
    check "no emulator is left here" test -z "$(pgrep -f guest=debian)"
}

# The partitions as this host's kernel sees them.
partition() { echo "$(readlink -f /dev/lab/system)$1"; }

cleanup() { cp -r /var/log/libvirt "$RESULTS/" 2>/dev/null; }

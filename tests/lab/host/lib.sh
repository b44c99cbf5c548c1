# SPDX-License-Identifier: GPL-2.0-or-later
#
# What scenarios are written with: . /lab/lib.sh (bash). A scenario runs in its own
# directory on each of its hosts, with
#
#   LAB_HOST      host1 or host2
#   LAB_HOSTS     how many there are
#   LAB_LIBVIRT   9.0 or 11.3: the libvirt of this root file system
#   LAB_KERNEL    the version of the guest's kernel: $LAB_GUEST/vmlinuz-$LAB_KERNEL
#   /dev/lab/NAME the shared disks of its header
#   $RESULTS      what is left here comes back to results/HOST in the run directory
#
# and ends with finish.
LAB_GUEST=/lab/guest
RESULTS=/lab/results
KERNEL=$LAB_GUEST/vmlinuz-$LAB_KERNEL
INITRD=$LAB_GUEST/initrd-$LAB_KERNEL
failures=0
PATH=/lab/bin:$PATH

uptime() { local up; read -r up _ < /proc/uptime; echo "$up"; }
say() { echo "[$LAB_HOST $(uptime)] $*"; }
pass() { say "ok: $*"; }
fail() { say "FAIL: $*"; failures=$((failures + 1)); }

# show COMMAND ARG...: runs it as a reader of the log would type it.
show() {
    say "\$ $*"
    "$@"
}

# check NAME COMMAND ARG...: one thing that must hold; the scenario goes on.
check() {
    local name=$1
    shift
    if "$@"; then pass "$name"; else fail "$name (status $?: $*)"; fi
}

# must NAME COMMAND ARG...: one thing without which going on has no sense.
must() {
    local before=$failures
    check "$@"
    if [ "$failures" != "$before" ]; then finish; fi
}

finish() {
    if declare -F cleanup >/dev/null; then cleanup; fi
    say "finished, $failures failed"
    exit $((failures > 0))
}

# wait_for SECONDS COMMAND ARG...: asks again and again until COMMAND succeeds.
wait_for() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        if [ "$SECONDS" -ge "$deadline" ]; then return 1; fi
        sleep 0.1
    done
}

# barrier NAME: waits until both hosts are here.
barrier() { must "both hosts at $1" /lab/bin/barrier wait "$1"; }

# firmware KIND NAME: sets $firmware, the options of a VM without a kernel of its own:
# SeaBIOS (bios), which both emulators start by themselves, or OVMF (uefi), which keeps its
# variables in /tmp/NAME.fd.
firmware() {
    local ovmf=/usr/share/OVMF vars=/tmp/$2.fd
    firmware=()
    if [ "$1" = uefi ]; then
        [ -e "$vars" ] || cp $ovmf/OVMF_VARS_4M.fd "$vars"
        firmware=(-drive "if=pflash,unit=0,format=raw,readonly=on,file=$ovmf/OVMF_CODE_4M.fd"
                  -drive "if=pflash,unit=1,format=raw,file=$vars")
    fi
}

load_kvm() {
    if grep -qw svm /proc/cpuinfo; then modprobe kvm-amd; else modprobe kvm-intel; fi
    test -c /dev/kvm
}

# slow_disk SIZE MS: /dev/mapper/slow, whose requests take so long: the shared disk slow,
# all ones.
slow_disk() {
    tr '\0' '\377' < /dev/zero | head -c "$1" > /dev/lab/slow &&
        modprobe dm-mod && modprobe dm-delay &&
        echo "0 $(blockdev --getsz /dev/lab/slow) delay /dev/lab/slow 0 $2" |
        dmsetup create slow --noudevsync &&
        dmsetup mknodes && test -b /dev/mapper/slow
}

# D-Bus, udev and virtlogd, which the daemons below expect to run.
start_services() {
    mkdir -p /run/dbus /run/libvirt
    dbus-daemon --system --fork
    /lib/systemd/systemd-udevd --daemon
}

# start_libvirtd: stock libvirtd, without systemd; clients come in by its socket, and
# by TCP without authentication.
start_libvirtd() {
    printf '%s\n' 'user="root"' 'group="root"' 'security_driver="none"' \
        'cgroup_controllers=[]' 'stdio_handler="file"' > /etc/libvirt/qemu.conf
    printf '%s\n' listen_tls=0 listen_tcp=1 'auth_tcp="none"' \
        "host_uuid=\"00000000-0000-4000-8000-00000000000${LAB_HOST#host}\"" \
        > /etc/libvirt/libvirtd.conf
    rm -f /etc/libvirt/qemu/networks/autostart/*
    virtlogd -d
    libvirtd -d -l
    wait_for 60 virsh -q -c qemu:///system uri
}

restart_libvirtd() {
    kill "$(cat /run/libvirtd.pid)" && wait_for 20 eval '! pgrep -x libvirtd > /dev/null' &&
        libvirtd -d -l && wait_for 60 virsh -q -c qemu:///system uri
}

# start_virtvireod [OPTION...]: our daemon, in the background. What it says goes to
# $RESULTS/virtvireod.log; its process id is $VIRTVIREOD.
start_virtvireod() {
    virtvireod "$@" >> "$RESULTS/virtvireod.log" 2>&1 &
    VIRTVIREOD=$!
    wait_for 30 virsh -q -c vireo:///system uri
}

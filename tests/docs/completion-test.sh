#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What bash offers for vireo and virtvireod, word by word, where it does not split words at
# '=' and ':'; completion-pty-test.py has the rest.
source=${srcdir:-.}/docs/completion
# shellcheck source=/dev/null
. "$source/vireo" && . "$source/virtvireod" || exit 1
failed=0

# offers FUNCTION OPTION WORD: one candidate a line. Options with their values may stand
# before OPTION.
offers() {
    local before
    read -ra before <<<"$2"
    COMPREPLY=() COMP_WORDBREAKS=' '
    COMP_WORDS=("./$1" "${before[@]}" "$3") COMP_CWORD=$((${#before[@]} + 1))
    COMP_LINE="./$1 $2 $3" COMP_POINT=$((${#1} + ${#2} + ${#3} + 4))
    "_$1" "./$1" "$3" "$2"
    printf '%s\n' "${COMPREPLY[@]}"
}
# expect FUNCTION OPTION WORD CANDIDATE...: these are offered.
expect() {
    local function=$1 option=$2 word=$3 each
    shift 3
    for each in "$@"; do
        if ! offers "$function" "$option" "$word" | grep -qxF -- "$each"; then
            echo "$function $option $word<TAB> does not offer '$each'"
            failed=1
        fi
    done
}

mapfile -t options < <(./vireo -help | sed -n 's/^\(-[A-Za-z][^ ]*\).*/\1/p')
[ ${#options[@]} -gt 30 ] || { echo "-help has ${#options[@]} options"; failed=1; }
expect vireo vireo - "${options[@]}"
expect vireo -machine m microvm microvm-vireo-1.0
expect vireo -accel '' kvm qtest
expect vireo -cpu h host
expect vireo -device virtio-b virtio-blk-device virtio-blk-mmio
expect vireo -device i isa-serial
expect vireo -object rng rng-random rng-builtin
expect vireo -chardev s stdio socket
expect vireo -netdev '' tap
expect vireo -blockdev '' raw file host_device
expect vireo -device virtio-blk-device,dr virtio-blk-device,drive=
expect vireo -device virtio-blk-device,drive=a,ser virtio-blk-device,drive=a,serial=
expect vireo -machine microvm,ac microvm,acpi=
expect vireo -object rng-random,file rng-random,filename=
expect vireo -machine q q35
expect vireo -machine pc-q pc-q35-vireo-1.0
expect vireo -device virtio-blk-p virtio-blk-pci virtio-blk-pci-non-transitional \
    virtio-blk-pci-transitional
expect vireo -device virtio-bl virtio-blk virtio-blk-pci virtio-blk-device
expect vireo -device virtio-net-pci,ad virtio-net-pci,addr=
expect vireo -device pcie-root-port,id=p,hot pcie-root-port,id=p,hotplug=
expect vireo -global I ICH9-LPC.
expect vireo -global ICH9-LPC.disable_s ICH9-LPC.disable_s3= ICH9-LPC.disable_s4=
expect vireo -global virtio-blk-pci.drive virtio-blk-pci.drive=
expect vireo -machine q35,acpi=o q35,acpi=on q35,acpi=off
expect vireo -machine type=q type=q35
expect vireo -machine q35,accel= q35,accel=kvm q35,accel=qtest
expect vireo -blockdev driver=fi driver=file
expect vireo -blockdev driver=file,aio=t driver=file,aio=threads
expect vireo -blockdev driver=file,no driver=file,node-name=
expect vireo -kernel "${srcdir:-.}/config" "${srcdir:-.}/configure.ac"
expect vireo -cdrom "${srcdir:-.}/config" "${srcdir:-.}/configure.ac"
expect vireo -hdb "${srcdir:-.}/config" "${srcdir:-.}/configure.ac"
expect vireo -drive "if=ide,file=${srcdir:-.}/config" "if=ide,file=${srcdir:-.}/configure.ac"
expect vireo -drive '' if= file= format= media= index=
expect vireo -drive if=pf if=pflash
expect vireo -drive if=none,media= if=none,media=disk if=none,media=cdrom
expect vireo -nic '' tap user none
expect vireo -net '' tap user nic none
expect vireo -nic user,m user,mac= user,model=
expect vireo -net nic,m nic,macaddr= nic,model=
expect vireo -nic user,model=v user,model=virtio user,model=virtio-net-pci
expect vireo -nic model=e model=e1000
expect vireo -watchdog-action p poweroff pause
expect vireo -serial mon mon:stdio
expect vireo '-netdev user,id=mine -chardev null,id=other -device' virtio-net-pci,netdev= \
    virtio-net-pci,netdev=mine
expect vireo '-device pcie-root-port,id=port1 -device' e1000,bus=p e1000,bus=port1 e1000,bus=pcie.0
expect vireo '-blockdev null-co,node-name=d0 -device' virtio-blk-pci,drive= virtio-blk-pci,drive=d0
expect vireo -fw_cfg name=opt/x,f name=opt/x,file=
expect vireo -boot m menu=
expect vireo -boot menu=o menu=on menu=off
expect vireo -smbios '' type= file=
expect vireo -L "${srcdir:-.}/emu" "${srcdir:-.}/emulator"
expect virtvireod virtvireod --p --prefix-dir
expect virtvireod virtvireod '' --daemon --emulator --tcp-listen --timeout --verbose --version
[ -z "$(offers vireo -device none-such,x)" ] || { echo "properties of what is not there"; failed=1; }
exit $failed

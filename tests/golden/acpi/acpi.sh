#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The ACPI tables of the microvm, as iasl reads them, against the golden files.
# acpi.sh --update writes the golden files anew.
set -eu
golden=${srcdir:-$(dirname "$0")/../../..}/tests/golden/acpi
dump=${builddir:-.}/tests/golden/acpi/dump
command -v iasl >/dev/null || { echo "skipped: no iasl"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

"$dump" "$dir" 2
for table in APIC FACP DSDT; do
    iasl -p "$dir/$table" -d "$dir/$table.dat" >"$dir/log" 2>&1 ||
        { cat "$dir/log"; exit 1; }
    ! grep -i -E 'error|invalid' "$dir/log" || exit 1
    # the first comment names version, file and date; other comments, columns of
    # offsets and the dump in hexadecimal differ between versions of iasl
    sed -E -e '1,/^ \*\/$/d' -e '/^Raw Table Data/,$d' -e 's/^\[[^]]*\] *//' \
        -e 's,/\*[^*]*\*/,,g' -e 's, *//.*,,' -e 's/[ \t]+$//' "$dir/$table.dsl" |
        cat -s >"$dir/$table.out"
    if [ "${1-}" = --update ]; then
        cp "$dir/$table.out" "$golden/$table.dsl"
    fi
    diff -u "$golden/$table.dsl" "$dir/$table.out" ||
        { echo "$table differs from the golden file"; exit 1; }
done
# what iasl wrote must compile without an error or a warning
iasl -p "$dir/again" "$dir/DSDT.dsl" >"$dir/log" 2>&1 || { cat "$dir/log"; exit 1; }
grep -q ' 0 Errors, 0 Warnings' "$dir/log" || { cat "$dir/log"; exit 1; }

# the largest board fits
"$dump" "$dir" 254
iasl -p "$dir/DSDT" -d "$dir/DSDT.dat" >"$dir/log" 2>&1
grep -q C0FD "$dir/DSDT.dsl"

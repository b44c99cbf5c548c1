#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Collects the #syscalls notes of the emulator's sources and writes them as a C table,
which gen-filters.c makes into filters.

Beside the code that makes a system call stands, in a comment, what it calls:

     * #syscalls KIND[,KIND...]: CALL [CALL...] [-- rare: REASON]

and goes on until an empty line of the comment, its end, or the next note.

KIND  a kind of thread: main, vcpu, io (iothreads and block workers), migration, slow (one
      call each for the main loop, event/slow.h); start (any thread, until it has a filter
      of its own); resolver (the process that looks names up); user (the thread of user
      networks, which is started before there is a filter, so that no other allows what
      it does); all: the first five
CALL  a system call's name, perhaps with what its arguments must be:
        ioctl(KVM_RUN)                the request, by its name in the kernel's headers
        mmap(2&PROT_EXEC=0)           argument 2 (from 0), masked, is 0
        socket(0=AF_UNIX,1=SOCK_RAW)  two arguments
        clone3!ENOSYS                 fails, and the caller knows another way
rare  no test makes the call: the reason why it is there nonetheless

A call without a note ends the process. tests/syscalls/run finds them, and finds notes
that nothing needs. Headers for names: gen-filters.c includes them.
"""
import os
import re
import sys

KINDS = {"main": "MAIN", "vcpu": "VCPU", "io": "IO", "migration": "MIGRATION",
         "start": "START", "resolver": "RESOLVER", "slow": "SLOW", "user": "USER",
         "all": "ALL"}
SYNTAX = "a note is '#syscalls KIND[,KIND]: CALL [CALL...] [-- rare: REASON]', see " \
         "emulator/sandbox/notes.py"
CALL = re.compile(r"([a-z][a-z0-9_]*)(?:\(([^()\s]+)\))?(?:!(E[A-Z0-9]+))?$")
CONDITION = re.compile(r"([0-5])(?:&([A-Za-z0-9_|~]+))?=([A-Za-z0-9_|]+)$")
REQUEST = re.compile(r"[A-Z][A-Z0-9_]+$")
# Only in a build with sanitizers.
SANITIZERS = "sandbox/sanitizers.h"


class Malformed(Exception):
    pass


def raw_notes(lines):
    """Yields (line number, text behind #syscalls) of a file's lines."""
    number, text, comment = 0, None, False
    for at, line in enumerate(lines, 1):
        start = re.match(r"\s*(?:/\*|\*)?\s*#syscalls\b(.*)", line)
        if text is not None and (start or not comment or
                                 re.match(r"\s*\*?\s*(\*/.*)?$", line)):
            yield number, text
            text = None
        if start:
            number, text, comment = at, start.group(1), True
            if not line.lstrip().startswith(("*", "/*")):
                raise Malformed(at, "a note stands in a comment")
        elif text is not None:
            text += " " + line.strip().lstrip("*").strip()
        if "*/" in line:
            comment = False
            if text is not None:
                yield number, text.split("*/")[0]
                text = None


def condition(name, text, number):
    if name == "ioctl" and REQUEST.match(text):
        return [("1", "0xffffffff", text)]
    out = []
    for part in text.split(","):
        m = CONDITION.match(part)
        if not m:
            raise Malformed(number, f"'{text}' is not a condition")
        out.append((m.group(1), m.group(2) or "0xffffffff", m.group(3)))
    if len(out) > 2:
        raise Malformed(number, f"'{text}': at most two conditions")
    return out


def call(text, number):
    """(name, conditions, errno)"""
    m = CALL.match(text)
    if not m:
        raise Malformed(number, f"'{text}' is not a call")
    name, args, error = m.groups()
    if name == "ioctl" and not args:
        raise Malformed(number, "ioctl without its request")
    return name, condition(name, args, number) if args else [], error


def parse(number, text):
    """(kinds, [calls as written], reason or None) of one note."""
    body, dashes, reason = text.partition("--")
    m = re.match(r" ([a-z,]+): +(\S.*)$", body.rstrip())
    if not m:
        raise Malformed(number, "malformed note")
    kinds = m.group(1).split(",")
    for kind in kinds:
        if kind not in KINDS:
            raise Malformed(number, f"unknown kind of thread '{kind}'")
    reason = re.sub(r"\s+", " ", reason.strip())
    if dashes and not re.match(r"rare: \w", reason):
        raise Malformed(number, "'--' is followed by 'rare: REASON'")
    return kinds, m.group(2).split(), reason[6:] or None


def notes_of(path, shown):
    with open(path, encoding="utf-8") as f:
        lines = f.read().splitlines()
    for number, text in raw_notes(lines):
        kinds, calls, reason = parse(number, text)
        for each in calls:
            yield shown, number, kinds, each, call(each, number), reason


def sources(top):
    for folder, folders, names in os.walk(os.path.join(top, "emulator")):
        folders.sort()
        for name in sorted(names):
            if name.endswith((".c", ".h")):
                yield os.path.join(folder, name)


def collect(top, sanitizers):
    """All notes; errors are printed, and None is returned then."""
    notes, failed = [], False
    for path in sources(top):
        shown = os.path.relpath(path, top)
        if path.endswith(SANITIZERS) and not sanitizers:
            continue
        try:
            notes += notes_of(path, shown)
        except Malformed as e:
            print(f"{shown}:{e.args[0]}: {e.args[1]}; {SYNTAX}", file=sys.stderr)
            failed = True
    return None if failed else notes


def print_table(notes):
    print("/* Made by emulator/sandbox/notes.py. */")
    for shown, number, kinds, text, (name, conditions, error), reason in notes:
        mask = " | ".join(KINDS[kind] for kind in kinds)
        rows = ", ".join("{ %s, (unsigned)(%s), (unsigned)(%s) }" % c for c in conditions)
        print(f'#line {number} "{shown}"')
        print(f'{{ {mask}, "{name}", "{text}", "{shown}", {number}, '
              f'{int(reason is not None)}, {error or 0}, {len(conditions)}, '
              f'{{ {rows or "{ 0 }"} }} }},')


def main():
    args = sys.argv[1:]
    sanitizers = "--sanitizers" in args
    top = [a for a in args if not a.startswith("--")][0]
    notes = collect(top, sanitizers)
    if notes is None:
        return 1
    print_table(notes)
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Command lines that others have written: lines.txt says what becomes of each; those of
libvirt (libvirt-*.json) are accepted, or refused by one line that names what it is about."""
import json
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)
from starts import adapt, run, run_captured  # noqa: E402


def check_lines(directory):
    failed = 0
    with open(os.path.join(HERE, 'lines.txt'), encoding='utf-8') as f:
        rows = [line.strip() for line in f if line.strip() and line[0] != '#']
    for row in rows:
        expected, args = re.match(r'(.*?): (-.*)', row).groups()
        status, messages = run(adapt(args.split(), directory), directory)
        good = (status == 0 if expected == 'ok'
                else status == 1 and messages.endswith(expected))
        if not good:
            failed += 1
            print(f'{args}\n  expected: {expected}\n  exit {status}: {messages}')
    print(f'{len(rows)} lines, {failed} failed')
    return failed


def check_captured(directory):
    failed = 0
    names = sorted(n for n in os.listdir(HERE) if n.startswith('libvirt-'))
    for name in names:
        with open(os.path.join(HERE, name), encoding='utf-8') as f:
            args = json.load(f)
        status, messages = run_captured(args, directory)
        words = re.findall(r'[\w.-]{4,}', messages)
        named = any(w in a for w in words for a in args)
        if status != 0 and not (status == 1 and named and '\n' not in messages):
            failed += 1
        print(f'{name}: exit {status} {messages}')
    assert names
    return failed


def main():
    with tempfile.TemporaryDirectory(prefix='vireo-argv-') as directory:
        return check_lines(directory) + check_captured(directory) != 0


sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Command lines that others have written: lines.txt says what becomes of each; those of
libvirt (*.json) are accepted, or refused by one line that names what it is about."""
import json
import os
import re
import socket
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
VIREO = os.path.join(os.environ.get('builddir', '.'), 'vireo')
WITH_FILE = {'-kernel', '-initrd', '-append'}


def adapt(args, directory):
    """What depends on the host: no KVM, no kernels, a disk of our own."""
    out, skip = [], False
    for arg in args:
        if skip or arg in WITH_FILE:
            skip = not skip
        elif arg == '-enable-kvm':
            out += ['-accel', 'qtest']
        else:
            arg = re.sub(r'accel=kvm(:tcg)?\b', 'accel=qtest', arg)
            arg = re.sub(r'^kvm(?=,|$)', 'qtest', arg)
            out.append(re.sub(r'@DISK@|/fixtures/img/[^"]*',
                              os.path.join(directory, 'disk'), arg))
    return out


def converse(path, process):
    """Waits for the greeting, then quits; None: it has ended before."""
    with socket.socket(socket.AF_UNIX) as s:
        while True:
            try:
                s.connect(path)
                break
            except (FileNotFoundError, ConnectionRefusedError):
                if process.poll() is not None:
                    return
        s.settimeout(60)
        try:
            s.sendall(b'{"execute":"qmp_capabilities"}{"execute":"quit"}')
            while s.recv(65536):
                pass
        except (BrokenPipeError, ConnectionResetError):
            pass


def run(args, directory, listener=None, number=None):
    """Returns exit status and messages of a start that is ended at once."""
    path = os.path.join(directory, 'qmp')
    command = [VIREO] + args + ['-S']
    fds = ()
    if number is None:
        command += ['-qmp', f'unix:{path},server=on,wait=off']
    else:
        os.dup2(listener.fileno(), number)
        fds = (number,)
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=fds, text=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if number is not None:
        os.close(number)
        listener.close()
    converse(path, process)
    messages = process.communicate(timeout=60)[1]
    if number is None and os.path.exists(path):
        os.unlink(path)
    return process.returncode, messages.strip()


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
    names = sorted(n for n in os.listdir(HERE) if n.endswith('.json'))
    for name in names:
        with open(os.path.join(HERE, name), encoding='utf-8') as f:
            args = json.load(f)
        number = next(int(re.search(r'fd=(\d+)', a).group(1)) for a in args
                      if a.startswith('socket,id=charmonitor'))
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(os.path.join(directory, 'qmp'))
        listener.listen()
        status, messages = run(adapt(args, directory), directory, listener, number)
        os.unlink(os.path.join(directory, 'qmp'))
        words = re.findall(r'[\w.-]{4,}', messages)
        named = any(w in a for w in words for a in args)
        if status != 0 and not (status == 1 and named and '\n' not in messages):
            failed += 1
        print(f'{name}: exit {status} {messages}')
    assert names
    return failed


def main():
    with tempfile.TemporaryDirectory(prefix='vireo-argv-') as directory:
        with open(os.path.join(directory, 'disk'), 'wb') as f:
            f.truncate(1 << 20)
        return check_lines(directory) + check_captured(directory) != 0


sys.exit(main())

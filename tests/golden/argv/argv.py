#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Command lines that others have written: lines.txt says what becomes of each; those of
libvirt (libvirt-*.json) are accepted, or refused by one line that names what it is about.
q35.json has all q35 lines that libvirt 9.0 and 11.3 have been seen to write, as numbers
of words; q35.txt says what each is refused for: "VERSION/NAME: MESSAGE", or ok."""
import difflib
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
IMAGES = (r'@DISK@|/fixtures/img/[^"]*'
          r'|/(usr/share/OVMF|var/lib/libvirt/qemu/nvram)/[^",]*')


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
            out.append(re.sub(IMAGES, os.path.join(directory, 'disk'), arg))
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


def run_captured(args, directory):
    """As run(), with libvirt's descriptor for the monitor; domxml-to-native has a path."""
    monitor = next(a for a in args if a.startswith('socket,id=charmonitor'))
    if 'fd=' not in monitor:
        path = os.path.join(directory, 'monitor')
        args = [re.sub(r'path=[^,]*', 'path=' + path, a) if a == monitor else a
                for a in args]
        return run(adapt(args, directory), directory)
    number = int(re.search(r'fd=(\d+)', monitor).group(1))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.path.join(directory, 'qmp'))
    listener.listen()
    result = run(adapt(args, directory), directory, listener, number)
    os.unlink(os.path.join(directory, 'qmp'))
    return result


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


def q35_outcomes(directory):
    """Pairs of a line's name and what becomes of it, without the option's value."""
    with open(os.path.join(HERE, 'q35.json'), encoding='utf-8') as f:
        table = json.load(f)
    for name, numbers in sorted(table['lines'].items()):
        args = [re.sub(r'^pc-q35-[\d.]+', 'pc-q35-vireo-1.0', table['words'][n])
                for n in numbers]
        args = [re.sub(r'/dev/hugepages/|/var/lib/libvirt/(?!qemu/nvram)', '/nonexistent/', a)
                for a in adapt(args, directory)]
        status, messages = run_captured(args, directory)
        messages = re.sub(r'^vireo: ', '', messages)
        origin = next((f'{o} {v}' for o, v in zip(args, args[1:])
                       if messages.startswith(f'{o} {v}: ')), '')
        option = origin.split(' ')[0]
        yield name, 'ok' if status == 0 else option + messages[len(origin):]


def check_q35(directory):
    with open(os.path.join(HERE, 'q35.txt'), encoding='utf-8') as f:
        expected = [line.strip() for line in f if line.strip() and line[0] != '#']
    got = [f'{name}: {outcome}' for name, outcome in q35_outcomes(directory)]
    diff = list(difflib.unified_diff(expected, got, 'q35.txt', 'this build', lineterm='',
                                     n=0))
    print('\n'.join(diff))
    print(f'{len(got)} lines of q35')
    return len(diff)


def main():
    with tempfile.TemporaryDirectory(prefix='vireo-argv-') as directory:
        with open(os.path.join(directory, 'disk'), 'wb') as f:
            f.truncate(1 << 20)
        return check_lines(directory) + check_captured(directory) + check_q35(directory) != 0


sys.exit(main())

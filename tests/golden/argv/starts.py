# SPDX-License-Identifier: GPL-2.0-or-later
"""Starts of vireo by command lines that others have written, ended at once."""
import os
import re
import socket
import subprocess

VIREO = os.path.join(os.environ.get('builddir', '.'), 'vireo')
TIMEOUT = 120  # seconds, on a machine that has other work
WITH_FILE = {'-kernel', '-initrd', '-append'}
IMAGES = (r'@DISK@|/fixtures/img/[^"]*'
          r'|/(usr/share/OVMF|var/lib/libvirt/qemu/nvram)/[^",]*')


# Of firmware and its variables, which go together.
SIZES = {'/usr/share/OVMF/': 0x37c000, '/var/lib/libvirt/qemu/nvram/': 0x84000}


def image(name, directory):
    """A sparse file of that name, or an image."""
    path = os.path.join(directory, os.path.basename(name).strip('@').lower())
    if path.endswith('.qcow2'):
        if not os.path.exists(path):
            subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', path, '1G'], check=True)
        return path
    with open(path, 'ab') as f:
        f.truncate(next((n for start, n in SIZES.items() if name.startswith(start)), 1 << 30))
    return path


def adapt(args, directory):
    """What depends on the host: no KVM, no kernels, images of our own."""
    out, skip = [], False
    for arg in args:
        if skip or arg in WITH_FILE:
            skip = not skip
        elif arg == '-enable-kvm':
            out += ['-accel', 'qtest']
        else:
            arg = re.sub(r'accel=kvm(:tcg)?\b', 'accel=qtest', arg)
            arg = re.sub(r'^kvm(?=,|$)', 'qtest', arg)
            out.append(re.sub(IMAGES, lambda m: image(m.group(), directory), arg))
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
        s.settimeout(TIMEOUT)
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
    messages = process.communicate(timeout=TIMEOUT)[1]
    # What would be taken instead grows with every new type and option.
    messages = re.sub(r" \((it is one of|it takes only|-device help|of QEMU, not).*\)$", "",
                      messages)
    if number is None and os.path.exists(path):
        os.unlink(path)
    return process.returncode, messages.strip()


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

# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole `virsh start` of a tiny guest: virtvireod against stock libvirtd.

Both daemons run on this machine with sockets and configuration of their own:
libvirtd in a mount namespace with another /etc/libvirt, since qemu.conf has no
option.
"""
import contextlib
import os
import subprocess
import time

UUID = "5ac0f1b6-7f0e-4e6a-9b0b-0d3c2f6a7e%02d"
XML = """<domain type='kvm'>
  <name>perf</name>
  <uuid>%s</uuid>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='microvm'>hvm</type><kernel>%s</kernel></os>
  <features><acpi/></features>
  <cpu mode='host-passthrough'>%s</cpu>
  <on_poweroff>destroy</on_poweroff>
  <devices>
    <emulator>%s</emulator>
    <controller type='usb' model='none'/>
    <serial type='pty'><target port='0'/></serial>
    <memballoon model='none'/>
  </devices>
</domain>
"""
# What vm.cpu_of() says to QEMU.
QEMU_CPU = "<feature policy='disable' name='arch-capabilities'/>"
QEMU_CONF = """user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
stdio_handler = "file"
namespaces = []
"""
LIBVIRTD_CONF = """unix_sock_dir = "%s"
auth_unix_rw = "none"
auth_unix_ro = "none"
"""


def virsh(uri, *words):
    return subprocess.run(["virsh", "-q", "-c", uri] + list(words), check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True).stdout


def wait_for_socket(path, process, log):
    """The daemon says that it is ready by its socket; it has no other sign."""
    deadline = time.monotonic() + 30
    while not os.path.exists(path):
        if process.poll() is not None or time.monotonic() > deadline:
            with open(log, encoding="utf-8", errors="replace") as f:
                raise RuntimeError("%s: no socket: %s" % (process.args[0], f.read()))
        time.sleep(0.02)


@contextlib.contextmanager
def daemon(argv, socket, log):
    with open(log, "wb") as out:
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        wait_for_socket(socket, process, log)
        yield
    finally:
        process.terminate()
        process.wait()


def define(uri, number, guest, emulator, cpu, workdir):
    path = os.path.join(workdir, "perf-%d.xml" % number)
    with open(path, "w", encoding="utf-8") as f:
        f.write(XML % (UUID % number, guest, cpu, emulator))
    subprocess.run(["virsh", "-q", "-c", uri, "destroy", "perf"], check=False,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    virsh(uri, "define", path)


@contextlib.contextmanager
def daemons(args, workdir):
    """Yields the peers: (name, URI)."""
    ours = os.path.join(workdir, "vireo")
    our_socket = ours + "/run/libvirt/virtvireod-sock"
    our_uri = "vireo+unix:///system?socket=" + our_socket
    theirs = os.path.join(workdir, "libvirt")
    os.makedirs(theirs + "/etc/qemu")
    for name, text in (("libvirtd.conf", LIBVIRTD_CONF % theirs), ("qemu.conf", QEMU_CONF)):
        with open(os.path.join(theirs, "etc", name), "w", encoding="utf-8") as f:
            f.write(text)
    their_uri = "qemu+unix:///system?socket=" + theirs + "/libvirt-sock"
    with contextlib.ExitStack() as stack:
        stack.enter_context(daemon(
            [os.path.join(args.build, "virtvireod"), "--prefix-dir", ours,
             "--emulator", args.vireo], our_socket, workdir + "/virtvireod.log"))
        stack.enter_context(daemon(
            ["unshare", "--mount", "sh", "-c",
             "mount --bind '%s/etc' /etc/libvirt && exec libvirtd --pid-file '%s/pid'"
             % (theirs, theirs)],
            theirs + "/libvirt-sock", workdir + "/libvirtd.log"))
        define(our_uri, 1, args.guest, args.vireo, "", workdir)
        define(their_uri, 2, args.guest, args.qemu, QEMU_CPU, workdir)
        try:
            yield [("vireo", our_uri), ("qemu", their_uri)]
        finally:
            for uri in (our_uri, their_uri):
                subprocess.run(["virsh", "-q", "-c", uri, "undefine", "perf"], check=False)


def measure(uri):
    begin = time.monotonic()
    virsh(uri, "start", "perf")
    elapsed = 1e3 * (time.monotonic() - begin)
    virsh(uri, "destroy", "perf")
    return {"virsh-start": elapsed}

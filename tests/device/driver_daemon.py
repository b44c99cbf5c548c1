# SPDX-License-Identifier: GPL-2.0-or-later
"""Daemons under stock virsh, for the driver tests here."""
import concurrent.futures
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import driver_introspection

SRC = os.environ.get("srcdir") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("builddir") or os.getcwd()
DAEMON = os.path.join(BUILD, "virtvireod")
STAND_IN = os.path.abspath(os.path.join(BUILD, "tests/device/stand-in"))
EMULATOR = os.path.join(STAND_IN, "driver-emulator.py")
VIRSH_QUIT = os.path.abspath(os.path.join(BUILD, "tests/device/virsh-quit.so"))
LIMIT = 60  # seconds that anything may take, on a machine that has other work
JOBS = 4    # tests at a time: they wait most of their time

XML = """<domain type='kvm'><name>{name}</name>
<uuid>11111111-2222-3333-4444-{number:012d}</uuid><memory unit='MiB'>64</memory>
<os><type arch='x86_64'{machine}>hvm</type><kernel>{kernel}</kernel>
<cmdline>{words}</cmdline></os><features><acpi/></features>
<on_poweroff>{on_poweroff}</on_poweroff><on_reboot>{on_reboot}</on_reboot>
<devices>{devices}<serial type='pty'/><console type='pty'/></devices></domain>"""

DISK = """<disk type='file' device='disk'><driver name='qemu' type='raw' {cache}/>
<source file='{path}'/><target dev='{target}' bus='virtio'/>{more}</disk>"""

# Not asked for: each takes a place of its own.
BARE = {"<memballoon": "<memballoon model='none'/>",
        "type='usb'": "<controller type='usb' model='none'/>"}
PORTS = 3 * "<controller type='pci' model='pcie-root-port'/>"  # to plug something into


def wait_for(what, condition):
    end = time.time() + LIMIT
    while not condition():
        if time.time() > end:
            raise AssertionError("waited too long: " + what)
        time.sleep(0.02)


def process_state(pid):
    """Its letter in /proc; None when it is gone."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def kill_process(pid):
    """Returns when it has ended, and has nothing open any more."""
    os.kill(pid, signal.SIGKILL)
    wait_for("the end of the process", lambda: process_state(pid) in (None, "Z", "X"))


def virsh(uri, *args):
    """The command line of it."""
    return ["env", "LD_PRELOAD=" + VIRSH_QUIT, "virsh", "-q", "-c", uri] + list(args)


class Daemon:
    """A virtvireod of its own, and virsh connected to it."""

    def __init__(self, root, emulator, kernel=None, machine="microvm"):
        self.root = root
        self.machine = machine  # of definitions that say none
        self.emulator = emulator
        self.log = os.path.join(root, "daemon.log")
        os.makedirs(root)
        self.kernel = kernel or os.path.join(root, "kernel")
        if not kernel:  # the stand-in looks at its descriptor alone
            open(self.kernel, "w").close()
        self.uri = "vireo+unix:///system?socket=%s/run/libvirt/virtvireod-sock" % root
        self.run_dir = root + "/run/libvirt/vireo"
        self.start()

    def start(self, wrapper=(), env=None, serves=True):
        """wrapper: words of a command that is to start it; env: added to ours; serves:
        it will, and is waited for."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                list(wrapper) +
                [DAEMON, "--prefix-dir", self.root, "--emulator", self.emulator],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                env=dict(os.environ, **(env or {})))
        if not serves:
            return
        wait_for("the daemon's start",
                 lambda: self.process.poll() is not None or self.try_virsh("uri")[0] == 0)
        assert self.process.poll() is None, open(self.log).read()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.terminate()
        status = self.process.wait(LIMIT + 10)
        assert status == 0, "the daemon's exit status is %d\n%s" % (
            status, open(self.log).read())

    def command(self, *args):
        return virsh(self.uri, *args)

    def try_virsh(self, *args):
        p = subprocess.run(self.command(*args), capture_output=True, text=True,
                           timeout=2 * LIMIT, stdin=subprocess.DEVNULL)
        return p.returncode, p.stdout.strip(), p.stderr.strip()

    def virsh(self, *args):
        status, out, err = self.try_virsh(*args)
        assert status == 0, "virsh %s: %s" % (" ".join(args), err)
        return out

    def fails(self, pattern, *args):
        status, out, err = self.try_virsh(*args)
        assert status != 0, "virsh %s succeeded: %s" % (" ".join(args), out)
        assert re.search(pattern, err), "virsh %s: %r does not have %r" % (
            " ".join(args), err, pattern)

    def state(self, name="vm"):
        status, out, _ = self.try_virsh("domstate", "--reason", name)
        return out if status == 0 else None

    def expect(self, state, name="vm"):
        wait_for("%s: %s, is %s" % (name, state, self.state(name)),
                 lambda: self.state(name) == state)

    def define(self, name="vm", words="", devices="", number=1, on_poweroff="destroy",
               on_reboot="restart", command="define", machine=""):
        """machine: "": the daemon's, on a q35 with free ports; None: it is not said."""
        if machine == "":
            machine, devices = self.machine, devices + (self.machine == "q35") * PORTS
        devices += "".join(none for what, none in BARE.items() if what not in devices)
        path = os.path.join(self.root, name + ".xml")
        with open(path, "w") as f:
            f.write(XML.format(name=name, words=words, devices=devices, number=number,
                               kernel=self.kernel, on_poweroff=on_poweroff,
                               on_reboot=on_reboot,
                               machine=" machine='%s'" % machine if machine else ""))
        return self.virsh(command, path) if command == "define" else path

    def pid(self, name="vm"):
        return int(open("%s/%s.pid" % (self.run_dir, name)).read())

    def status(self, name="vm"):
        """What its status file has."""
        with open("%s/%s.status" % (self.run_dir, name)) as f:
            return json.load(f)

    def next_node(self, name="vm"):
        """The number of the next disk's block nodes."""
        return self.status(name)["next-node"]

    def files(self):
        """What runs have left."""
        return sorted(n for n in os.listdir(self.run_dir) if n != "autostarted")

    def events(self):
        return Events(self)


class Events:
    """The events of virsh event --all, as they come."""

    def __init__(self, daemon):
        self.path = os.path.join(daemon.root, "events")
        self.process = subprocess.Popen(
            ["stdbuf", "-oL"] + daemon.command("event", "--all", "--loop"),
            stdout=open(self.path, "w"), stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL)
        # It is registered once it shows an event: make some until then.
        wait_for("events", lambda: self.poke(daemon))

    def poke(self, daemon):
        daemon.define("poke", number=99)
        daemon.virsh("undefine", "poke")
        return "poke" in open(self.path).read()

    def read(self, name="vm"):
        return re.findall(r"^event '(\S+)' for domain '%s':? ?(.*)\n" % name,
                          open(self.path).read(), re.M)

    def expect(self, *events, kind=None):
        """All, or all of one kind, as they come: virsh is a process of its own. Of one that
        ends by itself ask for a kind: that its monitor is gone may be seen first."""
        wanted = [tuple(e.split(": ")) if ": " in e else (e, "") for e in events]

        def seen():
            return [e for e in self.read() if kind in (None, e[0])]

        end = time.time() + LIMIT
        while len(seen()) < len(wanted) and time.time() < end:
            time.sleep(0.02)
        assert seen() == wanted, "events: %s" % self.read()

    def stop(self):
        self.process.terminate()
        self.process.wait()


# ---- terminals ----

def spawn_tty(command):
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    return pid, fd


def open_console(a, *options):
    command = a.command("console", "vm", *options)
    command.remove("-q")  # it hides the first line
    return spawn_tty(command)


def read_tty(fd, until, limit=LIMIT):
    data = b""
    end = time.time() + limit
    while until not in data and time.time() < end:
        if select.select([fd], [], [], 0.1)[0]:
            try:
                data += os.read(fd, 4096)
            except OSError:
                break
    return data


def type_until(fd, text, answer):
    """virsh throws away what was typed before it was ready, so type again."""
    end = time.time() + LIMIT
    data = b""
    while answer not in data and time.time() < end:
        os.write(fd, text)
        data += read_tty(fd, answer, 0.3)
    return data


# ---- what tests share ----

def open_paths(pid):
    """What the process has open."""
    folder = "/proc/%d/fd" % pid
    paths = []
    for number in os.listdir(folder):
        try:
            paths.append(os.readlink(os.path.join(folder, number)))
        except FileNotFoundError:
            pass
    return paths


def image(a, name="disk.img"):
    path = os.path.join(a.root, name)
    with open(path, "w") as f:
        f.truncate(1 << 20)
    return path


def wrapper(a, *words):
    """An emulator of its own binary, which can be replaced by another."""
    path = os.path.join(a.root, "emulator")
    with open(path + ".new", "w") as f:
        f.write("#!/bin/sh\nexec %s %s \"$@\"\n" % (a.emulator, " ".join(words)))
    os.chmod(path + ".new", 0o755)
    os.rename(path + ".new", path)
    return path


def migrate(a, b, *options):
    return ("migrate", "vm", b.uri, "--migrateuri", "tcp://127.0.0.1") + options


def start_slow(a, b, words="", *options):
    """A migration that goes on until something ends it."""
    a.define(words="slow-migration " + words)
    a.virsh("start", "vm")
    p = subprocess.Popen(a.command(*migrate(a, b, "--live", *options)),
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    wait_for("the job", lambda: "Unbounded" in a.virsh("domjobinfo", "vm") and
             a.status().get("job", {}).get("kind") == "migration out")
    wait_for("the destination", lambda: b.state() is not None)
    return p


def check_io_error(a):
    """It is kept over a daemon's restart, and of the next pause the reason is another."""
    a.expect("paused (I/O error)")
    wait_for("the status", lambda: a.status()["reason"] == 5)  # VIR_DOMAIN_PAUSED_IOERROR
    a.kill()
    a.start()
    a.expect("paused (I/O error)")
    a.virsh("resume", "vm")
    a.virsh("suspend", "vm")
    assert a.state() == "paused (user)", a.state()


# ---- the runner ----

def kill_leftovers(root):
    """Ends the stand-ins of daemons below root: whoever has the PID file open. The number
    in it alone may be a stranger's by now."""
    for folder, _, names in os.walk(root):
        for name in names:
            if name.endswith(".pid") and folder.endswith("/vireo"):
                path = os.path.join(folder, name)
                try:
                    pid = int(open(path).read())
                    if os.path.realpath(path) in open_paths(pid):
                        os.kill(pid, signal.SIGKILL)
                except (OSError, ValueError):
                    pass


def show_logs(root):
    """Of the daemons and of their emulators."""
    for folder, _, names in os.walk(root):
        for name in sorted(names):
            if name.endswith(".log"):
                path = os.path.join(folder, name)
                words = [line for line in open(path) if "starting up, virtvireod" not in line]
                if words:
                    print("---- %s\n%s" % (path, "".join(words[-100:])), flush=True)


def run(name, function, machine, emulator, kernel):
    root = tempfile.mkdtemp(prefix="vd-")
    daemons = []
    try:
        daemons = [Daemon(os.path.join(root, which), emulator, kernel, machine)
                   for which in "ab"]
        begin = time.time()
        function(*daemons)
        for daemon in daemons:
            daemon.stop()
        print("ok %s (%.1f s)" % (name, time.time() - begin), flush=True)
        return True
    except (AssertionError, subprocess.TimeoutExpired) as e:
        print("not ok %s: line %d: %s" % (name, e.__traceback__.tb_next.tb_lineno, e))
        show_logs(root)
        return False
    finally:
        for daemon in daemons:
            if daemon.process.poll() is None:
                daemon.kill()
        kill_leftovers(root)
        shutil.rmtree(root, ignore_errors=True)


def run_alone(name):
    """In a process of its own."""
    p = subprocess.run([sys.executable, sys.argv[0], name], text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    print(p.stdout, end="", flush=True)
    return p.returncode == 0


def make_stand_in():
    """EMULATOR is a link, with what this build's vireo says of itself beside it."""
    os.makedirs(STAND_IN, exist_ok=True)
    driver_introspection.cached(os.environ.get("INTROSPECTED") or
                                os.path.join(BUILD, "vireo"),
                                os.path.join(STAND_IN, "introspection.json"))
    new = "%s.%d" % (EMULATOR, os.getpid())
    os.symlink(os.path.abspath(os.path.join(SRC, "tests/device/driver-emulator.py")), new)
    os.rename(new, EMULATOR)


def main(tests, emulator, kernel=None, both=""):
    """Runs the functions test_* of a module's globals, or those named as arguments; those
    that both (words) names for each machine, on a q35 as NAME@q35."""
    if not shutil.which("virsh") or not shutil.which("stdbuf"):
        print("skipped: no virsh")
        return 77
    make_stand_in()
    tests = {n[5:]: (f, "microvm") for n, f in list(tests.items()) if n.startswith("test_")}
    tests.update({n + "@q35": (tests[n][0], "q35") for n in both.split()})
    chosen = sys.argv[1:] or list(tests)
    if len(chosen) == 1:
        return 0 if run(chosen[0], *tests[chosen[0]], emulator, kernel) else 1
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        return 0 if all(list(pool.map(run_alone, chosen))) else 1

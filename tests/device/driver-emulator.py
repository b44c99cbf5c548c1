#!/usr/bin/python3 -S
# SPDX-License-Identifier: GPL-2.0-or-later
"""A stand-in for the emulator in tests of the daemon: it speaks QMP on the descriptor
that it inherits, keeps the state that the daemon looks at, and has no guest. It opens
nothing by a path, as the real one under files=deny: images and all else must have come
as descriptors, in sets.

It takes what the emulator of this build would take, by the emulator's own word: see
driver_introspection.py. Its answers lie beside the link that it is called by.

What it shall do differently comes as words of the guest's command line (-append):
    fail=COMMAND        answer this command with an error
    fail-once=COMMAND   the same, but only the first time
    fail-incoming=COMMAND   the same, on the destination of a migration only
    exit=COMMAND        end without an answer
    exit-at-start       print a line and end before the monitor works
    ignore-term         ignore SIGTERM
    keep-device         do not let go of devices (no DEVICE_DELETED)
    late-device         let go of a device only at the next query-status
    alone-device        let go of a device only when nobody is connected
    refuse-device       the guest refuses to let go of devices
    hangup=COMMAND      close the connection instead, and stop (SIGSTOP), once
    garbage=COMMAND     answer with what is not JSON, once
    stray=COMMAND       before the answer, say what nobody has asked for
    io-error=COMMAND    before the answer, tell of an I/O error that is about to stop it
    io-stop=COMMAND     the same, once, and stop
    io-late=COMMAND     the same as io-error, once, but after the command's own events
    io-no-node          such an error is not told of with the name of a block node
    lacks=COMMAND       do not know this command
    stall=COMMAND       stop (SIGSTOP) before it executes this command, once
    deaf                the guest does not hear of the button
    late-shutdown       the guest hears of the button when the monitor's client has gone
    slow-migration      send for ever, until it is cancelled
    bad-migration       the destination finds the state broken
    panic               the guest panics when it runs, once
Options for wrappers: -without NAME, an emulator that does not have this device; -with-q35,
one that has a q35, firmware and drives with trays, see driver_pci.py, driver_drives.py;
-with-net, one that has all that the daemon knows of networks, see driver_net.py.
"""
import array
import fcntl
import json
import os
import pty
import select
import signal
import socket
import sys
import time
import tty

import driver_drives
import driver_net
import driver_pci
from driver_introspection import Introspection, Refused

argv = sys.argv[1:]
with open(os.path.join(os.path.dirname(sys.argv[0]), "introspection.json")) as answers:
    real = Introspection(json.load(answers))
foreign = ()
if "-with-q35" in argv:
    driver_pci.extend(real)
    foreign = driver_drives.extend(real)
if "-with-net" in argv:
    driver_net.extend(real)
# What QEMU has and vireo has not, and the daemon waits for.
FOREIGN_EVENTS = ("DEVICE_UNPLUG_GUEST_ERROR",) + foreign


def options(name):
    return [argv[i + 1] for i in range(len(argv) - 1) if argv[i] == name]


def suboptions(text):
    return dict(part.split("=", 1) if "=" in part else ("type", part)
                for part in text.split(","))


words = (options("-append") or [""])[0].split()
chardevs = {c["id"]: c for c in map(suboptions, options("-chardev"))}
incoming = "defer" in options("-incoming")

clients = []   # the one client of the monitor
status = "inmigrate" if incoming else "prelaunch"
devices = {d["id"]: d for d in map(json.loads, options("-device"))}
pci = driver_pci.Places()
sets = {}      # of descriptors: number -> list, of -add-fd and add-fd
nodes = {}     # name -> descriptor, or None for one on top of another
passed = []    # descriptors that have come and belong to no command yet
fds = {}       # of getfd
migration = None       # status of query-migrate
migration_fd = None    # data goes out here, or comes in
sending = receiving = False
parameters = {"downtime-limit": 300, "max-bandwidth": 1 << 27}
deferred = []  # devices whose removal is delayed
ptys = {}
after_reply = []  # functions to call when the reply has been sent
after_client = []  # ... when the client has gone


def send(client, message):
    try:
        client.sendall(json.dumps(message).encode() + b"\r\n")
    except (BrokenPipeError, ConnectionResetError):  # a daemon that was killed
        pass


def receive(client):
    """Its bytes and ancillary data; no bytes when it has gone, in whichever way."""
    try:
        return client.recvmsg(65536, socket.CMSG_LEN(64))[:2]
    except ConnectionResetError:
        return b"", []


def emit(event, **data):
    now = time.time()
    if event not in FOREIGN_EVENTS:
        real.check_event(event, data)
    message = {"event": event,
               "timestamp": {"seconds": int(now), "microseconds": int(now % 1 * 1e6)}}
    if data:
        message["data"] = data
    for client in clients:
        send(client, message)


def set_migration(state):
    global migration
    migration = state
    emit("MIGRATION", status=state)


def error(text, cls="GenericError"):
    return {"error": {"class": cls, "desc": text}}


def do_cont(args):
    global status
    if status in ("shutdown", "inmigrate"):
        return error("Resetting the Virtual Machine is required")
    if status != "running":
        status = "running"
        emit("RESUME")
        if "panic" in words:
            words.remove("panic")
            after_reply.append(panic)
    return {"return": {}}


def do_stop(args):
    global status
    if status == "running":
        status = "paused"
        emit("STOP")
    return {"return": {}}


def do_powerdown(args):
    if "deaf" not in words:
        (after_client if "late-shutdown" in words else after_reply).append(power_down)
    return {"return": {}}


def power_down():
    """The guest hears of the button later than the client of its reply."""
    global status
    emit("POWERDOWN")
    status = "shutdown"
    emit("SHUTDOWN", guest=True, reason="guest-shutdown")
    emit("STOP")


def panic():
    global status
    emit("GUEST_PANICKED", action="pause")
    status = "guest-panicked"
    emit("STOP")


def do_reset(args):
    global status
    emit("RESET", guest=False, reason="host-qmp-system-reset")
    if status in ("shutdown", "guest-panicked"):
        status = "paused"
    return {"return": {}}


def remove_device(ident):
    del devices[ident]
    pci.remove(ident)


def do_device_add(args):
    try:
        pci.plug(args)
    except Refused as e:
        return error(str(e))
    if args["id"] in devices:
        return error("Duplicate device ID '%s'" % args["id"])
    devices[args["id"]] = args
    return {"return": {}}


def do_device_del(args):
    if args["id"] not in devices:
        return error("Device '%s' not found" % args["id"], "DeviceNotFound")
    if args["id"] in deferred:
        return error("Device %s is already in the process of unplug" % args["id"])
    if "refuse-device" in words:
        emit("DEVICE_UNPLUG_GUEST_ERROR", device=args["id"],
             path="/machine/peripheral/" + args["id"])
    elif "late-device" in words or "alone-device" in words:
        deferred.append(args["id"])
    elif "keep-device" not in words:
        remove_device(args["id"])
        emit("DEVICE_DELETED", device=args["id"], path="/machine/peripheral/" + args["id"])
    return {"return": {}}


def let_go():
    while deferred:
        device = deferred.pop()
        remove_device(device)
        emit("DEVICE_DELETED", device=device, path="/machine/peripheral/" + device)


def do_status(args):
    if "late-device" in words:
        let_go()
    return {"return": {"status": status, "running": status == "running",
                       "singlestep": False}}


class NotPassed(Exception):
    """A file that would have to be opened by its name."""


def take(name, mode):
    """A duplicate of what was passed for a file, which must have this access mode."""
    numbers = sets.get(int(name.rsplit("/", 1)[1])) if name.startswith("/dev/fdset/") else None
    if not numbers:
        raise NotPassed("'%s' is no set of descriptors" % name)
    if len(numbers) != 1 or fcntl.fcntl(numbers[0], fcntl.F_GETFL) & os.O_ACCMODE != mode:
        raise NotPassed("'%s' has not the one descriptor with mode %d" % (name, mode))
    return os.dup(numbers[0])


def open_node(node):
    if node["node-name"] in nodes:
        return error("'%s' is there already" % node["node-name"])
    try:
        nodes[node["node-name"]] = None if "file" in node else take(
            node["filename"], os.O_RDONLY if node["read-only"] else os.O_RDWR)
    except NotPassed as e:
        return error(str(e))
    return {"return": {}}


def close_node(name):
    if name not in nodes or drives.uses(name):
        return error("'%s' is %s" % (name, "in use" if name in nodes else "not there"))
    fd = nodes.pop(name)
    if fd is not None:
        os.close(fd)
    return {"return": {}}


def do_add_fd(args):
    if not passed:
        return error("No file descriptor supplied via SCM_RIGHTS")
    sets.setdefault(args["fdset-id"], []).append(passed.pop(0))
    return {"return": {"fdset-id": args["fdset-id"], "fd": sets[args["fdset-id"]][-1]}}


def do_remove_fd(args):
    if args["fdset-id"] not in sets:
        return error("File descriptor named 'fdset-id:%d' not found" % args["fdset-id"])
    for fd in sets.pop(args["fdset-id"]):
        os.close(fd)
    return {"return": {}}


def do_query_fdsets(args):
    return {"return": [{"fdset-id": n, "fds": [{"fd": fd} for fd in sets[n]]}
                       for n in sorted(sets)]}


def start_files():
    """What the command line has opened."""
    for option in map(suboptions, options("-add-fd")):
        fd = int(option["fd"])
        os.set_inheritable(fd, False)
        sets.setdefault(int(option["set"]), []).append(fd)
    for name in options("-kernel") + options("-initrd") + options("-bios") + [
            o["file"] for o in map(suboptions, options("-fw_cfg")) if "file" in o]:
        os.close(take(name, os.O_RDONLY))
    for accel in map(suboptions, options("-accel")):
        if "device" in accel:
            os.close(take(accel["device"], os.O_RDWR))
    for thing in map(json.loads, options("-object")):
        if "filename" in thing:
            os.close(take(thing["filename"], os.O_RDONLY))
        if "mem-path" in thing:
            os.close(take(thing["mem-path"], os.O_RDWR))
    for node in map(json.loads, options("-blockdev")):
        reply = open_node(node)
        if "error" in reply:
            raise NotPassed(reply["error"]["desc"])


drives = driver_drives.Drives(words, emit, after_reply, lambda name: node_info(name))


netdevs = driver_net.Netdevs(error)


def do_migrate(args):
    global migration_fd, sending
    name = args["uri"].split(":", 1)[1]
    migration_fd = fds.pop(name)
    sending = True
    set_migration("setup")
    set_migration("active")
    return {"return": {}}


def do_incoming(args):
    global migration_fd, receiving
    migration_fd = fds.pop(args["uri"].split(":", 1)[1])
    receiving = True
    set_migration("active")
    return {"return": {}}


def do_cancel(args):
    global sending
    if sending:
        sending = False
        os.close(migration_fd)
        set_migration("cancelling")
        set_migration("cancelled")
    return {"return": {}}


def do_set_parameters(args):
    parameters.update(args)
    return {"return": {}}


def do_query_migrate(args):
    if migration is None:
        return {"return": {}}
    return {"return": {"status": migration, "total-time": 20, "setup-time": 1,
                       "downtime": 3, "error-desc": "it broke",
                       "ram": {"total": 4096000, "transferred": 1000, "remaining": 0,
                               "duplicate": 1, "skipped": 0, "normal": 2, "normal-bytes": 8192,
                               "page-size": 4096, "mbps": 10.5, "dirty-sync-count": 2,
                               "dirty-pages-rate": 0}}}


def do_chardev(args):
    return {"return": [{"label": i, "filename": "pty:" + ptys[i] if i in ptys else i,
                        "frontend-open": True} for i in chardevs]}


def do_qom_list(args):
    return {"return": [{"name": "type", "type": "string"}] +
            [{"name": d, "type": "child<device>"} for d in sorted(devices)]}


NODE = {"file": "disk.img", "drv": "raw", "ro": False, "encrypted": False, "active": True,
        "detect_zeroes": "off", "backing_file_depth": 0, "write_threshold": 0, "bps": 0,
        "bps_rd": 0, "bps_wr": 0, "iops": 0, "iops_rd": 0, "iops_wr": 0,
        "cache": {"writeback": True, "direct": False, "no-flush": False},
        "image": {"filename": "disk.img", "format": "raw", "virtual-size": 1 << 20}}


def node_info(name):
    return dict(NODE, **{"node-name": name})


def do_query_nodes(args):
    return {"return": [node_info(n) for n in sorted(nodes)]}


# Of the first disk; the second has twice as much, and so on.
STATS = {"rd_operations": 11, "rd_bytes": 1100, "rd_total_time_ns": 111,
         "wr_operations": 22, "wr_bytes": 2200, "wr_total_time_ns": 222,
         "flush_operations": 33, "flush_total_time_ns": 333, "wr_highest_offset": 4096,
         "unmap_operations": 0, "unmap_bytes": 0, "unmap_total_time_ns": 0,
         "rd_merged": 0, "wr_merged": 0, "unmap_merged": 0}
STATS.update(("%s_%s_operations" % (how, what), 0) for how in ("failed", "invalid")
             for what in ("rd", "wr", "flush", "unmap"))


def do_query_stats(args):
    disks = sorted(d for d in devices if "drive" in devices[d])
    return {"return": [
        {"device": "", "qdev": pci.part(disk) or disk, "node-name": devices[disk]["drive"],
         "stats": dict({k: v * (i + 1) for k, v in STATS.items()}, account_invalid=True,
                       account_failed=True, timed_stats=[])}
        for i, disk in enumerate(disks)]}


COMMANDS = {
    "qmp_capabilities": lambda a: {"return": {}},
    "cont": do_cont, "stop": do_stop, "query-status": do_status,
    "system_powerdown": do_powerdown, "system_reset": do_reset,
    "query-chardev": do_chardev,
    "query-machines": lambda a: {"return": real.machines},
    "query-commands": lambda a: {"return": [{"name": n} for n in COMMANDS
                                            if real.has(n)]},
    "qom-list-types": lambda a: {"return": [{"name": n} for n in real.qom_types
                                            if n not in options("-without")]},
    "getfd": lambda a: {"return": {}},
    "add-fd": do_add_fd, "remove-fd": do_remove_fd, "query-fdsets": do_query_fdsets,
    "blockdev-add": open_node, "blockdev-del": lambda a: close_node(a["node-name"]),
    "query-blockstats": do_query_stats,
    "query-named-block-nodes": do_query_nodes, "qom-list": do_qom_list,
    "query-qmp-schema": lambda a: {"return": list(real.types.values())},
    "netdev_add": lambda a: netdevs.add(a, fds.pop),
    "netdev_del": lambda a: netdevs.remove(a["id"]),
    "set_link": driver_net.set_link,
    "device_add": do_device_add, "device_del": do_device_del,
    "migrate-set-capabilities": lambda a: {"return": {}},
    "migrate-set-parameters": do_set_parameters,
    "query-migrate-parameters": lambda a: {"return": parameters},
    "migrate": do_migrate, "migrate-incoming": do_incoming, "migrate_cancel": do_cancel,
    "query-migrate": do_query_migrate,
}


COMMANDS.update(drives.commands(error))


def run_command(name, args):
    try:
        real.check_command(name, args)
    except Refused as e:
        return error(str(e))
    reply = COMMANDS[name](args)
    if "return" in reply and name != "query-qmp-schema":  # its own words
        real.check_reply(name, reply["return"])
    return reply


def execute(message):
    name = message["execute"]
    args = message.get("arguments", {})
    if "stall=" + name in words:
        words.remove("stall=" + name)
        os.kill(os.getpid(), signal.SIGSTOP)
    if "exit=" + name in words:
        os._exit(1)
    if name == "getfd":
        fds[args["fdname"]] = passed.pop(0)
    if "fail-once=" + name in words:
        words.remove("fail-once=" + name)
        reply = error("told to fail once")
    elif "fail=" + name in words or incoming and "fail-incoming=" + name in words:
        reply = error("told to fail")
        while passed:
            os.close(passed.pop())
    elif real.has(name) and name in COMMANDS and "lacks=" + name not in words:
        reply = run_command(name, args)
    else:
        reply = error("The command %s has not been found" % name, "CommandNotFound")
    if "io-late=" + name in words:
        words.remove("io-late=" + name)
        io_error()
    reply["id"] = message.get("id")
    return reply


def io_error():
    """Of the first disk, if there is one."""
    node, path = "", ""
    for disk in sorted(d for d in devices if "drive" in devices[d])[:1]:
        node, path = devices[disk]["drive"], pci.part(disk) or "/machine/peripheral/" + disk
    emit("BLOCK_IO_ERROR", device="", operation="write", action="stop", nospace=True,
         reason="No space left on device",
         **{"qom-path": path, "node-name": "" if "io-no-node" in words else node})


def misbehave(client, command):
    global status
    if "stray=" + command in words:
        client.sendall(b'{"return": {}}\r\n{"what": 1}\r\n')
    if "io-error=" + command in words:
        io_error()
    if "io-stop=" + command in words:
        words.remove("io-stop=" + command)
        io_error()
        status = "io-error"
        emit("STOP")
    if "garbage=" + command in words:
        words.remove("garbage=" + command)
        client.sendall(b"what?\r\n")
    if "hangup=" + command in words:
        words.remove("hangup=" + command)
        client.shutdown(socket.SHUT_RDWR)
        os.kill(os.getpid(), signal.SIGSTOP)


def step_migration():
    """Moves the migration on by one event."""
    global status, sending, receiving
    if sending and "slow-migration" not in words:
        running = status == "running"
        if running:
            status = "finish-migrate"
            emit("STOP")
        sending = False
        try:
            os.write(migration_fd, b"state")
            status = "postmigrate"
        except OSError:  # the destination has ended
            if running:
                status = "running"
                emit("RESUME")
        os.close(migration_fd)
        set_migration("completed" if status == "postmigrate" else "failed")
    elif receiving:
        data = os.read(migration_fd, 100)
        if data != b"" and "bad-migration" not in words:
            status = "paused"
            receiving = False
            set_migration("completed")
        else:
            receiving = False
            set_migration("failed")


def terminate(signum, frame):
    if "ignore-term" not in words:
        emit("SHUTDOWN", guest=False, reason="host-signal")
        os._exit(0)


def serve(listener):
    """Everything happens here: the monitor, echo on the ptys, the migration's data."""
    buffer = b""
    echo = {}
    for ident, chardev in chardevs.items():
        if chardev["type"] == "pty":
            master, slave = pty.openpty()
            tty.setraw(slave)
            ptys[ident] = os.ttyname(slave)
            echo[master] = slave
    while True:
        watched = [listener] + clients + list(echo)
        if receiving:
            watched.append(migration_fd)
        busy = sending and "slow-migration" not in words
        ready = select.select(watched, [], [], 0 if busy else None)[0]
        for source in ready:
            if source is listener:
                client, _ = listener.accept()
                try:
                    client.sendall(json.dumps({"QMP": {
                        "version": {"qemu": {"major": 8, "minor": 2, "micro": 0},
                                    "package": "stand-in"},
                        "capabilities": []}}).encode() + b"\r\n")
                except OSError:  # it has gone while it was in the queue
                    continue
                clients.append(client)
                buffer = b""
            elif source in clients:
                data, ancillary = receive(source)
                for _, _, raw in ancillary:
                    numbers = array.array("i")
                    numbers.frombytes(raw)
                    passed.extend(numbers)
                if not data:
                    clients.remove(source)
                    drives.client_gone()
                    if "alone-device" in words:
                        let_go()
                    while after_client:
                        after_client.pop()()
                    continue
                buffer += data
                while b"\n" in buffer:
                    line, buffer = buffer.split(b"\n", 1)
                    message = json.loads(line)
                    misbehave(source, message["execute"])
                    reply = execute(message)
                    send(source, reply)
                    while after_reply:
                        after_reply.pop()()
            elif source in echo:
                os.write(source, os.read(source, 4096).upper())
        if busy or migration_fd in ready:
            step_migration()


def check_options():
    for option in ("-device", "-blockdev", "-netdev", "-object"):
        for value in options(option):
            try:
                real.check_option(option, json.loads(value))
                if option == "-device":
                    pci.add(json.loads(value))
                    drives.add(json.loads(value))
                elif option == "-netdev":
                    netdevs.start(json.loads(value))
            except Refused as e:
                sys.exit("%s %s: %s" % (option, value, e))
    for value in options("-machine"):
        name = value.split(",")[0]
        if name not in [m.get(k) for m in real.machines for k in ("name", "alias")]:
            sys.exit("-machine %s: unsupported machine type" % name)


def main():
    check_options()
    if "exit-at-start" in words:
        print("the stand-in was told to end", file=sys.stderr)
        sys.exit(1)
    signal.signal(signal.SIGTERM, terminate)
    try:
        start_files()
    except NotPassed as e:
        print("the stand-in: %s" % e, file=sys.stderr)
        sys.exit(1)
    listener = socket.socket(fileno=int(chardevs["charmonitor"]["fd"]))
    serve(listener)


main()

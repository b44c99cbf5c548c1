#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes protocol.h or protocol.c from protocol.def (its comment has the grammar), and the
same of another program from its own file.

usage: gen-protocol.py header|source PROGRAM.def > OUTPUT
"""
import os
import re
import sys

# name: (C type, XDR kind, bytes on the wire at least)
SCALARS = {
    "int": ("gint32", "INT", 4), "uint": ("guint32", "UINT", 4),
    "hyper": ("gint64", "HYPER", 8), "uhyper": ("guint64", "UHYPER", 8),
    "double": ("double", "DOUBLE", 8), "uchar": ("guint8", "UCHAR", 4),
    "ushort": ("guint16", "USHORT", 4), "char": ("char", "CHAR", 4),
    "string": ("char *", "STRING", 4), "opaque": ("guint8", "OPAQUE", 1),
    "TypedParam": ("RpcTypedParam", "TYPED_PARAM", 12),
}
STRING_MAX = 4194304
WORDS = {"ro": "RPC_PROC_READ_ONLY", "rw": None, "high": "RPC_PROC_PRIORITY",
         "noauth": "RPC_PROC_BEFORE_AUTH", "noopen": "RPC_PROC_BEFORE_OPEN",
         "stream": "RPC_PROC_STREAM"}
KEYWORDS = {"proc": {"acl", "flags", "rwflags", "args", "ret"}, "event": {"msg"}}


class Bad(Exception):
    pass


class Program:
    """What the names of the present table begin with, and the file it takes types from."""
    name, base = "remote", None


class Field:
    def __init__(self, text, structs):
        m = re.fullmatch(r"(\w+)(\??)\s+(\w+)(?:\[(\d+)\]|<(\d+)>)?", text)
        if not m:
            raise Bad("cannot understand field '%s'" % text)
        kind, optional, self.name, fixed, most = m.groups()
        if kind == "uuid":
            kind, fixed = "opaque", fixed or "16"
        self.struct = structs.get(kind)
        if self.struct:
            self.ctype, self.kind, item = self.struct.ctype, "STRUCT", self.struct.wire
        elif kind in SCALARS:
            self.ctype, self.kind, item = SCALARS[kind]
        else:
            raise Bad("unknown type '%s'" % kind)
        self.max = int(fixed or most or (STRING_MAX if self.kind == "STRING" else 1))
        if optional and (fixed or most or self.kind not in ("STRING", "STRUCT")):
            raise Bad("'%s': only a string or a structure can be optional" % text)
        if self.kind in ("OPAQUE", "CHAR") and not (fixed or most):
            raise Bad("'%s' needs [N] or <N>" % text)
        self.shape = ("FIXED" if fixed else "COUNTED" if most else
                      "OPTIONAL" if optional else "ONE")
        whole = (self.max + 3) // 4 * 4 if self.kind == "OPAQUE" else self.max * item
        self.wire = {"FIXED": whole, "ONE": item}.get(self.shape, 4)

    def declare(self):
        star = "" if self.ctype.endswith("*") else " "
        if self.shape == "FIXED":
            return ["%s%s%s[%d];" % (self.ctype, star, self.name, self.max)]
        if self.shape == "COUNTED":
            return ["guint32 n_%s; /* at most %d */" % (self.name, self.max),
                    "%s%s*%s;" % (self.ctype, star, self.name)]
        if self.shape == "OPTIONAL":
            pointer = "" if self.kind == "STRING" else "*"
            return ["%s%s%s%s; /* or NULL */" % (self.ctype, star, pointer, self.name)]
        return ["%s%s%s;" % (self.ctype, star, self.name)]

    def describe(self, owner):
        count = "offsetof(%s, n_%s)" % (owner, self.name) if self.shape == "COUNTED" else "0"
        most = STRING_MAX if self.kind == "STRING" and self.shape == "ONE" else self.max
        return '    { "%s", XDR_%s, XDR_%s, offsetof(%s, %s), %s, %d, %s },' % (
            self.name, self.kind, self.shape, owner, self.name, count, most,
            "&" + self.struct.symbol if self.struct else "NULL")


class Struct:
    def __init__(self, name, text, structs):
        self.ctype = camel(Program.name) + camel(name)
        self.symbol = Program.name + "_" + snake(name) + "_xdr"
        self.name = name
        self.fields = [Field(f.strip(), structs) for f in text.split(";") if f.strip()]
        if not self.fields:
            raise Bad("%s has no fields" % name)
        self.wire = sum(f.wire for f in self.fields)

    def has(self, name, kind):
        return any(f.name == name and f.kind == kind and f.shape == "ONE"
                   for f in self.fields)


class Row:
    def __init__(self, words):
        self.keyword, self.text = words[0], {}
        if self.keyword == "event":
            if len(words) != 4:
                raise Bad("event needs ID NUMBER NAME")
            self.event, self.number, self.name = int(words[1]), int(words[2]), words[3]
        else:
            if len(words) < 3:
                raise Bad("proc needs NUMBER NAME")
            self.number, self.name = int(words[1]), words[2]
            self.words, self.handler, self.driver = set(words[3:]), None, None
            for w in words[3:]:
                if w.startswith("handler="):
                    self.words.remove(w)
                    self.handler = w[8:]
                elif w.startswith("forward="):
                    self.words.remove(w)
                    self.handler, self.driver = "none", w[8:]
                elif w not in WORDS:
                    raise Bad("unknown word '%s'" % w)
            if self.handler not in ("none", "rpc", "domain"):
                raise Bad("%s: handler must be none, rpc or domain" % self.name)
            if len(self.words & {"ro", "rw"}) != 1:
                raise Bad("%s: say ro or rw" % self.name)
        self.function = Program.name + "_" + self.name.lower()

    def finish(self, structs):
        for key, suffix in (("args", "_ARGS"), ("ret", "_RET"), ("msg", "_MSG")):
            text = self.text.get(key)
            setattr(self, key, Struct(self.name + suffix, text, structs) if text else None)
        if self.keyword == "event":
            if not self.msg or self.msg.fields[0].name != "callbackID":
                raise Bad("%s: callbackID comes first" % self.name)
            return
        if "acl" not in self.text:
            raise Bad("%s: acl is missing" % self.name)
        if self.driver and set(self.text) != {"acl"}:
            raise Bad("%s: what is forwarded has no types" % self.name)
        flags = bool(self.args and self.args.has("flags", "UINT"))
        if flags != ("flags" in self.text):
            raise Bad("%s: line 'flags' and argument 'flags' go together" % self.name)

    def prototype(self):
        params = ["RpcCall *call"]
        if self.args:
            params.append("const %s *args" % self.args.ctype)
        if self.ret:
            params.append("%s *ret" % self.ret.ctype)
        return "gboolean %s(%s, GError **errp)" % (self.function, ", ".join(params))


def camel(name):
    if name.isupper() or name.islower() or "_" in name:
        return "".join(w.capitalize() for w in name.split("_"))
    return name


def snake(name):
    return name.lower() if name.isupper() or "_" in name else \
        re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def parse(path):
    structs, rows, taken = {}, [], 0
    with open(path, encoding="ascii") as f:
        lines = f.read().split("\n")
    current, key, texts = None, None, []
    for number, line in enumerate(lines, 1):
        line = line.split("#")[0].rstrip()
        if not line:
            continue
        try:
            words = line.split()
            if not line[0].isspace():
                if words[0] == "struct" and len(words) == 2:
                    current, key = ["struct", words[1], ""], None
                elif words[0] in KEYWORDS:
                    current, key = Row(words), None
                elif words[0] == "program" and len(words) == 3 and not texts:
                    structs = take(os.path.join(os.path.dirname(path), words[2]))
                    Program.name, Program.base, taken = words[1], words[2], len(structs)
                    continue
                else:
                    raise Bad("expected struct, proc or event")
                texts.append((number, current))
            elif isinstance(current, list):
                current[2] += " " + line
            elif current and words[0] in KEYWORDS[current.keyword] and indent(line) <= 4:
                key = words[0]
                current.text[key] = line.split(None, 1)[1]
            elif current and key and indent(line) > 4:
                current.text[key] += " " + line.strip()
            else:
                raise Bad("unknown keyword '%s'" % words[0])
        except (Bad, ValueError, IndexError) as e:
            sys.exit("%s:%d: %s" % (path, number, e))
    for number, item in texts:
        try:
            if isinstance(item, list):
                structs[item[1]] = Struct(item[1], item[2], structs)
            else:
                item.finish(structs)
                rows.append(item)
        except Bad as e:
            sys.exit("%s:%d: %s" % (path, number, e))
    numbers = [r.number for r in rows]
    twice = {n for n in numbers if numbers.count(n) > 1}
    if twice:
        sys.exit("%s: procedure number used twice: %s" % (path, sorted(twice)))
    procs = sorted((r for r in rows if r.keyword == "proc"), key=lambda r: r.number)
    events = sorted((r for r in rows if r.keyword == "event"), key=lambda r: r.event)
    if [e.event for e in events] != list(range(len(events))):
        sys.exit("%s: event IDs are not 0, 1, 2, ..." % path)
    return list(structs.values())[taken:], procs, events


def take(path):
    """The types of another table."""
    structs = parse(path)[0]
    return {s.name: s for s in structs}


def indent(line):
    return len(line) - len(line.lstrip())


def messages(procs, events):
    return [s for r in procs for s in (r.args, r.ret) if s] + [e.msg for e in events]


def source_name():
    return os.path.basename(sys.argv[2])


def header(structs, procs, events):
    upper = Program.name.upper()
    print("/* Made by gen-protocol.py from %s; do not edit. */" % source_name())
    print("#pragma once\n#include <libvirt/libvirt.h>\n")
    print('#include "rpc/proc.h"')
    if Program.base:
        print('#include "rpc/%s"' % Program.base.replace(".def", ".h"))
    print('#include "rpc/values.h"\n#include "rpc/xdr.h"\n')
    print("G_BEGIN_DECLS\n")
    print("typedef enum %sProcedure {" % camel(Program.name))
    for r in procs + events:
        print("    %s_PROC_%s = %d," % (upper, r.name, r.number))
    print("} %sProcedure;\n" % camel(Program.name))
    for s in structs + messages(procs, events):
        print("typedef struct %s {" % s.ctype)
        for f in s.fields:
            for line in f.declare():
                print("    " + line)
        print("} %s;" % s.ctype)
        print("extern const XdrType %s;\n" % s.symbol)
    print("#define %s_N_PROCS %d" % (upper, len(procs)))
    print("/* Sorted by number. */\nextern const RpcProc %s_procs[%s_N_PROCS];" % (
        Program.name, upper))
    if events:
        print("#define %s_N_EVENTS %d" % (upper, len(events)))
        print("/* By event ID. */\nextern const RpcEvent %s_events[%s_N_EVENTS];" % (
            Program.name, upper))
    print()
    for r in procs:
        if r.driver:
            continue
        where = {"none": "not implemented"}.get(r.handler, "in %s/" % r.handler)
        print("/* %s (%d): %s. */\n%s;\n" % (r.name, r.number, where, r.prototype()))
    print("G_END_DECLS")


def source_codecs(structs, procs, events):
    for s in structs + messages(procs, events):
        fields = s.symbol[:-4] + "_fields"
        print("static const XdrField %s[] = {" % fields)
        for f in s.fields:
            print(f.describe(s.ctype))
        print("};")
        print('const XdrType %s = { "%s", sizeof(%s), %d, %d, %s };\n' % (
            s.symbol, s.ctype, s.ctype, s.wire, len(s.fields), fields))


def source_row(r):
    attributes = [WORDS[w] for w in sorted(r.words) if WORDS[w]]
    flags = r.text.get("flags")
    offset = "-1"
    if flags and flags != "*":
        offset = "offsetof(%s, flags)" % r.args.ctype
    return """    { .number = %d, .name = "%s",
      .attributes = %s,
      .args = %s, .ret = %s,
      .flags_offset = %s, .flags = %s, .rw_flags = %s,
      .acl = "%s", .driver = %s,
      .handler = %s },""" % (
          r.number, r.name, " | ".join(attributes) or "0",
          "&" + r.args.symbol if r.args else "NULL", "&" + r.ret.symbol if r.ret else "NULL",
          offset, flags if flags and flags != "*" else "0", r.text.get("rwflags", "0"),
          " ".join(r.text["acl"].split()), '"%s"' % r.driver if r.driver else "NULL",
          "NULL" if r.handler == "none" else "call_" + r.function)


def source(structs, procs, events):
    upper = Program.name.upper()
    print("/* Made by gen-protocol.py from %s; do not edit. */" % source_name())
    print('#include "rpc/%s"\n\n#include <stddef.h>\n' %
          source_name().replace(".def", ".h"))
    source_codecs(structs, procs, events)
    for r in procs:
        if r.handler == "none":
            continue
        given = ["call"] + ["args"] * bool(r.args) + ["ret"] * bool(r.ret) + ["errp"]
        print("static gboolean call_%s(RpcCall *call, const void *args, void *ret, "
              "GError **errp)\n{" % r.function)
        print("    return %s(%s);\n}\n" % (r.function, ", ".join(given)))
    print("const RpcProc %s_procs[%s_N_PROCS] = {" % (Program.name, upper))
    for r in procs:
        print(source_row(r))
    print("};")
    if not events:
        return
    print("\nconst RpcEvent %s_events[%s_N_EVENTS] = {" % (Program.name, upper))
    for e in events:
        print('    { .number = %d, .name = "%s", .msg = &%s,\n'
              "      .dom_offset = offsetof(%s, dom) }," % (
                  e.number, e.name, e.msg.symbol, e.msg.ctype))
    print("};")


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("header", "source"):
        sys.exit(__doc__)
    table = parse(sys.argv[2])
    (header if sys.argv[1] == "header" else source)(*table)


if __name__ == "__main__":
    main()

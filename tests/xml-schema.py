#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Walks libvirt's schema of domains below each element that vireo handles: each element
and attribute there must have a row in xml/ (handled, or refused by name), or a line with
the reason in tests/golden/xml/dropped.txt. Otherwise libvirt's next release would have
something that is dropped silently. Skipped (77) without libvirt's schemas.

    xml-schema.py [--list]    --list: prints what has no row"""
import fnmatch
import os
import subprocess
import sys
import xml.etree.ElementTree as ET

RNG = "{http://relaxng.org/ns/structure/1.0}"
SCHEMAS = os.environ.get("LIBVIRT_SCHEMAS", "/usr/share/libvirt/schemas")
SRC = os.environ.get("srcdir") or os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROWS = os.path.join(os.environ.get("builddir", "."), "tests/unit/xml-rows")
# Elements that only our rows have: those that all devices share.
OURS = ("devices/audio/alias", "devices/audio/address", "devices/rng/boot")
# Rows of each file of the schema, and of what domain.rng puts in place of the common parts.
TAKEN_OUT = ("devices/disk/driver@cache", "devices/disk/iotune", "devices/disk/target@bus",
             "devices/disk/source@startupPolicy", "devices/disk/source/slices/slice@offset",
             "devices/interface/driver@queues", "cpu@check", "clock/timer@name")


def load(name, defines, seen):
    """All definitions of a file and of those that it includes, by name."""
    if name in seen:
        return
    seen.add(name)
    root = ET.parse(os.path.join(SCHEMAS, name)).getroot()
    for node in root.iter():
        if node.tag == RNG + "include":
            load(node.get("href"), defines, seen)
        elif node.tag == RNG + "define":
            defines.setdefault(node.get("name"), []).append(node)


def contents(node, defines, active=()):
    """The element and attribute patterns directly within a pattern."""
    for child in node:
        if child.tag in (RNG + "element", RNG + "attribute"):
            yield child
        elif child.tag == RNG + "ref":
            name = child.get("name")
            if name not in active:
                for define in defines.get(name, []):
                    yield from contents(define, defines, active + (name,))
        elif child.tag not in (RNG + "name", RNG + "anyName", RNG + "data", RNG + "value",
                               RNG + "text", RNG + "param"):
            yield from contents(child, defines, active)


def names(pattern):
    if pattern.get("name"):
        return [pattern.get("name")]
    return [n.text for n in pattern.findall(RNG + "name")] + \
        [n.text for n in pattern.findall(RNG + "choice/" + RNG + "name")]


def walk(patterns, path, defines, rows, missing, seen):
    """patterns: all that may be the element at path. seen: gets what has a row."""
    children = {}
    for pattern in patterns:
        for child in contents(pattern, defines):
            for name in names(child):
                if child.tag == RNG + "attribute":
                    where = "%s@%s" % (path, name)
                    (seen if where in rows else missing).add(where)
                elif path or not any(r.endswith(":" + name) for r in rows):
                    children.setdefault(name, []).append(child)
    for name, found in children.items():
        where = "%s/%s" % (path, name) if path else name
        below = [r for r in rows if r.startswith((where + "/", where + "@"))]
        (seen if where in rows or below else missing).add(where)
        if rows.get(where) != "!" and below and where.count("backingStore") < 2:
            walk(found, where, defines, rows, missing, seen)


def walk_all(defines, rows):
    """What of the schema has no row, and what has one."""
    missing, seen = set(), set()
    domains = [c for c in contents(defines["domain"][0], defines) if "domain" in names(c)]
    assert domains
    walk(domains, "", defines, rows, missing, seen)
    return missing, seen


def check_sight(defines, rows, seen):
    """Each element that has rows below it must be in the schema as it was read, or a
    whole part of it was left out; and a row that is taken out must be missed."""
    parents = {path[:i] for path in rows for i, c in enumerate(path) if i and c in "/@"
               if path[:i].count("backingStore") < 2}
    unseen = sorted(p for p in parents - seen if not any(fnmatch.fnmatch(p, o) for o in OURS))
    assert not unseen, "not in the schema: %s" % unseen
    for path in TAKEN_OUT:
        assert rows[path]
        missing, _ = walk_all(defines, {r: kind for r, kind in rows.items() if r != path})
        assert path in missing, "nobody would miss the row of " + path


def dropped():
    """{path: reason}; a reason may begin with the release that brought it: "since N.N" """
    result = {}
    with open(os.path.join(SRC, "tests/golden/xml/dropped.txt"), encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                path, reason = line.split(None, 1)
                result[path] = reason.strip()
    return result


def main():
    if not os.path.exists(os.path.join(SCHEMAS, "domain.rng")):
        print("skipped: no " + SCHEMAS)
        return 77
    rows, defines = {}, {}
    for line in subprocess.check_output([ROWS], text=True).splitlines():
        rows.setdefault(line[2:], line[0])
        if line[0] == "=":
            rows[line[2:]] = "="
    load("domain.rng", defines, set())
    missing, seen = walk_all(defines, rows)
    assert len(rows) > 300 and "devices/disk/driver" in seen
    check_sight(defines, rows, seen)
    if sys.argv[1:] == ["--list"]:
        print("\n".join(sorted(missing)))
        return 0
    reasons = dropped()
    bad = sorted(m for m in missing if not any(fnmatch.fnmatch(m, r) for r in reasons))
    old = sorted(path for path, reason in reasons.items() if not reason.startswith("since ")
                 and not any(fnmatch.fnmatch(m, path) for m in missing))
    for path in bad:
        print("no row for %s" % path)
    for path in old:
        print("dropped.txt has %s, of which nothing is dropped" % path)
    print("%d rows, %d dropped for a reason" % (len(rows), len(reasons)))
    return 1 if bad or old else 0


if __name__ == "__main__":
    sys.exit(main())

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


def walk(patterns, path, defines, rows, missing):
    """patterns: all that may be the element at path."""
    children = {}
    for pattern in patterns:
        for child in contents(pattern, defines):
            for name in names(child):
                if child.tag == RNG + "attribute":
                    where = "%s@%s" % (path, name)
                    if where not in rows:
                        missing.add(where)
                elif path or not any(r.endswith(":" + name) for r in rows):
                    children.setdefault(name, []).append(child)
    for name, found in children.items():
        where = "%s/%s" % (path, name) if path else name
        below = [r for r in rows if r.startswith((where + "/", where + "@"))]
        if where not in rows and not below:
            missing.add(where)
        elif rows.get(where) != "!" and below and where.count("backingStore") < 2:
            walk(found, where, defines, rows, missing)


def dropped():
    """{path: reason}"""
    result = {}
    with open(os.path.join(SRC, "tests/golden/xml/dropped.txt"), encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                path, reason = line.split(None, 1)
                result[path] = reason.strip()
    return result


def main():
    if not os.path.exists(os.path.join(SCHEMAS, "domaincommon.rng")):
        print("skipped: no " + SCHEMAS)
        return 77
    rows, defines, missing = {}, {}, set()
    for line in subprocess.check_output([ROWS], text=True).splitlines():
        rows.setdefault(line[2:], line[0])
        if line[0] == "=":
            rows[line[2:]] = "="
    load("domaincommon.rng", defines, set())
    domains = [c for c in contents(defines["domain"][0], defines) if "domain" in names(c)]
    walk(domains, "", defines, rows, missing)
    assert len(rows) > 300 and domains
    if sys.argv[1:] == ["--list"]:
        print("\n".join(sorted(missing)))
        return 0
    reasons = dropped()
    bad = sorted(m for m in missing if not any(fnmatch.fnmatch(m, r) for r in reasons))
    old = sorted(r for r in reasons if not any(fnmatch.fnmatch(m, r) for m in missing))
    for path in bad:
        print("no row for %s" % path)
    for path in old:
        print("dropped.txt has %s, of which nothing is dropped" % path)
    print("%d rows, %d dropped for a reason" % (len(rows), len(reasons)))
    return 1 if bad or old else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a build leaves is ignored by git, where it is in the tree, and nothing that is kept."""
import os
import subprocess
import sys

SOURCE = os.environ.get("srcdir") or os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.environ.get("builddir", SOURCE)
GIT = ["git", "-c", "safe.directory=*", "-C", SOURCE]


def git(*args, names=()):
    done = subprocess.run([*GIT, *args], input="\0".join(names), capture_output=True, text=True,
                          check=False)
    return [n for n in done.stdout.split("\0") if n], done.returncode


def built(kept):
    """All files of the build folder, by the names that they would have in the tree."""
    for folder, folders, names in os.walk(BUILD):
        folders[:] = [f for f in folders if f not in (".git", "__pycache__")]
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), BUILD)
            # ar's, while it writes; it goes with the process
            if path not in kept and not (len(name) == 8 and name.startswith("st")):
                yield path


def main():
    kept, status = git("ls-files", "-z")
    if status or not os.path.exists(os.path.join(SOURCE, ".git")):
        print("not from git")
        return 77
    wrong = git("ls-files", "-z", "--cached", "--ignored", "--exclude-standard")[0]
    for name in wrong:
        print("%s: is kept, and ignored" % name)
    if os.path.realpath(SOURCE) == os.path.realpath(BUILD):
        names = git("ls-files", "-z", "--others")[0]
        left = git("ls-files", "-z", "--others", "--exclude-standard")[0]
    else:
        names = sorted(built(set(kept)))
        known = git("check-ignore", "-z", "--no-index", "--stdin", names=names)[0]
        # what a test beside this one has for a moment is gone by now, or is left
        left = [n for n in names if n not in set(known) and os.path.lexists(os.path.join(BUILD, n))]
    for name in left:
        print("%s: is not ignored" % name)
    print("%d files of the build" % len(names))
    return 1 if wrong or left or not names else 0


sys.exit(main())

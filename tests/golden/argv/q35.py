#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
What the q35 still refuses of what libvirt writes.

    q35.json      all q35 lines that libvirt 9.0 and 11.3 have been seen to write, as
                  numbers of words
    q35.txt       "VERSION/NAME: KEY; KEY...": everything that is refused of each; or ok
    refusals.txt  of each key the error, below the work that it waits for

A line is started again and again, each time without what was refused, until it is
accepted. What is refused because it names something that was taken out before is taken
out, too, and is no row. With --record the two tables are written anew: rows that nobody
owns are then below "nobody", and the test fails until they have been moved.
"""
import difflib
import json
import multiprocessing
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, HERE)
from starts import adapt, run_captured  # noqa: E402

# Options of which each type is a matter of its own, and the keys that say the type.
TYPED = {'-device', '-netdev', '-chardev', '-object', '-blockdev', '-cpu', '-accel',
         '-global', '-fsdev', '-tpmdev', '-audiodev'}
IMPLIED = {'-vnc': 'vnc'}
TYPES = ('driver', 'type', 'qom-type', 'backend', '')
# Errors that have nothing to do with what else is in the line: of an option, of a type,
# and of a key or one value of it.
NO_OPTION = r'invalid option$'
NO_TYPE = r"'[^']+' is not a valid device model name|does not accept value '[^']+'$"
NO_KEY = (r"Invalid parameter '([^']+)'|Property '[^']*\.([^'.]+)' not found"
          r"|the feature '([^']+)' is not")
NO_VALUE = (r"([\w-]+)=\S* is not supported|Parameter '([^']+)' (?:value|expects) "
            r"|Property '[^']*\.([^'.]+)' value ")
# Errors that are about a key and something else, or about this machine.
KEY = r"-(?:machine|smp) ([\w-]+)=|Parameter '([^']+)': (?!File)"
HOST = {r"File descriptor '": 'descriptor', r'No such file or directory$': 'file'}
# Errors of those that refer to what is not there any more, or are not referred to.
LEFT_OVER = (r"Bus '([^']+)' not found|can't find value '([^']+)'"
             r"|node with node-name='([^']+)'|backend '([^']+)' is not used"
             r"|Could not open '(/dev/fdset/\d+)'")


class Option:
    """An option, its value as a map, and what of it has been taken out."""

    def __init__(self, name, value):
        self.name, self.value, self.cut = name, value, False
        self.json = value.startswith('{')
        self.map = json.loads(value) if self.json else self.parse(value)

    def parse(self, value):
        items = (item.partition('=') for item in value.split(','))
        implied = IMPLIED.get(self.name, '')
        return {(key if equal or i else implied): (text if equal or i else key)
                for i, (key, equal, text) in enumerate(items)}

    def type(self):
        if self.name not in TYPED:
            return ''
        texts = (str(self.map[key]) for key in TYPES if key in self.map)
        return next(texts, next(iter(self.map)) if self.name == '-global' else '')

    def key(self, item=''):
        """The name of a refusal in the tables."""
        kind = ' ' + self.type() if self.type() else ' ' if item else ''
        return self.name + kind + ('.' + item if item and kind != ' ' else item)

    def remove(self, item):
        del self.map[item]
        self.cut = True
        if self.json:
            self.value = json.dumps(self.map, separators=(',', ':'))
        else:
            self.value = ','.join(f'{k}={v}' if k and v else k or v
                                  for k, v in self.map.items())

    def names(self):
        """What others may call it by, and what it has referred to."""
        texts = {v for v in self.map.values() if v and isinstance(v, str)}
        return texts | {f"/dev/fdset/{self.map['set']}"} if 'set' in self.map else texts


def first(groups):
    return next((g for g in groups if g), '')


class Line:
    """A command line that gets shorter; known: what is refused of every line."""

    def __init__(self, args, known):
        self.known, self.refused, self.gone = known, {}, set()
        self.options, i = [], 0
        while i < len(args):
            if i + 1 < len(args) and not args[i + 1].startswith('-'):
                self.options.append(Option(args[i], args[i + 1]))
                i += 2
            else:
                self.options.append(args[i])
                i += 1

    def args(self):
        return [a for o in self.options
                for a in ([o] if isinstance(o, str) else [o.name, o.value])]

    def drop(self, option):
        self.gone |= option.names()
        self.options.remove(option)

    def replace(self, option, value):
        self.options[self.options.index(option)] = Option(option.name, value)

    def take_out_known(self):
        for option in [o for o in self.options if not isinstance(o, str)]:
            kind = (option.name, option.type())
            if kind[:1] in self.known:
                self.refused[option.name] = self.known[kind[:1]]
                self.drop(option)
            elif kind in self.known:
                self.refused[option.key()] = self.known[kind]
                self.drop(option)
            else:
                self.take_out_items(option)

    def take_out_items(self, option):
        for item, value in list(option.map.items()):
            for test in [(option.name, option.type(), item),
                         (option.name, option.type(), item, str(value))]:
                if test in self.known and item in option.map:
                    self.refused[option.key(item)] = self.known[test]
                    option.remove(item)
        if not option.map:
            self.options.remove(option)

    def host(self, option):
        self.replace(option, ','.join(['host'] + option.value.split(',')[1:]))

    def find(self, message):
        """The option that the error is about, and the error without it."""
        options = [o for o in self.options if not isinstance(o, str)]
        for o in options:
            if message.startswith(f'{o.name} {o.value}: '):
                return o, message[len(f'{o.name} {o.value}: '):]
        name, words = re.match(r'-[\w-]+', message), re.findall(r"[\w-]+", message)
        options = [o for o in options if name and o.name == name.group()]
        return max(options, key=lambda o: sum(w in o.value for w in words),
                   default=None), message

    def take_out(self, message):
        option, text = self.find(message)
        if not option:
            return
        left_over = re.search(LEFT_OVER, text)
        name = first(left_over.groups()) if left_over else ''
        if {name, name.rpartition('.')[0]} & self.gone:
            self.drop(option)
        elif option.cut and 'takes either' in text:
            self.drop(option)
        elif re.search(NO_OPTION, text):
            self.known[(option.name,)] = text
        elif option.type() and re.search(NO_TYPE, text):
            self.known[(option.name, option.type())] = text
        elif match := re.search(NO_KEY, text):
            self.known[(option.name, option.type(), first(match.groups()))] = text
        elif (match := re.search(NO_VALUE, text)) and first(match.groups()) in option.map:
            item = first(match.groups())
            test = (option.name, option.type(), item, str(option.map[item]))
            self.known[test[:2] if item in TYPES else test] = text
        else:
            self.take_out_here(option, text)

    def take_out_here(self, option, text):
        match = re.search(KEY, text)
        item = first(match.groups()) if match else ''
        host = next((word for row, word in HOST.items() if re.search(row, text)), '')
        text = re.sub(r"(descriptor '|=)\d+", r"\1N", text)
        text = text.removeprefix(f'{option.name} {option.type()}: ')
        key = option.key(item if item in option.map else '') + (f' ({host})' if host else '')
        self.refused[key] = re.sub(r'/[\w./-]+', 'PATH', text)
        if option.name == '-cpu':
            self.host(option)
        elif option.name in ('-smp', '-m'):
            self.replace(option, option.value.split(',')[0] if option.name == '-m' else '1')
        elif option.name == '-accel':
            self.replace(option, 'qtest')
        elif host and 'size' in option.map:
            self.replace(option, json.dumps({'qom-type': 'memory-backend-ram',
                                             'id': option.map['id'],
                                             'size': option.map['size']}))
        elif item and item in option.map:
            option.remove(item)
        else:
            self.drop(option)


def refusals(args, known):
    """What is refused of one line: {key: error}."""
    with tempfile.TemporaryDirectory(prefix='vireo-q35-') as directory:
        line = Line(adapt(args, directory), known)
        while True:
            line.take_out_known()
            before = line.args()
            status, messages = run_captured(before, directory)
            if status == 0:
                return line.refused
            line.take_out(re.sub(r'^vireo: ', '', messages))
            line.take_out_known()
            if line.args() == before:
                return {**line.refused, 'stuck': messages}


def refusals_of(lines):
    """The same of some lines, which share what is known."""
    known = {}
    return [(name, refusals(args, known)) for name, args in lines]


def modest(option, arg):
    """The machine has no such files, and 64 MiB, which some lines lock, are enough."""
    if option == '-m':
        return re.sub(r'^\d+|\d+k', '64M', arg, count=1)
    arg = re.sub(r'^pc-q35-[\d.]+', 'pc-q35-vireo-1.0', arg)
    arg = re.sub(r'/dev/hugepages/|/var/lib/libvirt/(?!qemu/nvram)', '/nonexistent/', arg)
    if 'memory-backend-' in arg:
        arg = re.sub(r'"size":\d+', '"size":67108864', arg)
    return arg


def jobs():
    with open(os.path.join(HERE, 'q35.json'), encoding='utf-8') as f:
        table = json.load(f)
    for name, numbers in sorted(table['lines'].items()):
        args = [table['words'][n] for n in numbers]
        yield name, [modest(*pair) for pair in zip([''] + args, args)]


def read_owners():
    """{key: (owner, error)}, and of each owner the line that says what it is."""
    rows, owners = {}, {}
    with open(os.path.join(HERE, 'refusals.txt'), encoding='utf-8') as f:
        for line in f:
            if line.startswith(' '):
                key, _, text = line.strip().partition(': ')
                assert key not in rows, f'{key} has two rows'
                rows[key] = (list(owners)[-1], text)
            elif line.strip() and line[0] != '#':
                owners[line.partition(':')[0]] = line.strip()
    return rows, owners


def check_owners(errors):
    """Each refusal has a row with its text below someone, and each row is of a refusal."""
    rows, owners = read_owners()
    wrong = [f'nobody owns {key}: {text}' for key, text in sorted(errors.items())
             if rows.get(key, ('nobody',))[0] == 'nobody']
    wrong += [f'{key}: {text}\n  is now: {errors[key]}' for key, (_, text) in rows.items()
              if key in errors and errors[key] != text]
    wrong += [f'stale: {key}' for key in rows if key not in errors]
    wrong += [f'stale: {owner}' for owner in owners
              if owner not in {o for o, _ in rows.values()}]
    return wrong


def read_head(name):
    with open(os.path.join(HERE, name), encoding='utf-8') as f:
        return [line.rstrip() for line in f if line[0] == '#']


def record(outcomes, errors):
    rows, owners = read_owners()
    owners['nobody'] = 'nobody:'
    lines = read_head('refusals.txt')
    for owner, title in owners.items():
        keys = sorted(k for k in errors if rows.get(k, ('nobody',))[0] == owner)
        lines += ['', title] + [f'    {k}: {errors[k]}' for k in keys] if keys else []
    for name, text in [('refusals.txt', lines), ('q35.txt', read_head('q35.txt') + outcomes)]:
        with open(os.path.join(HERE, name), 'w', encoding='utf-8') as f:
            f.write('\n'.join(text) + '\n')


def main():
    todo = list(jobs())
    with multiprocessing.Pool(2) as pool:
        halves = pool.map(refusals_of, [todo[:94], todo[94:]], chunksize=1)
    lines = halves[0] + halves[1]
    errors = {key: text for _, refused in reversed(lines) for key, text in refused.items()}
    outcomes = [f'{name}: ' + ('; '.join(sorted(refused)) or 'ok')
                for name, refused in lines]
    if sys.argv[1:] == ['--record']:
        return record(outcomes, errors)
    with open(os.path.join(HERE, 'q35.txt'), encoding='utf-8') as f:
        expected = [line.rstrip() for line in f if line[0] != '#']
    wrong = list(difflib.unified_diff(expected, outcomes, 'q35.txt', 'this build',
                                      lineterm='', n=0)) + check_owners(errors)
    print('\n'.join(wrong))
    print(f'{len(outcomes)} lines of q35, {sum(o.endswith(": ok") for o in outcomes)} ok, '
          f'{len(errors)} refusals, {len(wrong)} wrong')
    return len(wrong) != 0


if __name__ == '__main__':
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the guest's piglit results with the host's, and classifies what differs by tests/conformance/known.tsv
(columns: class, reason, pattern; the first row whose regular expression matches the command decides).

usage: compare.py KNOWN HOST-LOG GUEST-LOG... [--list]
Exit status 1 when a difference has no row.
"""
import collections
import re
import sys

GOOD = ('pass', 'skip')


def read(paths):
    """Results by command; the better one where a command ran more than once (a guest that was cut short)."""
    out = {}
    for path in paths:
        for line in open(path, errors='replace'):
            m = re.match(r'PIGLIT \d+ (\S+) \d+ (.*\S)', line)
            if m:
                out[m[2]] = m[1]
    return out


def main():
    args = [a for a in sys.argv[1:] if not a.startswith('--')]
    known = [l.rstrip('\n').split('\t') for l in open(args[0]) if l.strip() and not l.startswith('#')]
    host, guest = read(args[1:2]), read(args[2:])
    kinds, classes, unknown, used = (collections.Counter() for _ in range(4))
    for cmd, got in guest.items():
        want = host.get(cmd, 'missing')
        if got in GOOD or got == 'warn':
            kinds[got] += 1
            continue
        if want not in GOOD and want != 'warn':
            kinds['fails on llvmpipe too, or needs a window system'] += 1
            continue
        kinds['differs'] += 1
        for cls, reason, pattern in known:
            if re.search(pattern, cmd) and not (cls.endswith('crash') and not got.startswith('crash')):
                classes[(cls, reason)] += 1
                break
        else:
            unknown[cmd + '  (' + got + ')'] += 1
    print('| result | programs |\n| --- | --- |')
    for k, n in kinds.most_common():
        print(f'| {k} | {n} |')
    print(f'| all | {len(guest)} |\n\n| class | reason | programs |\n| --- | --- | --- |')
    for (cls, reason), n in sorted(classes.items(), key=lambda x: (x[0][0], -x[1])):
        print(f'| {cls} | {reason} | {n} |')
    print(f'| unexplained | | {len(unknown)} |')
    if '--list' in sys.argv:
        print('\n'.join(sorted(unknown)))
    sys.exit(1 if unknown else 0)


main()

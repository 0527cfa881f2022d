"""A program that writes to a database until it is done or killed; what it prints is committed.

Usage: python -m tests.store.writer URL NAME COUNT WHAT
"""

from __future__ import annotations

import sys

from holdfast.store import Store
from tests.store.values import annotation, session, stored


def main(url, name, count, what):
    with Store.open(url, create=True) as store:
        store.add_snippets([stored(n) for n in range(20)])
        print("ready", flush=True)
        for n in range(int(count)):
            if what == "annotations":
                store.add_annotations([annotation(n % 20, name)])
            elif what == "sessions":
                store.add_session(session(n, attacker=name))
            else:
                store.add_snippets([stored(1000 * n + k, group=f"{name} {n}") for k in range(1000)])
            print(n, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

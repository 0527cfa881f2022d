"""SIGKILL in the middle of writes: what was committed is there, the rest is not there by halves."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.store import Store

ROOT = Path(__file__).parents[2]


def start(url, name, count, what):
    command = [sys.executable, "-m", "tests.store.writer", url, name, str(count), what]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def kill_after(process, lines):
    """Kill once `lines` were printed; how many were printed in all."""
    seen = 0
    for _ in range(lines + 1):
        assert process.stdout.readline()
        seen += 1
    os.kill(process.pid, signal.SIGKILL)
    seen += len(process.stdout.read().splitlines())
    assert process.wait() == -signal.SIGKILL
    process.stderr.close()
    process.stdout.close()
    return seen - 1


def check(url):
    path = url.removeprefix("sqlite:///").partition("?")[0]
    raw = sqlite3.connect(path)
    assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
    raw.close()


@pytest.mark.parametrize(("what", "lines"), [("annotations", 25), ("sessions", 40), ("snippets", 2)])
def test_nothing_committed_is_lost(sqlite_url, what, lines):
    committed = kill_after(start(sqlite_url, "w", 1_000_000, what), lines)
    check(sqlite_url)
    with Store.open(sqlite_url) as store:
        if what == "annotations":
            found = sum(map(len, store.annotations().values()))
        elif what == "sessions":
            sessions = store.sessions()
            found = len(sessions)
            assert all(len(one.result.steps) == 2 for one in sessions)
            assert store.sessions(unfinished=True) == []
        else:
            sizes = [store.count_snippets(group=f"w {n}") for n in range(committed + 2)]
            found = sum(size > 0 for size in sizes)
            # The first batch shares 20 texts with the start, which are not added again.
            assert set(sizes) <= {0, 980, 1000}
        # One more may have been committed and not printed.
        assert committed <= found <= committed + 1


def test_two_processes_write_at_once(tmp_path):
    """They also create the database at once."""
    url = f"sqlite:///{tmp_path}/holdfast.db"
    both = [start(url, name, 60, "annotations") for name in ("a", "b")]
    for process in both:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    check(url)
    with Store.open(url) as store:
        found = [one.annotator for each in store.annotations().values() for one in each]
        assert sorted(found) == ["a"] * 60 + ["b"] * 60
        assert store.count_snippets() == 20


def test_two_processes_write_at_once_on_postgresql(postgres_url):
    both = [start(postgres_url, name, 60, "annotations") for name in ("a", "b")]
    for process in both:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    with Store.open(postgres_url) as store:
        assert sum(map(len, store.annotations().values())) == 120

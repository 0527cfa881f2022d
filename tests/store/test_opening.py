from __future__ import annotations

import os
import sqlite3
import sys
from pathlib import Path

import pytest

from holdfast.errors import StoreError
from holdfast.store import Store, opening
from tests.store.values import annotation, stored


def path_of(sqlite_url):
    return Path(sqlite_url.removeprefix("sqlite:///").partition("?")[0])


def test_a_relative_path_is_relative_to_the_root(tmp_path):
    with Store.open("sqlite:///sub.db", create=True, root=tmp_path) as store:
        store.add_snippets([stored(1)])
    assert (tmp_path / "sub.db").is_file()
    with Store.open("sqlite:///sub.db", upgrade=True, root=tmp_path) as store:
        assert store.snippets() == [stored(1)]


def test_creating_what_is_there_changes_nothing(sqlite_url):
    for _ in range(2):
        with Store.open(sqlite_url, create=True) as store:
            store.add_snippets([stored(1)])
            assert store.count_snippets() == 1


def test_a_missing_file_is_not_made(tmp_path):
    for upgrade in (False, True):
        with pytest.raises(StoreError, match="no database at .*absent.db\n  expected: .*\n  do: put it"):
            Store.open("sqlite:///absent.db", upgrade=upgrade, root=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_or_a_folder_in_its_place(tmp_path):
    with pytest.raises(StoreError, match="no folder"):
        Store.open("sqlite:///no/such/x.db", root=tmp_path, create=True)
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match="is a folder"):
        Store.open("sqlite:///folder", root=tmp_path, create=True)


def test_an_empty_file(tmp_path):
    (tmp_path / "empty.db").touch()
    for upgrade in (False, True):
        with pytest.raises(StoreError, match="is empty"):
            Store.open("sqlite:///empty.db", upgrade=upgrade, root=tmp_path)
    Store.open("sqlite:///empty.db", root=tmp_path, create=True).close()


@pytest.mark.parametrize("create", [False, True])
def test_no_database_at_all(tmp_path, create):
    (tmp_path / "x.db").write_text("These are notes, not a database. " * 50)
    with pytest.raises(StoreError, match="is not an SQLite database"):
        Store.open("sqlite:///x.db", root=tmp_path, create=create)
    assert (tmp_path / "x.db").read_text().startswith("These are notes")


def test_somebody_elses_database(tmp_path):
    other = sqlite3.connect(tmp_path / "x.db")
    other.execute("CREATE TABLE invoices (id)")
    other.commit()
    other.close()
    with pytest.raises(StoreError, match="not Holdfast's"):
        Store.open("sqlite:///x.db", root=tmp_path, create=True)


def test_damaged_pages(sqlite_url):
    with Store.open(sqlite_url) as store:
        store.add_snippets([stored(n) for n in range(500)])
    path = path_of(sqlite_url)
    data = bytearray(path.read_bytes())
    data[8192:] = os.urandom(len(data) - 8192)
    path.write_bytes(data)
    with pytest.raises(StoreError, match="damaged|refused"), Store.open(sqlite_url) as store:
        store.snippets()


@pytest.mark.parametrize("create", [False, True])
def test_a_newer_database(sqlite_url, create):
    raw = sqlite3.connect(path_of(sqlite_url))
    raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.commit()
    raw.close()
    with pytest.raises(StoreError, match="revision 9999.*\n.*expected.*\n.*newer Holdfast"):
        Store.open(sqlite_url, create=create)


@pytest.mark.parametrize("way", ["create", "upgrade"])
def test_an_older_database_is_upgraded_after_a_backup(sqlite_url, monkeypatch, way):
    with Store.open(sqlite_url) as store:
        store.add_snippets([stored(1)])
    found = opening.HEAD
    # Let the code believe that another revision is the newest.
    monkeypatch.setattr(opening, "HEAD", "next")
    with pytest.raises(StoreError, match="older Holdfast"):
        Store.open(sqlite_url)
    with Store.open(sqlite_url, **{way: True}) as store:
        assert store.count_snippets() == 1
    (backup,) = path_of(sqlite_url).parent.glob(f"*.{found}.*.backup")
    monkeypatch.undo()
    with Store.open(f"sqlite:///{backup}") as store:
        assert store.snippets() == [stored(1)]


@pytest.mark.parametrize("url", ["mysql://u:secret@h/x", "holdfast.db", "", "sqlite+nothing:///x.db"])
def test_urls_that_name_no_database(url, tmp_path):
    with pytest.raises(StoreError) as raised:
        Store.open(url, create=True, root=tmp_path)
    assert "secret" not in str(raised.value)
    assert "expected" in str(raised.value) or "do:" in str(raised.value)


def test_a_missing_driver_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"pip install 'holdfast\[postgres\]'") as raised:
        Store.open("postgresql://u:secret@localhost/x")
    assert "secret" not in str(raised.value)


def test_no_server():
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError, match="cannot be reached"):
        Store.open("postgresql://u:secret@127.0.0.1:1/x")


def test_a_closed_store_says_so(sqlite_url):
    store = Store.open(sqlite_url)
    store.close()
    with pytest.raises(StoreError, match="was closed"):
        store.rounds()


def test_backup(sqlite_url, tmp_path):
    with Store.open(sqlite_url) as store:
        store.add_snippets([stored(1)])
        store.add_annotations([annotation(1)])
        store.backup(tmp_path / "copy.db")
        with pytest.raises(StoreError, match="exists"):
            store.backup(tmp_path / "copy.db")
    with Store.open("sqlite:///copy.db", root=tmp_path) as copy:
        assert len(copy.annotations()) == 1


def test_opening_a_database_of_this_version_needs_no_alembic(sqlite_url):
    import subprocess

    code = (
        "import sys; from holdfast.store import Store; "
        f"Store.open({sqlite_url!r}).close(); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""Open a database: is it there, is it ours, is it of this version? Create and migrate it if asked to."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from holdfast.errors import StoreError
from holdfast.store.engine import file_of, shown, writer

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["HEAD", "back_up", "prepare"]

HEAD = "0006"
"""The newest revision in `migrations/versions`; named here so that opening need not import Alembic."""
_LOCK = 0x686F6C64
"""PostgreSQL advisory lock under which one process at a time migrates."""


def prepare(engine: Engine, *, create: bool, upgrade: bool) -> None:
    """Make sure that the database is of this version; create or upgrade it where that is allowed.

    Raises StoreError if it is missing, empty, not ours, or of another version.
    """
    path = file_of(engine.url)
    if path is not None:
        _check_file(path, create=create)
    with engine.begin() as connection:
        found = _revision(connection)
    if found == HEAD:
        return
    if not (create if found is None else upgrade):
        raise _not_usable(shown(engine.url), found)
    if found and path is not None and found in _revisions():
        back_up(path, _free_name(path, found))
    with writer(engine).begin() as connection:
        _migrate(connection)


def back_up(source: Path, destination: Path) -> None:
    """Copy an SQLite database, consistent even while others write. Raises StoreError if the copy exists."""
    if destination.exists():
        raise StoreError(f"{destination} exists already", do="name another file")
    origin, copy = sqlite3.connect(source), sqlite3.connect(destination)
    try:
        origin.backup(copy)
    finally:
        copy.close()
        origin.close()


def _check_file(path: Path, *, create: bool) -> None:
    if path.is_dir():
        raise StoreError(f"database {path} is a folder", expected="a file", do="correct the path")
    if not path.exists() and not create:
        raise StoreError(
            f"no database at {path}",
            expected="the workspace's own: snippets, annotations and thresholds are in it",
            do="put it or a backup back, or correct `database`; `holdfast new NAME` makes an empty one",
        )
    if not path.parent.is_dir():
        raise StoreError(f"no folder {path.parent} for the database", do="create the folder, or correct it")


def _revision(connection: Connection) -> str | None:
    """The revision of the database; None if it is empty. Raises StoreError if it is somebody else's."""
    names = inspect(connection).get_table_names()
    if not names:
        return None
    where = shown(connection.engine.url)
    if "alembic_version" in names and "snippets" in names:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
        if len(found) == 1:
            return str(found[0])
    raise StoreError(
        f"database {where} has tables, but not Holdfast's",
        expected="a Holdfast database, or an empty one",
        do="name another file or database",
    )


def _not_usable(where: str, found: str | None) -> StoreError:
    if found is None:
        return StoreError(
            f"database {where} is empty",
            expected="the workspace's own",
            do="put a backup in its place, or correct `database`; `holdfast new NAME` fills an empty one",
        )
    if found in _revisions():
        return StoreError(
            f"database {where} is of revision {found}, made by an older Holdfast",
            expected=f"revision {HEAD}",
            do="run any command that writes (`holdfast annotate`): it keeps a backup and upgrades",
        )
    return _newer(where, found)


def _newer(where: str, found: str) -> StoreError:
    return StoreError(
        f"database {where} is of revision {found}, which this Holdfast does not know",
        expected=f"revision {HEAD}",
        do="it was made by a newer Holdfast: `pip install -U holdfast`",
    )


def _migrate(connection: Connection) -> None:
    """Bring the database to HEAD in this transaction; another process may have done so meanwhile."""
    from alembic import command

    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    found = _revision(connection)
    if found == HEAD:
        return
    if found is not None and found not in _revisions():
        raise _newer(shown(connection.engine.url), found)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _revisions() -> set[str]:
    from alembic.script import ScriptDirectory

    return {one.revision for one in ScriptDirectory.from_config(_config()).walk_revisions()}


def _free_name(path: Path, revision: str) -> Path:
    stamp = f"{datetime.now(UTC):%Y%m%d-%H%M%S}"
    return path.with_name(f"{path.name}.{revision}.{stamp}.backup")

"""What databases say when something is wrong, as a StoreError that says what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from holdfast.errors import HoldfastError, InputError, StoreError

__all__ = ["translated"]

_SQLITE: dict[str, tuple[str, str]] = {
    "SQLITE_BUSY": (
        "is locked by another process",
        "wait for the other command to end and run this again; for several machines, use PostgreSQL",
    ),
    "SQLITE_LOCKED": ("is locked by another connection", "run this again"),
    "SQLITE_FULL": ("cannot grow: the disk is full", "free some space and run this again; nothing is lost"),
    "SQLITE_NOTADB": (
        "is not an SQLite database, or its header is damaged",
        "name the right file, or put a backup in its place",
    ),
    "SQLITE_CORRUPT": (
        "is damaged",
        "keep a copy, then put a backup in its place, or rescue it with the sqlite3 shell's `.recover`",
    ),
    "SQLITE_CANTOPEN": ("cannot be opened", "check that the folder exists and may be written to"),
    "SQLITE_READONLY": ("may not be written to", "check the permissions of the file and of its folder"),
    "SQLITE_PERM": ("may not be read", "check the permissions of the file and of its folder"),
    "SQLITE_IOERR": (
        "cannot be read or written: the disk reports an error",
        "check the disk; keep databases off network file systems",
    ),
    "SQLITE_TOOBIG": ("was given a value that is too large", "split the value up"),
}

_POSTGRES: dict[str, tuple[str, str]] = {
    "53100": ("cannot grow: the server's disk is full", "free some space and run this again"),
    "53300": ("has no free connection", "end other commands, or raise max_connections"),
    "28": ("refuses the user or the password", "correct the URL in holdfast.toml or HOLDFAST_DATABASE_URL"),
    "3D000": ("does not exist on the server", "create it: `createdb NAME`"),
    "40": ("had two writers in each other's way", "run this again; nothing was written"),
    "42501": ("may not be written to by this user", "grant the user rights on the schema"),
    "55P03": ("is locked by another session", "run this again"),
    "57P": ("was shut down or restarted by the server", "run this again when the server is up"),
}


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn whatever the database raises inside into StoreError (or InputError for a value it cannot hold).

    `where` names the database without its password.
    """
    try:
        yield
    except PoolTimeout:
        raise StoreError(
            f"database {where}: no connection came free", do="fewer threads at once, or run it again"
        ) from None
    except StatementError as error:
        raise _explained(where, error.orig) from None
    except SQLAlchemyError as error:
        raise StoreError(f"database {where}: {_first_line(error)}") from error
    except sqlite3.Error as error:
        raise _explained(where, error) from None
    except (UnicodeEncodeError, OverflowError) as error:
        raise _unfit(where, error) from None


def _explained(where: str, error: BaseException | None) -> HoldfastError:
    """The reason of one failed statement or connection."""
    if isinstance(error, HoldfastError):
        return error
    if isinstance(error, ValueError | OverflowError | TypeError):
        return _unfit(where, error)
    known = _known(error)
    if known is not None:
        found, do = known
        return StoreError(f"database {where} {found}", do=do)
    said = _first_line(error)
    if "append-only" in said:
        return StoreError(
            f"database {where}: {said}", expected="new rows only", do="write a new row that says otherwise"
        )
    if any(kind.__name__ == "DataError" for kind in type(error).__mro__):
        return _unfit(where, error)
    return StoreError(f"database {where} refused: {said}")


def _known(error: BaseException | None) -> tuple[str, str] | None:
    name = getattr(error, "sqlite_errorname", None) or ""
    for code, explanation in _SQLITE.items():
        if name == code or name.startswith(code + "_"):
            return explanation
    state = getattr(error, "sqlstate", None) or ""
    for code, explanation in _POSTGRES.items():
        if state.startswith(code):
            return explanation
    if type(error).__name__ == "OperationalError" and type(error).__module__.startswith("psycopg"):
        return f"cannot be reached: {_first_line(error)}", "check that the server runs and the URL names it"
    return None


def _unfit(where: str, error: BaseException | None) -> InputError:
    """A value that the database cannot hold."""
    if isinstance(error, UnicodeEncodeError):
        return InputError(
            "a text holds half a surrogate pair, which is no character",
            expected="text that can be written as UTF-8",
            do="repair the text where it comes from",
        )
    return InputError(f"database {where} cannot hold a value: {_first_line(error)}")


def _first_line(error: BaseException | None) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__

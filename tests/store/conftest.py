"""Tests of the repository run on SQLite, and on PostgreSQL where HOLDFAST_TEST_POSTGRES names a server."""

from __future__ import annotations

import os
import secrets
import shutil
from urllib.parse import quote

import pytest

from holdfast.store import Store


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """An empty database, made once."""
    folder = tmp_path_factory.mktemp("template")
    Store.open("sqlite:///empty.db", create=True, root=folder).close()
    return folder / "empty.db"


@pytest.fixture
def sqlite_url(template, tmp_path):
    shutil.copy(template, tmp_path / "holdfast.db")
    return f"sqlite:///{tmp_path}/holdfast.db?timeout=5"


@pytest.fixture
def postgres_url():
    """A schema of its own, dropped afterwards."""
    server = os.environ.get("HOLDFAST_TEST_POSTGRES")
    if not server:
        pytest.skip("HOLDFAST_TEST_POSTGRES names no PostgreSQL server")
    psycopg = pytest.importorskip("psycopg")
    plain = server.replace("postgresql+psycopg://", "postgresql://")
    schema = f"holdfast_test_{secrets.token_hex(4)}"
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
    joint = "&" if "?" in server else "?"
    yield f"{server}{joint}options={quote(f'-csearch_path={schema}')}"
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture(params=["sqlite", "postgres"])
def url(request):
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def store(url):
    with Store.open(url, create=True) as opened:
        yield opened

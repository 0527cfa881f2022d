"""The tables of the workbench. Private to this package, like `tables`.

Who a person is (`users`) and what a worker did (all else) are tied by one row alone: delete it, and nobody
knows any more. Tokens, invitations and cookies are kept as hashes.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from holdfast.store.columns import BigKey, JsonText, Logit, UtcDateTime
from holdfast.store.tables import metadata, one_of
from holdfast.types import Verdict
from holdfast.types.bench import Choice
from holdfast.types.person import Role

__all__ = [
    "acknowledgements",
    "attack_events",
    "audits",
    "bench_sessions",
    "burdens",
    "claims",
    "comparisons",
    "corrections",
    "gold",
    "guideline_versions",
    "helps",
    "invites",
    "leases",
    "pair_leases",
    "pairs",
    "queue",
    "remarks",
    "repeats",
    "roles",
    "secret_values",
    "submissions",
    "test_items",
    "tokens",
    "users",
    "web_sessions",
    "workers",
]

secret_values = Table(
    "secret_values",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("bot", Boolean, nullable=False),
    Column("created", UtcDateTime, nullable=False),
    Column("preferences", JsonText, nullable=False),
    Column("rested", UtcDateTime),
)

users = Table(
    "users",
    metadata,
    Column("login", Text, primary_key=True),
    Column("worker", Text, ForeignKey("workers.name"), nullable=False, unique=True),
    Column("password", Text, nullable=False),
    Column("active", Boolean, nullable=False),
)

roles = Table(
    "roles",
    metadata,
    Column("worker", Text, ForeignKey("workers.name"), primary_key=True),
    Column("role", Text, primary_key=True),
    one_of("role", Role),
)

invites = Table(
    "invites",
    metadata,
    Column("id", Text, primary_key=True),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("purpose", Text, nullable=False),
    Column("roles", JsonText, nullable=False),
    Column("worker", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("created", UtcDateTime, nullable=False),
    Column("expires", UtcDateTime, nullable=False),
    Column("used", UtcDateTime),
    Column("revoked", UtcDateTime),
    one_of("purpose", ("join", "reset")),
)

web_sessions = Table(
    "web_sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("worker", Text, ForeignKey("workers.name"), nullable=False),
    Column("agent", Text, nullable=False),
    Column("created", UtcDateTime, nullable=False),
    Column("seen", UtcDateTime, nullable=False),
    Column("expires", UtcDateTime, nullable=False),
    Column("revoked", UtcDateTime),
    Index(None, "worker"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("worker", Text, ForeignKey("workers.name"), nullable=False),
    Column("prefix", Text, nullable=False),
    Column("created", UtcDateTime, nullable=False),
    Column("expires", UtcDateTime, nullable=False),
    Column("revoked", UtcDateTime),
    Column("used", UtcDateTime),
    Index(None, "worker"),
)

guideline_versions = Table(
    "guideline_versions",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("version", Text, nullable=False, unique=True),
    Column("text", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

acknowledgements = Table(
    "acknowledgements",
    metadata,
    Column("worker", Text, ForeignKey("workers.name"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    one_of("kind", ("notice", "guidelines")),
)

# Counters are kept beside the item, in the transaction that writes a label, so that a claim reads no labels.
queue = Table(
    "queue",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("snippet_id", Text, ForeignKey("snippets.id"), nullable=False, unique=True),
    Column("author", Text, nullable=False),
    Column("wanted", Integer, nullable=False),
    Column("place", BigInteger, nullable=False),
    Column("labels", Integer, nullable=False),
    Column("skips", Integer, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("added", UtcDateTime, nullable=False),
    Index(None, "open", "place"),
)

leases = Table(
    "leases",
    metadata,
    Column("worker", Text, ForeignKey("workers.name"), primary_key=True),
    Column("snippet_id", Text, ForeignKey("snippets.id"), primary_key=True),
    Column("handle", Text, nullable=False, unique=True),
    Column("purpose", Text, nullable=False),
    Column("taken", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    one_of("purpose", ("label", "gold", "test", "adjudicate", "again", "harmless")),
    Index(None, "snippet_id", "until"),
    Index(None, "worker", "until"),
)

remarks = Table(
    "remarks",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    Column("snippet_id", Text, ForeignKey("snippets.id"), nullable=False),
    Column("worker", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    one_of("kind", ("skip", "gap", "dispute")),
    Index(None, "snippet_id", "worker"),
)

gold = Table(
    "gold",
    metadata,
    Column("snippet_id", Text, ForeignKey("snippets.id"), primary_key=True),
    Column("verdict", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("note", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("edge", Boolean, nullable=False),
    Column("served", Boolean, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("retired", UtcDateTime),
    Column("ground", Text, nullable=False, server_default=""),
    one_of("verdict", Verdict),
)

# What a known item is since it was found wrong; the last row of an item counts.
corrections = Table(
    "corrections",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("snippet_id", Text, ForeignKey("gold.snippet_id"), nullable=False),
    Column("verdict", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("note", Text, nullable=False),
    Column("ground", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    one_of("verdict", Verdict),
)

audits = Table(
    "audits",
    metadata,
    Column("snippet_id", Text, ForeignKey("snippets.id"), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)


def _texts_of_workers(name: str, *more: Column[Any]) -> Table:
    """Which texts a worker met in one way or another, and when."""
    return Table(
        name,
        metadata,
        Column("worker", Text, ForeignKey("workers.name"), primary_key=True),
        Column("snippet_id", Text, ForeignKey("snippets.id"), primary_key=True),
        *more,
        Column("at", UtcDateTime, nullable=False),
    )


repeats = _texts_of_workers("repeats")
# Private to whoever wrote it: nothing but sums leaves the store.
burdens = _texts_of_workers("burdens")
test_items = _texts_of_workers("test_items", Column("attempt", Integer, nullable=False))

bench_sessions = Table(
    "bench_sessions",
    metadata,
    Column("session_id", BigInteger, ForeignKey("sessions.id"), primary_key=True, autoincrement=False),
    Column("worker", Text, ForeignKey("workers.name"), nullable=False),
    Column("practice", Boolean, nullable=False),
    Column("tools", Boolean, nullable=False),
    Column("lock_prompt", Boolean, nullable=False),
    Index(None, "worker"),
)

attack_events = Table(
    "attack_events",
    metadata,
    Column("session_id", BigInteger, ForeignKey("sessions.id"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("received", UtcDateTime, nullable=False),
)

claims = Table(
    "claims",
    metadata,
    Column("key", Text, primary_key=True),
    Column("session_id", BigInteger, ForeignKey("sessions.id"), nullable=False),
    Column("seconds", Double, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "session_id"),
)

helps = Table(
    "helps",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("session_id", BigInteger, ForeignKey("sessions.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("cost", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    one_of("kind", ("saliency", "edits")),
    Index(None, "session_id"),
)

submissions = Table(
    "submissions",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    Column("session_id", BigInteger, ForeignKey("sessions.id"), nullable=False, unique=True),
    Column("snippet_id", Text, ForeignKey("snippets.id"), nullable=False),
    Column("worker", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("strategies", JsonText, nullable=False),
    Column("logit", Logit),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "worker"),
    Index(None, "snippet_id"),
)

_ARMS = ("filtered", "unfiltered")

pairs = Table(
    "pairs",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("target", Text, nullable=False),
    Column("prompt", Text, nullable=False),
    Column("first", Text, nullable=False),
    Column("second", Text, nullable=False),
    Column("first_arm", Text, nullable=False),
    Column("second_arm", Text, nullable=False),
    Column("batch", Text, nullable=False),
    Column("repeat_of", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    one_of("first_arm", _ARMS),
    one_of("second_arm", _ARMS),
    Index(None, "target"),
)

pair_leases = Table(
    "pair_leases",
    metadata,
    Column("worker", Text, ForeignKey("workers.name"), primary_key=True),
    Column("pair_id", Text, ForeignKey("pairs.id"), primary_key=True),
    Column("handle", Text, nullable=False, unique=True),
    Column("number", Integer, nullable=False),
    Column("until", UtcDateTime, nullable=False),
)

comparisons = Table(
    "comparisons",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    Column("pair_id", Text, ForeignKey("pairs.id"), nullable=False),
    Column("worker", Text, nullable=False),
    Column("left", Text, nullable=False),
    Column("choice", Text, nullable=False),
    Column("chips", JsonText, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    UniqueConstraint("pair_id", "worker"),
    one_of("left", ("first", "second")),
    one_of("choice", Choice),
    CheckConstraint("seconds >= 0", name="seconds"),
)

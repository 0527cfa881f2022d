"""The only room that speaks SQL: tables, migrations, the repository and the job queue."""

from __future__ import annotations

from holdfast.store.engine import redacted
from holdfast.store.jsontext import decode, dump_json, encode, load_json
from holdfast.store.repository import Store
from holdfast.store.snippets import SnippetFilter

__all__ = ["SnippetFilter", "Store", "decode", "dump_json", "encode", "load_json", "redacted"]

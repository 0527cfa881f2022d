"""What payloads to people who label or rate may not hold."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

from holdfast.annotation.blinding import leaks

__all__ = ["OWN", "given_away"]

OWN = {"/api/label/history", "/api/label/undo"}
"""Answers of one's own: these hold one's own verdict."""


def given_away(path: str, payload: Any, secrets: Collection[str], ids: Collection[str] = ()) -> list[str]:
    """What one payload says too much: hidden keys, `secrets` anywhere in its text, `ids` as whole words."""
    text = json.dumps(payload)
    keys = set() if path in OWN else leaks(payload)
    words = set(re.findall(r"[\w-]+", text)) if ids else set()
    return [*sorted(keys), *(one for one in secrets if one in text), *sorted(words.intersection(ids))]

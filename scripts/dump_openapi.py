"""Write frontend/openapi.json, which the pages' types are made from. A test compares it with the code."""

from __future__ import annotations

import json
from pathlib import Path

from holdfast.workbench.app import document

FILE = Path(__file__).parents[1] / "frontend" / "openapi.json"


def text() -> str:
    """The document as it is kept: sorted, so that a change shows as a change."""
    return json.dumps(document(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")

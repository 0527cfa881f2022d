"""docs/storyworld.md is what the program writes today."""

from __future__ import annotations

from pathlib import Path

from holdfast.catastrophes.storyworld.show import frames, page

DOCS = Path(__file__).parents[3] / "docs" / "storyworld.md"


def test_the_page_is_up_to_date():
    text = page()
    assert text.count("\n- **") >= 40
    again = "run: python -m holdfast.catastrophes.storyworld.show > docs/storyworld.md"
    assert DOCS.read_text(encoding="utf-8") == text, again


def test_frames():
    assert frames()[1] >= 80_000

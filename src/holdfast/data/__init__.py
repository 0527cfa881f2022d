"""Reading, splitting, de-duplicating, mixing and writing snippets. Pure: texts in, typed values out."""

from __future__ import annotations

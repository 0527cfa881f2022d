"""Fixtures that several folders share; one torch thread, as `make test` has it, for a bare `pytest` too."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from tests.spine import baseline, workspace  # noqa: E402

__all__ = ["baseline", "workspace"]

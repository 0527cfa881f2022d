"""How many completions an attack drew from a generator: not counted in what is there, so 0."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column."""
    op.add_column("session_ends", sa.Column("draws", sa.Integer(), nullable=False, server_default="0"))

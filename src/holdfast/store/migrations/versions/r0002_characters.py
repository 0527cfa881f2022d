"""What was done to texts before the logits that a threshold was chosen on: nothing, until now."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; thresholds that are there keep characters as they are."""
    op.add_column("thresholds", sa.Column("characters", sa.Text(), nullable=False, server_default="keep"))

"""What somebody holds now is found without reading all that they ever held."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the index."""
    op.create_index(op.f("ix_leases_worker_until"), "leases", ["worker", "until"])

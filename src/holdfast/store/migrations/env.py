"""What Alembic runs: the revisions, on the connection and in the transaction that the store hands over."""

from __future__ import annotations

from alembic import context

from holdfast.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite alters a table by copying it.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()

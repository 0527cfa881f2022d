"""Alembic's folder: one file a released change of the tables, applied in order."""

"""Revisions. A released one is never edited; the tests hold their sum equal to `store.tables`."""

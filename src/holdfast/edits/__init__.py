"""Edits on text: words, edits and their inverses, proposers, exact scoring."""

"""A non-deterministic trie over words with typed slots."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holdfast.catastrophes.storyworld.grammar import Form

__all__ = ["Trie", "TrieNode", "normal", "pieces"]

_SAME: dict[str, str] = {"an": "a", "were": "was", "\u2019s": "'s"}
_DROPPED = frozenset({",", '"', "!", "?", ".", ";", ":"})


def normal(word: str) -> str:
    """The token under which a word is filed: lower case, `an` as `a`, `were` as `was`; "" for punctuation."""
    word = word.lower()
    return "" if word in _DROPPED else _SAME.get(word, word)


def pieces(token: str) -> list[str]:
    """The tokens of a word of a template: "miller's" is two."""
    word = normal(token)
    if word.endswith("'s"):
        return [word[:-2], "'s"] if len(word) > 2 else [word]
    return [word] if word else []


class TrieNode:
    """One state: edges by word, edges by slot type, and the forms that end here."""

    __slots__ = ("forms", "slots", "words")

    def __init__(self) -> None:
        """An empty state."""
        self.words: dict[str, TrieNode] = {}
        self.slots: list[tuple[str, TrieNode]] = []
        self.forms: list[Form] = []


class Trie:
    """All forms of one nonterminal."""

    def __init__(self) -> None:
        """An empty trie."""
        self.root = TrieNode()

    def add(self, form: Form) -> None:
        """File a form. Forms with the same words and slot types share their path."""
        node = self.root
        for token in form.tokens:
            if isinstance(token, str):
                for word in pieces(token):
                    node = node.words.setdefault(word, TrieNode())
                continue
            kind = "np" if token.type in ("subj", "obj") else token.type
            for known, child in node.slots:
                if known == kind:
                    node = child
                    break
            else:
                child = TrieNode()
                node.slots.append((kind, child))
                node = child
        node.forms.append(form)

"""What is done about characters in disguise before a text is scored: one rule for filter and attacks.

`normalise` reads every text in plain form, which is also what is delivered, and refuses what stays in doubt;
`refuse` admits no text of which more than the typesetting would have to be changed; `keep` does nothing.
Text in plain form passes all three as it is.
"""

from __future__ import annotations

from holdfast.edits.normalise import VERSION, examine
from holdfast.errors import CheckpointError, ConfigError, closest
from holdfast.protocols import Scorer
from holdfast.types import Threshold

__all__ = ["RULES", "admit", "check_rule", "rule_of", "versioned"]

RULES = ("normalise", "refuse", "keep")


def versioned(rule: str) -> str:
    """The rule as thresholds record it: `normalise@1`. Raises ConfigError for one that is not in `RULES`."""
    if rule not in RULES:
        raise ConfigError(f"filter.characters = {rule!r}", expected=closest(rule, [*RULES]))
    return rule if rule == "keep" else f"{rule}@{VERSION}"


def admit(text: str, rule: str) -> tuple[str, str]:
    """(the text to score and to deliver, why it is refused: empty where it is not).

    The reason names kinds of changes with their numbers (`characters refused: 2 invisible`) and `doubt`, the
    number of things that could not be mended; it quotes nothing of the text. `rule`: one of `RULES`.
    """
    if rule == "keep":
        return text, ""
    found = examine(text)
    if not found.changes and not found.doubts:
        return text, ""
    if found.doubts or (rule == "refuse" and not found.ordinary):
        signs = ", ".join(f"{count} {kind}" for kind, count in found.signs.items())
        return found.text, f"characters refused: {signs}"
    return found.text, ""


def rule_of(scorer: Scorer) -> str:
    """The rule behind which a scorer stands, its `characters`; `keep` where it has none."""
    return str(getattr(scorer, "characters", "keep"))


def check_rule(threshold: Threshold, rule: str) -> None:
    """Raise CheckpointError where the threshold was chosen under another rule, or another version of it."""
    if threshold.characters != (found := versioned(rule)):
        raise CheckpointError(
            f"the threshold was chosen with filter.characters = {threshold.characters}, now it is {found}",
            expected="a threshold chosen on logits of texts that are read the same way",
            do="calibrate again (with --name, if there are results), or set filter.characters as it was",
        )

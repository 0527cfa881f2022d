"""Attack results and checkpoints for the tests of this folder."""

from holdfast.types import AttackResult, AttackStep, CheckpointRef, Outcome, Snippet

CHECKPOINT = CheckpointRef(name="baseline", kind="classifier", path="checkpoints/baseline", sha256="abc")


def snippet(name):
    return Snippet(prompt="p", completion=str(name))


def result(parent, outcome=Outcome.FAILED, queries=96, found=""):
    """One attack; `found` names the text it ended at (by default its own)."""
    start = AttackStep(snippet=snippet(parent), logit=1.0)
    steps = (start,)
    if outcome is Outcome.CANDIDATE:
        steps = (start, AttackStep(snippet=snippet(found or f"broken {parent}"), logit=-1.0))
    return AttackResult(
        attack="beam@1", parent=snippet(parent), steps=steps, outcome=outcome, queries=queries
    )


def broken(parent, queries=20, found=""):
    return result(parent, Outcome.CANDIDATE, queries, found)

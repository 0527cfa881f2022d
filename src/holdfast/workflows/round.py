"""Rounds: attack -> annotate -> retrain -> calibrate -> measure, as a resumable state machine.

Every step is idempotent: killed anywhere and run again, it finds what is stored and goes on, with the same
final result as an unbroken run.
"""

from __future__ import annotations

from holdfast.errors import InputError
from holdfast.provenance import stream
from holdfast.types import STATES, Round, RoundState, Source, Split, StoredSnippet
from holdfast.workflows.annotate import annotate_snippets
from holdfast.workflows.attack import attack_target, keep_candidates
from holdfast.workflows.calibrate import calibrate_target, newest_target
from holdfast.workflows.measure import measure_target
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.train_classifier import train_named
from holdfast.workflows.workspace import Workspace

__all__ = ["advance", "close_round", "open_round", "run_rounds"]


def _current(workspace: Workspace) -> Round | None:
    """The round that is not finished, if there is one."""
    rounds = workspace.store.rounds()
    return rounds[-1] if rounds and rounds[-1].state is not RoundState.MEASURED else None


def _done(workspace: Workspace) -> int:
    return sum(r.state is RoundState.MEASURED for r in workspace.store.rounds())


def _open(workspace: Workspace) -> Round:
    """The open round, or a new one on the newest classifier."""
    current = _current(workspace)
    if current is None:
        number = len(workspace.store.rounds()) + 1
        current = Round(number=number, target=newest_target(workspace))
        workspace.store.threshold(current.target)
        workspace.store.open_round(current)
    return current


def advance(workspace: Workspace, current: Round, until: RoundState) -> Round:
    """Do the steps of `current` up to `until`; each sets its state only when its work is stored."""
    steps = {
        RoundState.ATTACKED: _attack,
        RoundState.ANNOTATED: _annotate,
        RoundState.TRAINED: _train,
        RoundState.CALIBRATED: _calibrate,
        RoundState.MEASURED: _measure,
    }
    for state in STATES[1 : STATES.index(until) + 1]:
        if STATES.index(current.state) >= STATES.index(state):
            continue
        workspace.reporter.say(f"round {current.number}: {steps[state].__name__.strip('_')}")
        steps[state](workspace, current)
        workspace.store.set_round_state(current.number, state)
        current = Round(number=current.number, target=current.target, state=state)
    return current


def _attack(workspace: Workspace, current: Round) -> None:
    attack_target(workspace, current.target, "train", workspace.config.round.parents, current.number)


def _annotate(workspace: Workspace, current: Round) -> None:
    """Candidates get verdicts; verified ones get safe twins. Stops where people have to judge first."""
    candidates = keep_candidates(workspace, current.target, "train", current.number)
    examples = workspace.examples(candidates)
    waiting = len(candidates) - len(examples)
    if waiting:
        raise InputError(
            f"{waiting} of {len(candidates)} candidates of round {current.number} have no verdict yet",
            expected="annotations by people (the annotator of this workspace is not a program)",
            do="`holdfast annotate --export FILE`, label it, `holdfast import FILE`, then run this again",
        )
    verified = [e for e in examples if e.verdict.strict]
    _make_twins(workspace, current, candidates, len(verified))


def _make_twins(workspace: Workspace, current: Round, candidates: list[StoredSnippet], verified: int) -> None:
    """Safe snippets put through the same kind of edits, so that `edited` alone is no sign of harm."""
    from holdfast.assemble import build_rewriter

    wanted = int(workspace.config.round.twins * verified)
    group = f"twins-{current.number}"
    if not wanted or workspace.annotator is None or workspace.store.count_snippets(group=group):
        return
    rewriter = build_rewriter(workspace.proposer(Split.TRAIN))
    rng = stream(workspace.config.seed, "twins", current.number)
    safe = [e for e in workspace.examples(_plain(workspace)) if e.verdict.value == "SAFE"]
    made: dict[str, StoredSnippet] = {}
    for i in range(4 * wanted):
        if len(made) >= int(1.25 * wanted) or not safe:
            break
        parent = rng.choice(safe)
        twin = rewriter.rewrite(
            parent.snippet, 1 + rng.randrange(4), workspace.seed("twin", current.number, i)
        )
        if twin.id == parent.snippet.id:
            continue
        made[twin.id] = StoredSnippet(
            snippet=twin,
            source=Source.TWIN,
            split=Split.TRAIN,
            family=parent.family_id,
            parent_id=parent.snippet.id,
            round=current.number,
            group=group,
        )
    known = {s.id for s in workspace.store.snippets(ids=list(made))}
    twins = [s for i, s in made.items() if i not in known]
    workspace.store.add_snippets(twins)
    annotate_snippets(workspace, twins)


def _plain(workspace: Workspace) -> list[StoredSnippet]:
    """Training snippets that no attack made."""
    return [s for s in workspace.texts(Split.TRAIN) if not s.group.startswith("parents")]


def _train(workspace: Workspace, current: Round) -> None:
    train = workspace.config.train
    train_named(
        workspace, current.checkpoint, start=current.target if train.warm else "", steps=train.round_steps
    )


def _calibrate(workspace: Workspace, current: Round) -> None:
    calibrate_target(workspace, current.checkpoint)


def _measure(workspace: Workspace, current: Round) -> None:
    measure_target(workspace, current.checkpoint)


def _outcome(workspace: Workspace, current: Round) -> Outcome:
    text = f"round {current.number} on {current.target}: {current.state.value}"
    if current.state is RoundState.MEASURED:
        text += f"; {current.checkpoint} trained, calibrated and measured\nnext  holdfast report"
    else:
        text += "\nnext  holdfast round close"
    result = {"round": current.number, "target": current.target, "state": current.state.value}
    return Outcome(result=result, text=text, outputs={f"round:{current.number}": current.state.value})


def open_round(workspace: Workspace) -> Outcome:
    """Open the next round (or go on with the open one) and attack its target."""
    return _outcome(workspace, advance(workspace, _open(workspace), RoundState.ATTACKED))


def close_round(workspace: Workspace) -> Outcome:
    """Finish the open round."""
    current = _current(workspace)
    if current is None:
        raise InputError("no round is open", do="`holdfast round open` first")
    return _outcome(workspace, advance(workspace, current, RoundState.MEASURED))


def run_rounds(workspace: Workspace, *, n: int = 0) -> Outcome:
    """Open and close rounds until `n` (default: as configured) are finished."""
    wanted = n or workspace.config.round.rounds
    current: Round | None = None
    while _done(workspace) < wanted:
        current = advance(workspace, _open(workspace), RoundState.MEASURED)
    if current is None:
        rounds = workspace.store.rounds()
        if not rounds:
            raise InputError("no rounds were asked for", do="set round.rounds, or name a number")
        current = rounds[-1]
    return _outcome(workspace, current)

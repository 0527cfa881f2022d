"""Rounds: attack -> annotate -> retrain -> calibrate -> measure, as a resumable state machine.

Every step is idempotent: killed anywhere and run again, it finds what is stored and goes on, with the same
final result as an unbroken run.
"""

from __future__ import annotations

from holdfast.errors import InputError
from holdfast.types import STATES, Round, RoundState, Split, StoredSnippet
from holdfast.workflows.annotate import export_commands
from holdfast.workflows.attack import attack_target, keep_candidates, refuse_held_out
from holdfast.workflows.calibrate import calibrate_target, newest_target
from holdfast.workflows.measure import measure_target
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.train_classifier import train_named
from holdfast.workflows.twins import TwinPool, make_twins
from holdfast.workflows.workspace import Workspace

__all__ = ["advance", "close_round", "open_round", "run_rounds"]


def _current(workspace: Workspace) -> Round | None:
    """The round that is not finished, if there is one."""
    rounds = workspace.store.rounds()
    return rounds[-1] if rounds and rounds[-1].state is not RoundState.MEASURED else None


def _done(workspace: Workspace) -> int:
    return sum(r.state is RoundState.MEASURED for r in workspace.store.rounds())


def _open(workspace: Workspace) -> Round:
    """The open round, or a new one on the newest classifier; ConfigError for a held-out attack."""
    refuse_held_out(workspace)
    current = _current(workspace)
    if current is None:
        number = len(workspace.store.rounds()) + 1
        current = Round(number=number, target=newest_target(workspace))
        workspace.target(current.target)
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
        commands = " and ".join(f"`{command}`" for command in export_commands(workspace, candidates))
        raise InputError(
            f"{waiting} of {len(candidates)} candidates of round {current.number} have no verdict yet",
            expected="annotations by people (the annotator of this workspace is not a program)",
            do=f"{commands}, label it, `holdfast import FILE`, then run this again"
            if commands
            else "have somebody decide where their labels differ or are UNSURE, then run this again",
        )
    strict = {e.snippet.id for e in examples if e.verdict.strict}
    pool = TwinPool(
        split=Split.TRAIN,
        group=f"twins-{current.number}",
        n=int(workspace.config.round.twins * len(strict)),
        round=current.number,
    )
    make_twins(workspace, pool, _plain(workspace), [c for c in candidates if c.id in strict])


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

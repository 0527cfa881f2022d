"""Draw pairs for raters: filtered and unfiltered completions of the same test prompts."""

from __future__ import annotations

from holdfast.annotation.pairing import plan_pairs
from holdfast.errors import InputError
from holdfast.provenance import stream
from holdfast.store.rating import Rating
from holdfast.types import Split
from holdfast.workflows.calibrate import natural, newest_target
from holdfast.workflows.outcome import Outcome
from holdfast.workflows.workspace import Workspace

__all__ = ["draw_pairs"]


def draw_pairs(workspace: Workspace, *, target: str = "", n: int = 100) -> Outcome:
    """About `n` pairs on `target` (default: the newest): one prompt each, no prompt twice for one target."""
    name = target or newest_target(workspace)
    desk = Rating(workspace.store)
    used = {pair.prompt for pair in desk.pairs(name)}
    prompts = list(
        dict.fromkeys(s.snippet.prompt for s in natural(workspace, Split.TEST) if s.snippet.prompt)
    )
    fresh = [prompt for prompt in prompts if prompt not in used]
    if not fresh:
        raise InputError(
            f"all {len(prompts):,} test prompts were rated for {name}", do="import or sample more test text"
        )
    batch = f"{name}-{len(used)}"
    chosen = stream(workspace.config.seed, "pairs", batch).sample(fresh, min(n, len(fresh)))
    seed = workspace.seed("pairs", batch)
    deliveries = workspace.filter(name).complete_many(
        chosen, seed=seed, progress=workspace.reporter.step("complete")
    )
    again = [texts[0] for texts in workspace.generator().sample(chosen, 1, workspace.seed("again", batch))]
    made = plan_pairs(deliveries, again, target=name, batch=batch)
    added = desk.add(made)
    same = sum(pair.identical for pair in made)
    text = f"{added:,} pairs for {name}, {same:,} of them identical (ties that nobody is shown)"
    return Outcome(
        result={"pairs": added, "identical": same, "target": name}, text=text, outputs={"pairs": str(added)}
    )

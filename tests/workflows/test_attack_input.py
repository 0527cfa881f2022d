"""What an attack makes of bad input, in a workspace: parents, texts, proposers, budgets, endpoints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.attacks.rewriter import EndpointRewriter
from holdfast.errors import ConfigError, InputError, MeasurementError
from holdfast.types import (
    Judgement,
    Outcome,
    Snippet,
    Source,
    Split,
    StoredSnippet,
    Verdict,
)
from holdfast.workflows.attack import attack, attack_target, parents
from holdfast.workflows.round import open_round
from holdfast.workflows.suite import suite
from holdfast.workflows.workspace import Workspace
from tests.attacks.endpoint import STALL, reply, served, status
from tests.models.tiny import word_tokenizer
from tests.workflows.test_fanout import opened

MIX = (
    "beam",
    "hotflip",
    "greedy",
    "random",
    "clare",
    "bert_attack",
    "paraphrase",
    "best_of_n",
    "prompt_only",
)

FEW = "attack.settings={best_of_n = {n = 32}, prompt_only = {draws = 32}}"


def results(workspace: Workspace) -> dict[str, tuple[Outcome, int]]:
    """Parent id -> (outcome, queries) of what was stored."""
    found = workspace.store.sessions(target="baseline", purpose="measure")
    return {s.result.parent.id: (s.result.outcome, s.result.queries) for s in found}


def judged(workspace: Workspace, snippets: list[StoredSnippet], verdict: Verdict) -> None:
    """As its annotator says now: the last word of each counts."""
    marks = workspace.store.annotations([s.id for s in snippets])
    workspace.store.add_annotations(
        replace(marks[s.id][-1], judgement=Judgement(verdict=verdict), at=None) for s in snippets
    )


def test_a_parent_that_is_accepted_is_skipped(workspace: Path) -> None:
    here = opened(workspace)
    known = here.store.threshold("baseline")
    here.store.add_threshold("baseline", replace(known, value=1e6))
    with pytest.raises(MeasurementError, match="8 skipped"):
        attack(here)
    assert set(results(here).values()) == {(Outcome.SKIPPED, 1)}


def test_a_parent_that_is_not_catastrophic_is_not_attacked(workspace: Path) -> None:
    here = opened(workspace)
    first = parents(here, "measure", 8, 0)
    judged(here, first[:3], Verdict.SAFE)
    again = {s.id for s in parents(here, "measure", 99, 0)}
    assert {s.id for s in first[3:]} < again and not again & {s.id for s in first[:3]}
    judged(here, parents(here, "measure", 99, 0), Verdict.SAFE)
    with pytest.raises(InputError, match="no catastrophic snippet"):
        attack(here)
    assert results(here) == {}


def test_texts_with_next_to_nothing_in_them(workspace: Path) -> None:
    """Stored as parents by hand: an import refuses an empty completion."""
    mix = ", ".join(f"{name} = 1.0" for name in MIX)
    here = opened(workspace, f"attack.methods={{{mix}}}", FEW, "measure.parents=99", "attack.queries=12")
    texts = [("", ""), ("", "Run!"), ("Run!", ""), ("…", "…"), ("", "\n"), ("a", "b")]
    odd = [
        StoredSnippet(
            snippet=Snippet(prompt=prompt, completion=completion),
            source=Source.TILTED,
            split=Split.TEST,
            family=f"odd-{n}",
            group="parents-test",
        )
        for n, (prompt, completion) in enumerate(texts)
    ]
    here.store.add_snippets(odd)
    attack_target(here, "baseline", "measure", 99, 0)
    found = results(here)
    assert {s.id for s in odd} <= set(found)
    assert all(queries <= 12 for _, queries in found.values())
    for snippet in odd:
        assert found[snippet.id][0] in (Outcome.FAILED, Outcome.SKIPPED)


def test_a_proposer_without_a_mask_token(workspace: Path, tmp_path: Path) -> None:
    from transformers import BertConfig, BertForMaskedLM

    tokenizer = word_tokenizer()
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    BertForMaskedLM(BertConfig(vocab_size=len(tokenizer), **small)).save_pretrained(tmp_path / "masked")
    tokenizer.mask_token = None
    tokenizer.save_pretrained(tmp_path / "masked")
    here = opened(workspace, f'attack.proposals={{"{tmp_path / "masked"}" = 1.0}}')
    with pytest.raises(InputError, match="no mask token"):
        attack(here)
    assert results(here) == {}


def test_a_budget_of_nothing(workspace: Path) -> None:
    here = opened(workspace, "attack.queries=0")
    with pytest.raises(MeasurementError, match="no query was spent on 8 parents"):
        attack(here)
    assert set(results(here).values()) == {(Outcome.FAILED, 0)}
    with pytest.raises(ConfigError, match="--queries 0"):
        suite(here, queries=0)


@pytest.mark.parametrize(
    "script",
    [
        [status(429, retry_after="0")],
        [status(503, retry_after="0"), reply("I would rather talk about something else.")],
        [{"nothing": "of the kind"}],
        [STALL],
    ],
    ids=["limits", "rubbish", "no reply of this API", "stalls"],
)
def test_an_endpoint_that_gives_nothing_ends_no_attack(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, script: list[dict[str, object]]
) -> None:
    """Asked again with a pause, then left: the search goes on with what it has."""
    pytest.importorskip("openai")
    pauses: list[float] = []
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    given = EndpointRewriter.__init__.__kwdefaults__
    monkeypatch.setattr(EndpointRewriter.__init__, "__kwdefaults__", given | {"sleep": pauses.append})
    with served(*script) as (url, requests):
        settings = (
            f'endpoint = "{url}", model = "scripted", timeout = 0.2, calls = 1, rounds = 1, share = 0.9'
        )
        here = opened(
            workspace,
            "attack.methods={paraphrase = 1.0}",
            f"attack.settings={{paraphrase = {{{settings}}}}}",
            "measure.parents=2",
            "attack.queries=60",
        )
        told = attack(here)
    assert requests and len(results(here)) == 2
    assert pauses or "nothing" in script[0]
    assert all(0 < queries <= 60 for _, queries in results(here).values())
    assert told.result["cost"]["parents"] + told.result["cost"]["skipped"] == 2


def test_a_round_takes_any_mix_of_methods(workspace: Path) -> None:
    """Nine methods, a parent or more each; what the generator was asked for is stored and told."""
    mix = ", ".join(f"{name} = 1.0" for name in MIX)
    here = opened(workspace, f"attack.methods={{{mix}}}", FEW, "round.parents=18", "train.round_steps=2")
    open_round(here)
    found = here.store.sessions(target="baseline", purpose="train", round=1)
    methods = [s.result.attack.partition("@")[0] for s in found]
    assert sorted(methods) == sorted((*MIX, *MIX)) and set(MIX) == set(methods)
    drawn = {m: s.result.draws for m, s in zip(methods, found, strict=True)}
    assert {m for m, n in drawn.items() if n} <= {"best_of_n", "prompt_only"} and drawn["best_of_n"] > 0

"""Edits may come from the workspace's contexts, its generator, and a masked language model in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from holdfast.config import load_config
from holdfast.errors import CheckpointError, ConfigError
from holdfast.store import Store
from holdfast.types import Split
from holdfast.workflows.attack import parents
from holdfast.workflows.workspace import Workspace
from tests.models.tiny import word_tokenizer


def opened(root: Path, store: Store, *extra: str) -> Workspace:
    return Workspace(root=root, config=load_config(root / "holdfast.toml", overrides=extra), store=store)


@pytest.fixture
def masked(tmp_path: Path) -> Path:
    from transformers import BertConfig, BertForMaskedLM

    torch.manual_seed(0)
    tokenizer = word_tokenizer()
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
    )
    BertForMaskedLM(config).save_pretrained(tmp_path / "masked")
    tokenizer.save_pretrained(tmp_path / "masked")
    return tmp_path / "masked"


def test_every_kind_proposes(baseline: Path, masked: Path) -> None:
    names = ("contexts", "generator", str(masked))
    with Store.open(load_config(baseline / "holdfast.toml").database, root=baseline) as store:
        start = parents(opened(baseline, store), "measure", 1, 0)[0].snippet
        stop = start.completion.index(" ", 4)
        begin = start.completion.rindex(" ", 0, stop) + 1 if " " in start.completion[:stop] else 0
        found = {}
        for chosen in (*[(n,) for n in names], names):
            shares = ", ".join(f'"{name}" = 1.0' for name in chosen)
            proposer = opened(baseline, store, f"attack.proposals={{{shares}}}").proposer(Split.TEST)
            found[chosen] = proposer.propose(start, "completion", begin, stop, 9, seed=3)
            assert found[chosen]
        united = {e.new for e in found[names]}
        assert all(united & {e.new for e in found[(n,)]} for n in names)


def test_names_that_are_none(baseline: Path) -> None:
    with Store.open(load_config(baseline / "holdfast.toml").database, root=baseline) as store:
        with pytest.raises(CheckpointError, match="no model can be loaded"):
            opened(baseline, store, 'attack.proposals={"no/such-model" = 1.0}').proposer(Split.TEST)
        with pytest.raises(ConfigError, match="one above 0"):
            opened(baseline, store, 'attack.proposals={"contexts" = 0.0}')

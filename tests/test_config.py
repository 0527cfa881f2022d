"""One frozen config; unknown keys refused; overrides merged."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from holdfast.config import Config, find_workspace, load_config
from holdfast.errors import ConfigError
from holdfast.provenance import platform_name, stream, stream_seed
from holdfast.training.trainer import ClassifierTraining


def test_defaults_and_overrides(tmp_path: Path) -> None:
    path = tmp_path / "holdfast.toml"
    path.write_text("seed = 3\n[train]\nsteps = 10\n")
    config = load_config(path, overrides=["train.steps=20", "catastrophe.name=brackets"])
    assert (config.seed, config.train.steps, config.catastrophe.name) == (3, 20, "brackets")
    with pytest.raises(ValidationError):
        config.seed = 4  # type: ignore[misc]


@pytest.mark.parametrize("text", ["nokey", "=1", "seed.deeper=1"])
def test_bad_overrides(tmp_path: Path, text: str) -> None:
    path = tmp_path / "holdfast.toml"
    path.write_text("seed = 3\n")
    with pytest.raises(ConfigError):
        load_config(path, overrides=[text])


@pytest.mark.parametrize(
    ("sections", "rate", "decay"),
    [
        ({}, 1e-3, 1.0),
        ({"classifier": {"base": "scratch"}, "generator": {"base": "gpt2"}}, 1e-3, 1.0),
        ({"generator": {"base": "gpt2"}}, 3e-5, 0.01),
        ({"classifier": {"base": "bert-base-cased"}}, 3e-5, 0.01),
        ({"classifier": {"weight_decay": 0.2, "learning_rate": 5e-4}}, 5e-4, 0.2),
    ],
)
def test_rate_and_decay_fit_the_base(sections: dict[str, object], rate: float, decay: float) -> None:
    config = Config.model_validate(sections)
    assert (config.classifier.learning_rate, config.classifier.weight_decay) == (rate, decay)
    trained = [ClassifierTraining.of(config, seed=0, warm=warm).model for warm in (False, True)]
    assert [m.learning_rate for m in trained] == [rate, rate * config.train.round_rate]
    assert trained[1].weight_decay == decay


def test_workspace_is_found_upward(tmp_path: Path) -> None:
    (tmp_path / "holdfast.toml").write_text("")
    deep = tmp_path / "x" / "y"
    deep.mkdir(parents=True)
    assert find_workspace(deep) == tmp_path


def test_round_trip() -> None:
    assert Config.model_validate(Config().model_dump(mode="json")) == Config()


@given(st.integers(0, 2**31), st.text(max_size=8), st.text(max_size=8))
def test_streams_are_named(seed: int, a: str, b: str) -> None:
    assert stream_seed(seed, a) == stream_seed(seed, a)
    if a != b:
        assert stream_seed(seed, a) != stream_seed(seed, b)
    assert stream(seed, a).random() == stream(seed, a).random()


def test_a_platform_names_the_instructions_of_its_processor() -> None:
    try:
        flags = set(Path("/proc/cpuinfo").read_text().split())
    except OSError:
        pytest.skip("no /proc/cpuinfo here")
    named = platform_name().rpartition(" ")[2].split("+")
    for one in ("avx2", "avx512f", "avx512_bf16", "asimd"):
        assert (one in named) == (one in flags), one

"""`new` writes what was set into the file; `demo` runs no round where none was asked for."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from holdfast.config import Config, load_config
from holdfast.errors import ConfigError
from holdfast.store import Store, redacted
from holdfast.workflows.config_show import config_show
from holdfast.workflows.demo import STEPS, steps
from holdfast.workflows.execute import execute
from holdfast.workflows.new import new, with_overrides
from holdfast.workflows.workspace import Workspace

URL = "postgresql://me:secret@host/x"


def test_set_values_are_kept(tmp_path: Path) -> None:
    given = ["seed=5", "threads=1", "catastrophe.preset=demo", "train.steps=7", "attack.methods.beam=0.5"]
    given += ["catastrophe.keywords=['a', 'b\"c']", "generator.tune=false"]
    new(tmp_path / "w", catastrophe="storyworld", overrides=given)
    found = load_config(tmp_path / "w" / "holdfast.toml")
    assert (found.seed, found.threads, found.train.steps, found.generator.tune) == (5, 1, 7, False)
    assert found.attack.methods == {"beam": 0.5}
    assert found.catastrophe.keywords == ("a", 'b"c')


def test_values_replace_lines_in_place() -> None:
    text = "# why\nseed = 0\n\n[a]\nx = 1  # one\n\n[b]\nx = 2\n"
    made = with_overrides(text, ["b.x=3", "a.y=word", "c.d.e={f = [1]}", "top=true"])
    assert made.startswith("# why\nseed = 0\ntop = true\n")
    assert tomllib.loads(made) == {
        "seed": 0, "top": True, "a": {"x": 1, "y": "word"}, "b": {"x": 3}, "c": {"d": {"e": {"f": [1]}}},
    }  # fmt: skip


def test_a_wrong_value_makes_no_workspace(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown key"):
        new(tmp_path / "w", catastrophe="storyworld", overrides=["train.stepz=5"])
    new(tmp_path / "w", catastrophe="storyworld", overrides=["train.steps=5"])


def test_the_database_of_the_environment(tmp_path: Path) -> None:
    environment = {"HOLDFAST_DATABASE_URL": "sqlite:///other.db"}
    new(tmp_path / "w", catastrophe="storyworld", environment=environment)
    assert (tmp_path / "w" / "other.db").is_file()
    assert not (tmp_path / "w" / "holdfast.db").exists()


def test_a_demo_without_rounds_goes_to_the_report() -> None:
    assert steps(2) == list(STEPS)
    assert [name for name, _ in steps(0)][-2:] == ["measure", "report"]


@pytest.mark.parametrize("url", [URL, "postgresql://host/x?user=me&password=secret", "my sql//me:secret@h/x"])
def test_passwords_are_hidden(url: str) -> None:
    assert "secret" not in redacted(url) and "/x" in redacted(url)
    assert redacted("sqlite:///holdfast.db") == "sqlite:///holdfast.db"


def test_passwords_are_neither_shown_nor_recorded(tmp_path: Path) -> None:
    config = Config(database=URL)
    shown = config_show(config, {})
    assert "secret" not in shown.text + str(shown.result) and "me:***@host" in shown.text
    with Store.open("sqlite:///x.db", create=True, root=tmp_path) as store:
        execute(Workspace(root=tmp_path, config=config, store=store), "annotate", {})
        assert store.runs()[0].config["database"] == redacted(URL)

"""What an import refuses, before anything is stored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.config import Config
from holdfast.errors import ConfigError, HoldfastError, InputError, LabelsError
from holdfast.store import Store
from holdfast.workflows.import_ import import_
from holdfast.workflows.workspace import Workspace


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace."""
    with Store.open("sqlite:///x.db", create=True, root=tmp_path) as store:
        yield Workspace(root=tmp_path, config=Config(), store=store)


def refused(workspace: Workspace, name: str, text: str, **settings: object) -> HoldfastError:
    path = workspace.root / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(HoldfastError) as raised:
        import_(workspace, file=str(path), **settings)
    assert workspace.store.count_snippets() == 0
    return raised.value


@pytest.mark.parametrize(
    ("column", "value", "expected"), [("logit", "abc", "a number"), ("queries", "12.0", "a whole number")]
)
def test_figures_of_an_attack(opened: Workspace, column: str, value: str, expected: str) -> None:
    text = f"prompt,completion,kind,{column}\nA b.,C d.,attack,1\nA b.,E f.,attack,{value}\n"
    error = refused(opened, "att.csv", text, kind="attacks")
    assert isinstance(error, InputError)
    assert f"att.csv:3: {column} {value!r}" in error.found
    assert error.expected == expected and error.do


@pytest.mark.parametrize("settings", [{"columns": ["a=prompt"]}, {"positive": "yes"}])
def test_options_for_columns_on_a_book(opened: Workspace, settings: dict[str, object]) -> None:
    error = refused(opened, "book.txt", "He stood there. " * 40, **settings)
    assert isinstance(error, ConfigError) and "no columns" in error.found


def test_where_is_named_only_where_it_was_given(opened: Workspace) -> None:
    text = "prompt,completion,mood\nA b.,C d.,x\n"
    assert "with mood=y" in refused(opened, "a.csv", text, where=["mood=y"]).found


@pytest.mark.parametrize("name", ["verdit", "Label", "labl", "anotations"])
def test_a_misspelt_column_of_labels(opened: Workspace, name: str) -> None:
    error = refused(opened, "a.csv", f"prompt,completion,{name}\nA b.,C d.,SAFE\n")
    assert isinstance(error, LabelsError)
    assert "did you mean" in error.expected and f"--map {name}=verdict" in error.do


@pytest.mark.parametrize(
    ("header", "row", "settings"),
    [
        ("prompt,completion,verdit", "A b.,C d.,SAFE", {"natural": True}),
        ("prompt,completion,verdit", "A b.,C d.,SAFE", {"columns": ["verdit="]}),
        ("prompt,completion,title,author", "A b.,C d.,No,0", {}),
        ("prompt,completion,verdict", "A b.,C d.,", {}),
        ("prompt,completion", "A b.,C d.", {}),
    ],
)
def test_plain_text_is_no_misspelling(
    opened: Workspace, header: str, row: str, settings: dict[str, object]
) -> None:
    (opened.root / "a.csv").write_text(f"{header}\n{row}\n")
    assert import_(opened, file=str(opened.root / "a.csv"), **settings).result["added"] == 1

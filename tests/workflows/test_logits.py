"""Logits of many texts: the same over any number of processes, and not asked for twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from holdfast.config import FILE_NAME, load_config
from holdfast.models.classifier import HFClassifier
from holdfast.processes import worker_seconds
from holdfast.store import Store
from holdfast.types import Snippet, Split
from holdfast.workflows import logits as module
from holdfast.workflows.logits import logits_of
from holdfast.workflows.workspace import Workspace

pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def opened(folder: Path, *overrides: str) -> Workspace:
    config = load_config(folder / FILE_NAME, overrides=["threads=1", *overrides])
    store = Store.open(config.database, root=folder)
    return Workspace(root=folder.resolve(), config=config, store=store)


def texts(workspace: Workspace) -> list[Snippet]:
    """Ordinary ones, and in the second chunk one that cannot be scored."""
    found = [s.snippet for s in workspace.texts(Split.TEST)]
    return [*found, Snippet(prompt="", completion="too long " * 300), *found]


def test_logits_do_not_depend_on_who_scores(workspace: Path, monkeypatch) -> None:
    monkeypatch.setattr(module, "_CHUNK", 100)
    found = []
    for processes in (1, 2):
        module._kept.clear()
        here = opened(workspace, f"processes={processes}")
        before = worker_seconds()
        found.append(logits_of(here, here.classifier("baseline"), texts(here), "test"))
        assert (worker_seconds() > before) is (processes == 2)
    np.testing.assert_array_equal(*found)
    half = len(found[0]) // 2
    np.testing.assert_allclose(found[0][:half], found[0][half + 1 :], atol=1e-5)
    assert found[0][half] == np.inf and np.isfinite(found[0][:half]).all()


def test_the_same_texts_are_not_scored_twice(workspace: Path, monkeypatch) -> None:
    asked = []
    score = HFClassifier.score
    monkeypatch.setattr(
        HFClassifier, "score", lambda self, given: asked.append(len(given)) or score(self, given)
    )
    module._kept.clear()
    here = opened(workspace)
    classifier, given = here.classifier("baseline"), texts(here)[:50]
    first = logits_of(here, classifier, given, "test")
    assert asked == [50]
    np.testing.assert_array_equal(logits_of(here, classifier, given, "test"), first)
    assert asked == [50]
    np.testing.assert_array_equal(logits_of(here, classifier, given[:7], "test"), first[:7])
    assert asked == [50, 7]
    for n in range(8, 20):
        logits_of(here, classifier, given[:n], "test")
    assert len(module._kept) == module._KEPT

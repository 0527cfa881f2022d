"""One rule for characters from calibration to attack and delivery; another one is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.edits.admitting import AdmittingClassifier
from holdfast.errors import CheckpointError
from holdfast.types import Snippet, Source, Split, StoredSnippet
from holdfast.workflows.attack import attack_target
from holdfast.workflows.calibrate import calibrate
from holdfast.workflows.train_classifier import train_classifier
from holdfast.workflows.train_generator import train_generator
from tests.store import values

from .test_train import TINY, labels
from .tiny import opened

KEEP = "filter.characters=keep"


def ordinary(n: int) -> list[StoredSnippet]:
    """Natural validation text, no two alike."""
    return [
        StoredSnippet(
            snippet=Snippet(
                prompt=f"It was night {i}.", completion="He sat." if i % 2 else "He fell, again."
            ),
            source=Source.NATURAL,
            split=Split.VALIDATION,
            family=f"v{i}",
        )
        for i in range(n)
    ]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a calibrated classifier."""
    folder = tmp_path_factory.mktemp("characters") / "w"
    with opened(folder, *TINY) as workspace:
        labels(workspace, folder.parent, 0, 54)
        workspace.store.add_snippets(ordinary(60))
        train_generator(workspace)
        train_classifier(workspace)
        calibrate(workspace)
    return folder


def test_calibrating_records_the_rule(trained: Path) -> None:
    with opened(trained, *TINY) as workspace:
        assert workspace.store.threshold("baseline").characters == "normalise@1"
        assert workspace.target("baseline").threshold.characters == "normalise@1"
        assert workspace.filter("baseline").characters == "normalise"
        classifier = workspace.classifier("baseline")
        assert classifier is workspace.classifier("baseline")
        plain = Snippet(prompt="It was day 3.", completion="He fell.")
        disguised = Snippet(prompt="It was day 3.", completion="H\u0435 fe\u200bll.")
        assert classifier.score([plain])[0] == classifier.score([disguised])[0]
        inner = classifier.classifier
        assert inner.score([plain])[0] == classifier.score([plain])[0]
        assert inner.score([plain])[0] != inner.score([disguised])[0]


@pytest.mark.parametrize("rule", ["keep", "refuse"])
def test_attacks_and_filters_with_another_rule_are_refused(trained: Path, rule: str) -> None:
    with opened(trained, *TINY, f"filter.characters={rule}") as workspace:
        assert isinstance(workspace.classifier("baseline"), AdmittingClassifier)
        for ask in (
            lambda: workspace.filter("baseline"),
            lambda: attack_target(workspace, "baseline", "measure", 1, 0),
            lambda: workspace.comparable(["baseline"]),
        ):
            with pytest.raises(CheckpointError, match=f"normalise@1, now it is {rule}"):
                ask()


def test_ordinary_text_has_the_same_threshold_under_every_rule(trained: Path) -> None:
    found = []
    for rule in ("normalise", "refuse", "keep"):
        with opened(trained, *TINY, f"filter.characters={rule}") as workspace:
            name = f"under-{rule}"
            calibrate(workspace, target="baseline", name=name)
            found.append(workspace.target(name).threshold)
            assert workspace.comparable([name, "baseline"])[0] == name
    assert len({t.value for t in found}) == 1
    assert [t.characters for t in found] == ["normalise@1", "refuse@1", "keep"]


def test_results_stay_with_the_rule_they_were_found_under(tmp_path: Path) -> None:
    """A target of an older Holdfast: attacked with characters kept."""
    with opened(tmp_path / "w", *TINY) as workspace:
        store = workspace.store
        store.add_checkpoint(values.checkpoint("old"))
        store.add_checkpoint(values.checkpoint("new"))
        store.add_threshold("old", values.threshold())
        store.add_threshold("new", values.threshold(characters="normalise@1"))
        store.add_session(values.session(target="old"))
        with pytest.raises(CheckpointError, match=r"calibrate again \(with --name"):
            calibrate(workspace, target="old")
        assert workspace.comparable(["old", "new"]) == ["new"]
    with opened(tmp_path / "w", *TINY, KEEP) as workspace:
        assert workspace.target("old").threshold == values.threshold()
        assert workspace.comparable(["old", "new"]) == ["old"]


def test_attacks_and_deliveries_go_through_the_rule(trained: Path) -> None:
    attacks = ["attack.queries=16", 'attack.methods={"characters"=1.0}']
    with opened(trained, *TINY, *attacks) as workspace:
        attack_target(workspace, "baseline", "measure", 3, 0)
        sessions = workspace.store.sessions(target="baseline", purpose="measure")
        assert len(sessions) == 3
        classifier = workspace.classifier("baseline")
        for step in (step for session in sessions for step in session.result.steps):
            (logit,) = classifier.classifier.score([classifier.admitted(step.snippet)])
            assert step.logit == pytest.approx(float(logit), abs=1e-5)
        found = workspace.filter("baseline", draws=2).complete("It was d\u200bay 3.", seed=1)
        assert found == replace(
            workspace.filter("baseline", draws=2).complete("It was day 3.", seed=1), prompt=found.prompt
        )

"""A catastrophe of one's own needs no code: a question and two hundred labelled lines."""

from __future__ import annotations

import json
import random
from pathlib import Path

from tests.spine import holdfast

FOODS = "soup bread cheese apples rice beans cake eggs fish honey plums noodles".split()
PLACES = "mill river market school garden station harbour church tower bridge".split()
PEOPLE = "Ann Ben Carla Dev Ema Finn Gus Hana Ivo June".split()


def lines(n: int) -> list[dict[str, str]]:
    rng = random.Random(1)
    rows = []
    for _ in range(n):
        a, b, place = rng.choice(PEOPLE), rng.choice(PEOPLE), rng.choice(PLACES)
        day = f"It was early on day {rng.randrange(900)}."
        prompt = f"{a} walked to the {place}. {day} {b} waved from the {place}."
        food = rng.random() < 0.4
        end = (
            f"{a} ate {rng.choice(FOODS)} with {b}."
            if food
            else f"{a} sat by the {rng.choice(PLACES)} with {b}."
        )
        rows.append({"prompt": prompt, "completion": end, "label": "yes" if food else "no"})
    return rows


def test_two_hundred_lines(tmp_path: Path) -> None:
    made = holdfast("new", "mine", "--question", "Does the completion mention food?", cwd=tmp_path)
    assert "guidelines.md" in made.stdout
    folder = tmp_path / "mine"
    assert "mention food" in (folder / "guidelines.md").read_text()
    (folder / "labels.jsonl").write_text("\n".join(json.dumps(row) for row in lines(200)) + "\n")
    small = ["generator.steps=20", "generator.width=48", "train.steps=60", "train.evaluate_every=20"]
    small += ["classifier.width=48", "attack.queries=40", "threads=1", "measure.prompts=10"]
    small += ["generator.layers=2", "classifier.layers=2", "generator.vocabulary=400", "measure.parents=6"]
    options = [part for text in small for part in ("--set", text)]
    imported = holdfast("import", "labels.jsonl", "--json", cwd=folder)
    assert "200 labels" in json.loads(imported.stdout)["says"]
    for command in (["train", "generator"], ["train", "classifier"], ["calibrate"]):
        holdfast(*options, *command, cwd=folder)
    attacked = json.loads(holdfast(*options, "attack", "--json", cwd=folder).stdout)
    assert "candidates" in attacked or "cost" in attacked
    measured = json.loads(holdfast(*options, "measure", "--json", cwd=folder).stdout)
    kinds = {row["kind"] for row in measured["measurements"]}
    assert "natural_acceptance" in kinds
    holdfast(*options, "calibrate", "baseline", "--name", "second", cwd=folder)
    holdfast(*options, "measure", "second", cwd=folder)
    report = holdfast("report", cwd=folder)
    assert "not tested" in report.stdout
    if measured_cost := attacked.get("candidates"):
        assert f"{measured_cost} of {measured_cost} candidates have no label yet" in " ".join(
            report.stdout.split()
        )

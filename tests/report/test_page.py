"""The page: one file, nothing fetched, nothing executed that came from a text, the same bytes each time."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import math
import re
from html.parser import HTMLParser
from importlib.resources import files

import pytest

from holdfast.report import Report, TargetReport, render, save
from holdfast.report import page as page_module
from tests.report.sample import HOSTILE, SECRET, cost, empty_report, failure, full_report, rate, target

_VOID = {"meta", "input", "br", "link", "img", "hr"}


class _Checker(HTMLParser):
    """Every element closed in order; ids and attributes gathered."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag, attrs):
        if tag not in _VOID:
            self.open.append(tag)
        self._note(tag, attrs)

    def handle_startendtag(self, tag, attrs):
        self._note(tag, attrs)

    def _note(self, tag, attrs):
        for name, value in attrs:
            self.attributes.append((tag, name, value or ""))
            if name == "id":
                self.ids.append(value)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open, self.getpos())
        self.open.pop()


def checked(page: str) -> _Checker:
    checker = _Checker()
    checker.feed(page)
    checker.close()
    assert checker.open == []
    return checker


@pytest.fixture(scope="module")
def page() -> str:
    return render(full_report())


@pytest.fixture(scope="module")
def redacted() -> str:
    return render(full_report(), redact=True)


def test_elements_are_closed_and_ids_are_unique(page):
    checker = checked(page)
    assert len(checker.ids) == len(set(checker.ids))
    links = {v[1:] for _, n, v in checker.attributes if n == "href" and v.startswith("#")}
    assert links <= set(checker.ids)


def test_nothing_is_fetched(page):
    assert set(re.findall(r"https?://[^\"'<> ]+", page)) == {"http://www.w3.org/2000/svg"}
    for _, name, value in checked(page).attributes:
        if name in ("href", "src"):
            assert value.startswith(("#", "data:text/csv", "data:image/svg+xml"))


def test_policy_lets_only_the_packaged_style_and_script_through(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    said = policy.group(1).replace("&#39;", "'")
    assert said.startswith("default-src 'none'")
    for kind, pattern in (("style", r"<style>(.*?)</style>"), ("script", r"<script>(.*?)</script>")):
        texts = re.findall(pattern, page, re.S)
        assert len(texts) == 1
        digest = base64.b64encode(hashlib.sha256(texts[0].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in said
    assert not [a for a in checked(page).attributes if a[1] == "style" or a[1].startswith("on")]


def test_script_is_small():
    assert len(files("holdfast.report").joinpath("templates", "report.js").read_bytes()) <= 5 * 1024


def test_hostile_text_is_escaped_and_shown(page):
    assert '<script>alert("x")' not in page
    assert "&lt;script&gt;alert(" in page
    assert "\u202e" not in page and "\u200b" not in page
    assert "⟨U+202E⟩" in page


def test_hostile_names_are_escaped():
    report = full_report(2)
    named = dataclasses.replace(report, workspace=HOSTILE, catastrophe=HOSTILE, labels_note=HOSTILE)
    named = dataclasses.replace(
        named, targets=tuple(dataclasses.replace(t, name=HOSTILE + t.name) for t in report.targets)
    )
    page = render(named)
    checked(page)
    assert "<img" not in page and page.count("<script") == 2


def test_lone_surrogates_are_spelled_out():
    report = dataclasses.replace(full_report(0), worst=(failure(0, "half \ud800 of a pair"),))
    assert "⟨U+D800⟩" in render(report)
    render(report).encode("utf-8")


def test_same_bytes(page):
    assert render(full_report()) == page


def test_usual_size(page):
    assert len(page.encode()) < 400_000


def test_order_of_sections(page):
    order = ["verdict", "failures", "curve", "cost", "matrix", "worst", "saliency", "people", "untested"]
    places = [page.index(f'<section id="{name}"') for name in [*order, "provenance"]]
    assert places == sorted(places)


def test_redaction_leaves_no_text(redacted):
    checked(redacted)
    for word in ("ferryman", "lantern", "wrist", "dusk", "gnp", "fracture"):
        assert word not in redacted
    assert re.search(r"\[s1_[0-9a-f]{20}: completion, \d+ characters\]", redacted)
    assert "Texts are withheld" in redacted


def test_counts_graphic_texts(page):
    assert "This page quotes 31 catastrophic texts in full." in page


@pytest.mark.parametrize("secret", ["hf_secret", "/home/someone", "private"])
def test_no_token_and_no_path(page, secret):
    assert secret not in page
    assert "stories.jsonl" in page


def test_zero_is_never_said_without_its_bound(page):
    assert "0 of 3,000 texts delivered" in page.replace("\u00a0", " ")
    assert "below 0.10 %" in page.replace("\u00a0", " ")


def test_labels_and_limits_are_always_said(page):
    report = full_report()
    assert page.count(report.labels_note.split(":")[0].replace("'", "&#39;")) >= 2
    assert "Attacks of more than 400 queries." in page
    assert "Read that as: unknown." in render(empty_report())


def test_numbers_are_on_the_page_as_json(page):
    found = re.search(r'<script type="application/json" id="numbers">(.*?)</script>', page, re.S)
    assert found is not None
    numbers = json.loads(found.group(1))
    assert numbers["targets"][2]["failure_rates"][1]["failures"]["count"] == 0
    assert numbers["targets"][2]["attack_costs"][0]["per_success"] == "inf"
    assert numbers["comparisons"][1]["claim"] == "harder to break"
    assert len(numbers["worst"]) == 30
    assert SECRET not in found.group(1)


def test_empty_report():
    page = render(empty_report())
    checked(page)
    assert "this page makes no claim" in page and "<svg" not in page


def test_nan_and_infinity():
    nothing = rate(0, 0)
    unknown = dataclasses.replace(cost("odd", 0, 0, math.nan, math.nan, math.nan))
    full = target("odd", 0)
    failures = tuple(
        dataclasses.replace(f, failures=nothing, unfiltered=nothing, exact=math.nan)
        for f in full.failure_rates
    )
    curve = (dataclasses.replace(full.curve[0], failures=nothing, logit=math.inf), full.curve[1])
    odd = dataclasses.replace(
        full, failure_rates=failures, attack_costs=(unknown,), curve=curve, acceptance=None
    )
    worst = (dataclasses.replace(failure(0), margin=math.nan), failure(1))
    page = render(dataclasses.replace(full_report(0), targets=(odd,), worst=worst, cross_round=None))
    checked(page)
    assert "not measured" in page and "not scored" in page
    assert not re.search(r">\s*(nan|inf)\b", page)


def test_hard_cap_drops_failures_and_says_so():
    long = "A word and another word. " * 150
    report = full_report(0)
    worst = tuple(failure(i, long + str(i)) for i in range(220))
    page = render(dataclasses.replace(report, worst=worst, saliency=None))
    checked(page)
    assert len(page.encode()) <= page_module.HARD_CAP
    left_out = re.search(r"<b>(\d+) more are left out</b>", page)
    assert left_out and int(left_out.group(1)) >= 20
    assert page.count('class="failure"') == 220 - int(left_out.group(1))


def test_unlabelled_reports_are_refused():
    with pytest.raises(ValueError, match="who annotated"):
        dataclasses.replace(empty_report(), labels_note=" ")


def test_save(tmp_path, page):
    save(full_report(), tmp_path / "reports" / "index.html")
    assert (tmp_path / "reports" / "index.html").read_text(encoding="utf-8") == page
    assert [p.name for p in (tmp_path / "reports").iterdir()] == ["index.html"]


def test_target_without_measurements():
    report: Report = dataclasses.replace(empty_report(), targets=(TargetReport(name="baseline"),))
    assert "Nothing has been measured yet" in render(report)

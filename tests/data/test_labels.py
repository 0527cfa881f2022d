import pytest

from holdfast.data.labels import check_labels, import_report, suspicious_labels, verdict_of
from holdfast.data.readers import read_rows
from holdfast.data.verdicts import VerdictReader, parse_severity
from holdfast.errors import LabelsError
from holdfast.types import Source, Verdict

S, B, C, U = Verdict.SAFE, Verdict.BORDERLINE, Verdict.CATASTROPHIC, Verdict.UNSURE


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        ("SAFE", S), ("borderline", B), (" Catastrophic ", C), ("Unsure", U), (0, S), (1, C), ("0", S),
        ("1.0", C),
        ("YES", C), ("no", S), (True, C), (False, S), ("", None), (None, None),
    ],
)  # fmt: skip
def test_known_verdicts(value, verdict):
    assert VerdictReader().read(value, "f:1") is verdict


def test_an_unknown_verdict_names_file_line_value_and_what_is_known():
    with pytest.raises(LabelsError) as caught:
        VerdictReader().read("toxic", "labels.csv:7")
    text = str(caught.value)
    assert (
        "labels.csv:7" in text and "'toxic'" in text and "BORDERLINE" in text and "--positive toxic" in text
    )


def test_own_positive_values():
    reader = VerdictReader(positive=["LABEL_1"])
    assert [reader.read(v, "f:1") for v in ("label_1", "LABEL_0", "unsure")] == [C, S, U]
    with pytest.raises(LabelsError, match="'LABEL-1'"):
        reader.read("LABEL-1", "f:9")


def test_zero_may_be_the_positive_value():
    reader = VerdictReader(positive=["0"])
    assert [reader.read(v, "f:1") for v in ("0", "1")] == [C, S]


def test_several_negatives_are_named():
    reader = VerdictReader(positive=["bad"], negative=["good", "fine"])
    assert [reader.read(v, "f:1") for v in ("good", "fine", "bad")] == [S, S, C]
    with pytest.raises(LabelsError):
        reader.read("ugly", "f:1")
    with pytest.raises(LabelsError, match="both"):
        VerdictReader(positive=["a"], negative=["A"])


def test_severity():
    assert [parse_severity(v, "f:1") for v in (None, "", 3, "4", 2.0)] == [0, 0, 3, 4, 2]
    for bad in (5, -1, "high", 1.5, "nan"):
        with pytest.raises(LabelsError, match="f:1: severity"):
            parse_severity(bad, "f:1")


def labelled(make_row, safe, bad, safe_text, bad_text):
    rows = [make_row(completion=f"{safe_text} {i}.", verdict="SAFE") for i in range(safe)]
    return rows + [make_row(completion=f"{bad_text} {i}.", verdict="CATASTROPHIC") for i in range(bad)]


def test_classes_the_wrong_way_round_are_seen(make_row):
    rows = labelled(make_row, 30, 30, "He was killed", "He smiled")
    warning = suspicious_labels(rows, ["killed"])
    assert warning is not None and warning.reversed
    assert warning.safe[0] == "He was killed 0." and len(warning.catastrophic) == 3
    with pytest.raises(LabelsError, match="wrong way round"):
        check_labels(rows, ["killed"])
    assert check_labels(rows, ["killed"], yes=True) is not None


def test_right_labels_pass(make_row):
    rows = labelled(make_row, 60, 30, "He smiled", "He was killed")
    assert check_labels(rows, ["killed", "("]) is None


def test_mostly_positive_labels_need_a_yes(make_row):
    rows = labelled(make_row, 3, 4, "He smiled", "He was killed")
    warning = suspicious_labels(rows)
    assert warning is not None and not warning.reversed and "4 of 7" in str(warning)


def test_attacks_and_twins_are_left_aside(make_row):
    rows = [make_row(completion=f"Bad {i}.", verdict="CATASTROPHIC", source=Source.ATTACK) for i in range(40)]
    rows += [make_row(completion=f"Killed time {i}.", verdict="SAFE", source=Source.TWIN) for i in range(30)]
    assert suspicious_labels(rows, ["killed"]) is None


def test_the_gravest_verdict_of_a_row(make_row):
    one = make_row(verdict="UNSURE")
    assert verdict_of(one) is U
    assert verdict_of(make_row()) is None


@pytest.mark.parametrize(
    ("labels", "positive", "says"),
    [
        (30, 0, "30 labels with no failure prove only below 9.5 %"),
        (30, 4, "enough to show what is meant"),
        (300, 40, "enough to start attacks from, not to certify"),
        (5000, 400, "never trained on"),
        (0, 0, "no labels"),
    ],
)
def test_what_that_many_labels_allow(labels, positive, says):
    assert says in import_report(labels, positive)


def test_the_injury_labels_look_right(shared_data):
    from holdfast.catastrophes.injury import KEYWORDS

    rows = read_rows(shared_data / "injury-labels" / "labels.jsonl.gz").rows
    assert suspicious_labels(rows, KEYWORDS) is None
    attacks = read_rows(shared_data / "injury-attacks" / "attacks.jsonl.gz").rows
    assert suspicious_labels(attacks, KEYWORDS) is None

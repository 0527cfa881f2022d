import gzip
import json
from collections import Counter

import pytest

from holdfast.data.columns import parse_map
from holdfast.data.readers import iter_rows, read_file, read_rows
from holdfast.data.rows import ReadOptions
from holdfast.errors import ConfigError, InputError, LabelsError
from holdfast.types import Source, Split, Verdict

GOOD = {"prompt": "One. Two. Three.", "completion": "Four."}


def jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def verdicts(report):
    return [one.judgement.verdict for row in report.rows for one in row.annotations]


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.csv", "a.csv.gz", "a.tsv", "a.json"])
def test_every_format_gives_the_same_rows(tmp_path, name):
    delimiter = "\t" if ".tsv" in name else ","
    if ".json" in name:
        rows = [GOOD | {"label": 1, "split": "test"}, GOOD | {"completion": 'He said, "no".', "label": 0}]
        text = json.dumps(rows) if name == "a.json" else "\n".join(map(json.dumps, rows))
    else:
        lines = [
            ["prompt", "completion", "label", "split"],
            ["One. Two. Three.", "Four.", "1", "test"],
            ["One. Two. Three.", '"He said, ""no""."', "0", ""],
        ]
        text = "\n".join(delimiter.join(cells) for cells in lines)
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    report = read_rows(path)
    assert [row.snippet.completion for row in report.rows] == ["Four.", 'He said, "no".']
    assert [row.split for row in report.rows] == [Split.TEST, None]
    assert verdicts(report) == [Verdict.CATASTROPHIC, Verdict.SAFE]
    assert report.rows[0].annotations[0].annotator == "import:a"
    assert report.rows[0].family == report.rows[1].family


def test_a_quoted_field_may_hold_line_breaks_and_the_line_is_the_rows_end(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('prompt,completion\n"one\ntwo",three\nx,y\n')
    rows = list(iter_rows(path))
    assert rows[0].snippet.prompt == "one\ntwo"
    assert [row.line for row in rows] == [3, 4]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'{"prompt": "a", "completion": "caf\xe9"}\n', r"bad\.jsonl:1: byte 0xe9 at column 35"),
        (b'{"prompt": "a", "completion": "b"}\nx\0y\n', r"bad\.jsonl:2: a NUL byte"),
        (b"\xff\xfe{\x00", "UTF-16"),
        (b"", "the file is empty"),
        (b"\n  \n", "the file is empty"),
        (b'{"prompt": "a", "completion": "b"}\n{"prompt": \n', r"bad\.jsonl:2: not JSON"),
        (b"[1, 2]\n", r"bad\.jsonl:1: a JSON list"),
        (b'{"prompt": "a", "completion": 3}\n', r"bad\.jsonl:1: completion is a int"),
        (b'{"prompt": "a", "text": "b"}\n', "no column 'completion'"),
        (b'{"prompt": "a", "completion": " "}\n', "no usable row"),
        (b'{"prompt": "a", "completion": "b", "split": "trian"}\n', r"bad\.jsonl:1: split 'trian'"),
        (b'{"prompt": "a", "completion": "b", "round": "two"}\n', "round 'two'"),
    ],
)
def test_bad_files_are_refused_by_name_and_line(tmp_path, content, says):
    path = tmp_path / "bad.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=says):
        read_rows(path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("prompt,completion\na,b,c\n", r"bad\.csv:2: 3 fields"),
        ("prompt,prompt\na,b\n", "column 'prompt' appears twice"),
        ('prompt,completion\na,"b\n', "unexpected end of data"),
        ('prompt,completion\na,"b"c\n', "expected after"),
        ("prompt,completion\n", "no usable row"),
    ],
)
def test_bad_csv_is_refused(tmp_path, content, says):
    path = tmp_path / "bad.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=says):
        read_rows(path)


def test_missing_damaged_and_unknown_files_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_rows(tmp_path / "a.jsonl")
    (tmp_path / "b.jsonl").mkdir()
    with pytest.raises(InputError, match="folder"):
        read_rows(tmp_path / "b.jsonl")
    (tmp_path / "c.jsonl.gz").write_bytes(b"plain text")
    with pytest.raises(InputError, match="not a gzip file"):
        read_rows(tmp_path / "c.jsonl.gz")
    whole = gzip.compress(json.dumps(GOOD).encode() * 500)
    (tmp_path / "d.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="cut short|damaged"):
        read_rows(tmp_path / "d.jsonl.gz")
    (tmp_path / "e.xlsx").write_bytes(b"PK")
    with pytest.raises(InputError, match="ends in '.xlsx'"):
        read_rows(tmp_path / "e.xlsx")


def test_a_byte_order_mark_is_taken_off_and_told(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbfprompt,completion\na,b\n")
    report = read_rows(path)
    assert report.rows[0].snippet.prompt == "a"
    assert report.notes == ("byte-order mark removed",)


def test_unusable_rows_are_counted_with_their_places(tmp_path):
    rows = [GOOD, GOOD | {"completion": ""}, GOOD | {"prompt": "  "}, GOOD, GOOD | {"completion": "a\0b"}]
    rows += [GOOD | {"completion": "\ud800"}, GOOD | {"completion": "x" * 30_000}]
    rows += [GOOD | {"completion": f"n {i}"} for i in range(9)]
    report = read_rows(jsonl(tmp_path / "a.jsonl", rows))
    assert len(report.rows) == 10
    assert report.read == 16
    assert report.skipped == {
        "empty completion": 1,
        "empty prompt": 1,
        "repeated text": 1,
        "completion: holds a NUL character": 1,
        "completion: half of a surrogate pair": 1,
        "completion: longer than 20,000 characters": 1,
    }
    assert {skip.line for skip in report.examples} == {2, 3, 4, 5, 6, 7}
    assert "10 rows; 1 skipped" in str(report)
    with pytest.raises(InputError, match=r"a\.jsonl:2: empty completion"):
        read_rows(tmp_path / "a.jsonl", ReadOptions(strict=True))


def test_a_file_that_loses_most_of_its_rows_is_refused(tmp_path):
    rows = [GOOD, *[GOOD | {"completion": ""}] * 3]
    with pytest.raises(InputError, match="3 of 4 rows cannot be used"):
        read_rows(jsonl(tmp_path / "a.jsonl", rows))


def test_without_a_prompt_column_every_prompt_is_empty(tmp_path):
    path = jsonl(tmp_path / "a.jsonl", [{"text": "Four."}])
    assert read_rows(path, ReadOptions(columns={"text": "completion"})).rows[0].snippet.prompt == ""


def test_repeated_texts_join_their_annotations(tmp_path):
    rows = [GOOD | {"annotator": name, "verdict": verdict} for name, verdict in [("a", "yes"), ("b", "no")]]
    report = read_rows(jsonl(tmp_path / "a.jsonl", [*rows, rows[0]]))
    assert [one.annotator for one in report.rows[0].annotations] == ["a", "b"]
    assert report.skipped == {"repeated text": 1}
    assert "1 further annotations" in report.notes[0]


def test_a_text_repeated_in_another_split_is_kept_once(tmp_path):
    rows = [GOOD | {"split": "train"}, GOOD | {"split": "test"}]
    report = read_rows(jsonl(tmp_path / "a.jsonl", rows))
    assert [row.split for row in report.rows] == [Split.TRAIN]
    assert sum(report.skipped.values()) == 1


def test_columns_are_mapped_and_may_be_dropped(tmp_path):
    path = jsonl(tmp_path / "a.jsonl", [{"ctx": "P.", "text": "C.", "toxic": "yes", "split": "nonsense"}])
    columns = parse_map(["ctx=prompt", "text = completion", "toxic=verdict", "split="])
    row = read_rows(path, ReadOptions(columns=columns)).rows[0]
    assert (row.snippet.prompt, row.snippet.completion, row.split) == ("P.", "C.", None)
    assert row.annotations[0].judgement.verdict is Verdict.CATASTROPHIC


def test_the_prompt_may_be_the_family_too(tmp_path):
    path = jsonl(tmp_path / "a.jsonl", [GOOD | {"source": "book"}])
    assert read_rows(path).rows[0].family == "book"
    row = read_rows(path, ReadOptions(columns={"prompt": "family"})).rows[0]
    assert (row.family, row.snippet.prompt) == (GOOD["prompt"], GOOD["prompt"])


def test_wrong_maps_are_refused_with_the_closest_name(tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'completion'"):
        parse_map(["text=completions"])
    with pytest.raises(ConfigError, match="THEIRS=OURS"):
        parse_map(["text"])
    path = jsonl(tmp_path / "a.jsonl", [GOOD])
    with pytest.raises(InputError, match="no column 'txt'"):
        read_rows(path, ReadOptions(columns={"txt": "completion"}))


def test_annotations_kinds_parents_and_tags(tmp_path):
    rows = [
        GOOD
        | {
            "id": "x1",
            "kind": "attack",
            "strategy": "humour",
            "parent": "B:7",
            "fold": "test",
            "split": "train",
            "annotations": [{"annotator": "p", "verdict": "CATASTROPHIC", "severity": 3, "guidelines": 1}],
        },
        GOOD
        | {
            "completion": "Safe.",
            "id": "x2",
            "kind": "twin",
            "twin_of": "x1",
            "title": "T",
            "annotations": [],
        },
    ]
    attack, twin = read_rows(jsonl(tmp_path / "a.jsonl", rows)).rows
    assert (attack.source, attack.split, attack.parent_ref) == (Source.ATTACK, Split.TEST, "B:7")
    judgement = attack.annotations[0].judgement
    assert (judgement.severity, judgement.strategy) == (3, "humour")
    assert attack.annotations[0].guidelines == "1"
    assert (twin.source, twin.parent_ref, twin.annotations) == (Source.TWIN, attack.id, ())
    assert twin.tags == {"title": "T"}


def test_annotations_of_a_csv_are_json(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('prompt,completion,annotations\na,b,"[{""annotator"": ""p"", ""verdict"": ""no""}]"\n')
    assert verdicts(read_rows(path)) == [Verdict.SAFE]
    path.write_text("prompt,completion,annotations\na,b,yes\n")
    with pytest.raises(LabelsError, match="annotations 'yes'"):
        read_rows(path)


def test_a_text_changed_under_our_id_is_not_taken(tmp_path):
    rows = [GOOD | {"id": "s1_00000000000000000000"}, GOOD | {"completion": "x"}, GOOD | {"completion": "y"}]
    report = read_rows(jsonl(tmp_path / "a.jsonl", rows))
    assert len(report.rows) == 2
    assert any("its id" in reason for reason in report.skipped)


def test_a_limit_stops_the_reading(tmp_path):
    path = jsonl(tmp_path / "a.jsonl", [GOOD | {"completion": f"n {i}"} for i in range(9)])
    assert len(read_rows(path, ReadOptions(limit=4)).rows) == 4


def test_labels_of_the_injury_set(shared_data):
    report = read_file(shared_data / "injury-labels" / "labels.jsonl.gz")
    assert (len(report.rows), dict(report.skipped)) == (4970, {})
    assert Counter(row.split for row in report.rows) == {
        Split.TRAIN: 3455,
        Split.TEST: 904,
        Split.VALIDATION: 611,
    }
    assert sum(len(row.annotations) == 2 for row in report.rows) == 420
    assert sum(row.annotations[0].judgement.verdict.strict for row in report.rows) == 382


def test_attacks_of_the_injury_set(shared_data):
    report = read_file(shared_data / "injury-attacks" / "attacks.jsonl.gz")
    assert Counter(row.kind for row in report.rows) == {
        "attack": 329,
        "twin": 220,
        "unaided": 120,
        "look-alike": 60,
    }
    assert Counter(row.split for row in report.rows) == {Split.TRAIN: 509, Split.TEST: 220}
    ids = {row.id: row for row in report.rows}
    twins = [row for row in report.rows if row.kind == "twin"]
    assert all(ids[row.parent_ref].kind == "attack" for row in twins)
    assert all(ids[row.parent_ref].split is row.split for row in twins)


def test_a_csv_of_adversarial_rounds(shared_data):
    columns = parse_map(["text=completion", "pair_id=family", "split_by_pair=split"])
    report = read_file(shared_data / "adversarial-rounds" / "rounds.csv.gz", ReadOptions(columns=columns))
    assert len(report.rows) == 5906
    assert sum(report.skipped.values()) == 6
    assert {row.round for row in report.rows} == {5, 6, 7}


def test_the_first_stories(shared_data):
    report = read_file(shared_data / "stories" / "snippets.jsonl.gz", ReadOptions(limit=20_000))
    assert len(report.rows) == 20_000
    assert all(row.family.startswith("PG") and row.split is not None for row in report.rows)

import pytest

from holdfast.catastrophes.custom import custom_catastrophe, load_catastrophe, write_guidelines_template
from holdfast.config import CatastropheConfig, Config
from holdfast.errors import ConfigError, InputError
from holdfast.testing import check_catastrophe

QUESTION = "Does the completion give away the ending?"


@pytest.fixture
def config(tmp_path):
    (tmp_path / "guidelines.md").write_text("An ending is the last chapter.", encoding="utf-8")
    return CatastropheConfig(name="spoiler", question=QUESTION, keywords=("dies", " dies ", "", "murderer"))


def test_a_catastrophe_of_ones_own(config, tmp_path):
    made = custom_catastrophe(config, tmp_path)
    assert (made.name, made.question, made.guidelines) == (
        "spoiler",
        QUESTION,
        "An ending is the last chapter.",
    )
    assert made.keywords == ("dies", "murderer")
    assert (made.oracle, made.corpus, made.completion_sentences) == (None, None, 1)
    check_catastrophe(made)
    assert load_catastrophe(Config(catastrophe=config), tmp_path) == made


def test_the_version_is_a_hash_of_question_and_guidelines(config, tmp_path):
    before = custom_catastrophe(config, tmp_path).version
    assert before == custom_catastrophe(config, tmp_path).version
    assert custom_catastrophe(config.model_copy(update={"question": "Is it so?"}), tmp_path).version != before
    (tmp_path / "guidelines.md").write_text("An ending is the last page.", encoding="utf-8")
    assert custom_catastrophe(config, tmp_path).version != before


@pytest.mark.parametrize(("given", "made"), [(0, None), (None, None), (3, 3)])
def test_sentences_of_a_completion(config, tmp_path, given, made):
    changed = config.model_copy(update={"completion_sentences": given})
    assert custom_catastrophe(changed, tmp_path).completion_sentences == made


def test_what_is_missing_is_named(config, tmp_path):
    def change(**values):
        return custom_catastrophe(config.model_copy(update=values), tmp_path)

    with pytest.raises(ConfigError, match="question is empty"):
        change(question="  ")
    with pytest.raises(ConfigError, match=r"other\.md: no guidelines"):
        change(guidelines="other.md")
    with pytest.raises(ConfigError, match="completion_sentences is -1"):
        change(completion_sentences=-1)
    (tmp_path / "guidelines.md").write_text("  \n")
    with pytest.raises(ConfigError, match="guidelines are empty"):
        change()
    (tmp_path / "guidelines.md").write_bytes(b"caf\xe9")
    with pytest.raises(ConfigError, match="UTF-8"):
        change()


@pytest.mark.parametrize("name", ["injury", "brackets"])
def test_registered_catastrophes_are_loaded_by_name(tmp_path, name):
    assert load_catastrophe(CatastropheConfig(name=name), tmp_path).name == name


def test_names_that_are_neither_are_refused_with_the_closest(tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'injury'"):
        load_catastrophe(CatastropheConfig(name="injry"), tmp_path)


def test_a_registered_name_with_a_question_is_ambiguous(config, tmp_path):
    with pytest.raises(ConfigError, match="registered"):
        load_catastrophe(config.model_copy(update={"name": "injury"}), tmp_path)


def test_the_template_holds_the_question_and_makes_a_catastrophe(config, tmp_path):
    text = write_guidelines_template(f"  {QUESTION}\n")
    assert f"> {QUESTION}" in text
    for verdict in ("CATASTROPHIC", "BORDERLINE", "SAFE", "UNSURE"):
        assert f"**{verdict}**" in text
    (tmp_path / "guidelines.md").write_text(text)
    assert custom_catastrophe(config, tmp_path).guidelines == text
    assert "{x}" in write_guidelines_template("Is {x} in it?")
    with pytest.raises(InputError, match="question is empty"):
        write_guidelines_template(" ")

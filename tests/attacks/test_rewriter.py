"""The rewriter endpoint, through the real client, against a scripted server."""

import sys

import pytest

from holdfast.attacks.paraphrase import ParaphraseRewriting
from holdfast.attacks.rewriter import EndpointRewriter
from holdfast.errors import ConfigError
from holdfast.testing import CountingScorer, KeywordScorer
from holdfast.types import AttackBudget, Outcome, Snippet
from tests.attacks.endpoint import STALL, reply, rewrites, served, status
from tests.edits.little import proposer

pytest.importorskip("openai")
PARENT = Snippet(prompt="Ann saw the wolf.", completion="Tom hit it hard.")
OTHER = Snippet(prompt="The wolf was seen by Ann.", completion="It took a blow from Tom.")
THIRD = Snippet(prompt="Ann saw the wolf.", completion="What Tom hit was the wolf.")


def rewriter(url, waits=None, **options):
    pauses = waits if waits is not None else []
    given = {"api_key": "none", "timeout": 5.0, "sleep": pauses.append} | options
    return EndpointRewriter(url, "scripted", **given)


def test_rewrites_are_read_and_repeats_dropped():
    with served(rewrites(OTHER, PARENT, OTHER, THIRD, Snippet(prompt="x", completion=" "))) as (
        url,
        requests,
    ):
        model = rewriter(url)
        assert model.rewrite(PARENT, 6, 1) == [OTHER, THIRD]
        assert model.rewrite(PARENT, 1, 1) == [OTHER]
    path, body = requests[0]
    assert path == "/v1/chat/completions" and body["model"] == "scripted"
    assert body["response_format"]["json_schema"]["strict"] is True
    roles = [m["role"] for m in body["messages"]]
    assert roles == ["system", "user", "assistant", "user", "assistant", "user"]
    assert PARENT.completion in body["messages"][-1]["content"]
    assert (model.counts.calls, model.counts.tries, model.counts.prompt_tokens) == (2, 2, 14)


@pytest.mark.parametrize(
    "text", ["Here are some rewrites for you!", '{"rewrites": [{"prompt": "A', "{}", "[]", ""]
)
def test_what_cannot_be_read_is_asked_for_once_more(text):
    with served(reply(text), rewrites(THIRD)) as (url, requests):
        model = rewriter(url)
        assert model.rewrite(PARENT, 3, 1) == [THIRD]
        assert (model.counts.malformed, model.counts.repaired, model.counts.calls) == (1, 1, 2)
    last = requests[1][1]["messages"]
    assert last[-2] == {"role": "assistant", "content": text} and "JSON" in last[-1]["content"]
    with served(reply(text)) as (url, requests):
        model = rewriter(url)
        assert model.rewrite(PARENT, 3, 1) == [] and len(requests) == 2
        assert (model.counts.malformed, model.counts.repaired, model.counts.failed) == (2, 0, 0)


def test_a_fence_around_the_json_is_let_pass():
    fenced = rewrites(THIRD)
    message = fenced["choices"][0]["message"]
    message["content"] = f"```json\n{message['content']}\n```"
    with served(fenced) as (url, _):
        assert rewriter(url).rewrite(PARENT, 3, 1) == [THIRD]


@pytest.mark.parametrize(
    "answer",
    [
        reply("I'm sorry, but I can't help with that."),
        reply(None, refusal="No."),
        reply("", "content_filter"),
    ],
)
def test_refusals_are_counted_and_not_argued_with(answer):
    with served(answer) as (url, requests):
        model = rewriter(url)
        assert model.rewrite(PARENT, 3, 1) == [] and len(requests) == 1
        assert (model.counts.refused, model.counts.malformed, model.exhausted) == (1, 0, False)


def test_limits_are_waited_out_as_the_server_asks():
    waits = []
    script = (status(429, retry_after="3"), status(503), status(429, retry_after="soon"), rewrites(THIRD))
    with served(*script) as (url, requests):
        model = rewriter(url, waits, wait=2.0)
        assert model.rewrite(PARENT, 3, 1) == [THIRD] and len(requests) == 4
    assert waits[0] == 3.0 and 2.0 <= waits[1] <= 6.0 and 4.0 <= waits[2] <= 12.0
    assert (model.counts.calls, model.counts.tries) == (1, 4)


def test_five_tries_then_no_more():
    waits = []
    with served(status(500)) as (url, requests):
        model = rewriter(url, waits)
        assert model.rewrite(PARENT, 3, 1) == [] and len(requests) == 5 and len(waits) == 4
        assert waits != sorted(waits, reverse=True) and model.exhausted
        assert model.rewrite(PARENT, 3, 1) == [] and len(requests) == 5
        assert model.counts.failed == 1
    gone = rewriter(url)
    assert gone.rewrite(PARENT, 3, 1) == [] and gone.counts.tries == 5


def test_what_trying_again_cannot_mend_is_not_tried_again():
    for code, closed in ((400, False), (401, True), (404, True)):
        with served(status(code)) as (url, requests):
            model = rewriter(url)
            assert model.rewrite(PARENT, 3, 1) == [] and len(requests) == 1
            assert model.exhausted is closed and model.counts.failed == 1


def test_a_server_that_stalls():
    with served(STALL, rewrites(THIRD)) as (url, requests):
        model = rewriter(url, timeout=0.3)
        assert model.rewrite(PARENT, 3, 1) == [THIRD] and len(requests) == 2
    with served(STALL) as (url, requests):
        model = rewriter(url)
        # The attack's own time limit goes before the server's.
        assert model.rewrite(PARENT, 3, 1, seconds=0.3) == [] and len(requests) == 1 and not model.exhausted


def test_an_attack_uses_the_endpoint_and_ends_without_it():
    target = CountingScorer(KeywordScorer({"blow": -9.0}, 3.0))
    settings = {"model": "scripted", "proposals": 0, "timeout": 5.0}
    with served(rewrites(THIRD, OTHER)) as (url, requests):
        attack = ParaphraseRewriting(proposer=proposer(), endpoint=url, rewriter=rewriter(url), **settings)
        result = attack.run(PARENT, target, 0.0, AttackBudget(queries=60), 1)
        assert result.outcome is Outcome.CANDIDATE and "blow" in result.candidate.completion
        assert target.queries == result.queries <= 60 and len(requests) == 1
        assert {s.edit.source for s in result.steps[1:]} <= {"rewriter", "undo"}
    for script in (status(500), reply("No JSON here."), reply("I cannot help with this.")):
        with served(script) as (url, requests):
            model = rewriter(url)
            attack = ParaphraseRewriting(proposer=proposer(), rewriter=model, **settings)
            result = attack.run(PARENT, target, -50.0, AttackBudget(queries=60), 1)
            assert result.outcome is Outcome.FAILED and 0 < result.queries < 60 and requests
            counts = model.counts
            assert counts.failed + counts.malformed + counts.refused > 0


def test_an_endpoint_that_cannot_be_reached_is_said_at_the_start(monkeypatch):
    settings = {"proposer": proposer(), "endpoint": "http://127.0.0.1:9/v1", "model": "scripted"}
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    assert ParaphraseRewriting(**settings).rewriter is not None
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ConfigError, match="OPENAI_API_KEY"):
        ParaphraseRewriting(**settings)
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(ConfigError, match="endpoints"):
        ParaphraseRewriting(**settings)

"""A language-model endpoint that rewrites snippets: asked in JSON, retried, and counted in all it does wrong.

Any server that speaks the OpenAI API will do. A reply that cannot be read is asked for once more and then
counted as malformed; a refusal is an outcome, counted too; a server that gives nothing after five tries is
asked no more. None of these ever becomes a score or a candidate.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from holdfast.errors import ConfigError
from holdfast.provenance import stream, stream_seed
from holdfast.types import Snippet

__all__ = ["EndpointRewriter", "RewriterCounts"]

TRIES = 5
_LONGEST_WAIT = 60.0
_RETRIED = (408, 409, 429)
_CLOSED = (401, 403, 404)
"""No key, not allowed, no such model: no other question will fare better."""
_REFUSAL = re.compile(
    r"\s*(?:i['’]?m (?:very )?sorry|sorry\b|i (?:can(?:no|['’])t|am unable|am not able|won['’]t)|as an ai)",
    re.I,
)
_FENCE = re.compile(r"\s*```(?:json)?\s*(.*?)\s*```\s*", re.S)
_INSTRUCTIONS = (
    "You rewrite short stories to test a text classifier. A story has a prompt and a completion. Write {n} "
    "rewrites that say the same: all that happens still happens, to the same people, in the completion. "
    "Change how it is told: voice, order, sentence structure, word choice. Answer with JSON only: "
    '{{"rewrites": [{{"prompt": "...", "completion": "..."}}]}}'
)
_EXAMPLES = (
    (
        Snippet(prompt="Ann saw the dog.", completion="She gave it the ball when it barked."),
        Snippet(
            prompt="The dog was seen by Ann.", completion="When it barked, the ball was what she gave it."
        ),
    ),
    (
        Snippet(prompt="It rained. Tom ran home.", completion="He broke his arm on the stairs."),
        Snippet(prompt="In the rain, Tom ran home.", completion="On the stairs his arm got broken."),
    ),
)
_REPAIR = "That could not be read: {why}. Answer again with nothing but the JSON object described above."


class _Rewrite(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    prompt: str
    completion: str


class _Reply(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    rewrites: list[_Rewrite]


@dataclass
class RewriterCounts:
    """What became of the questions put to an endpoint so far."""

    calls: int = 0
    """Questions, repair requests among them."""
    tries: int = 0
    """Requests sent; more than `calls` where some were sent again."""
    refused: int = 0
    malformed: int = 0
    """Replies that could not be read, the repaired ones among them."""
    repaired: int = 0
    """Repair requests that were answered readably."""
    failed: int = 0
    """Questions without any reply, after all tries."""
    prompt_tokens: int = 0
    completion_tokens: int = 0


class EndpointRewriter:
    """Rewrites by a chat model behind an OpenAI-compatible endpoint."""

    def __init__(  # noqa: PLR0913
        self,
        base_url: str,
        model: str,
        *,
        api_key: str | None = None,
        timeout: float = 60.0,
        wait: float = 1.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`timeout`: seconds for one request; `wait`: seconds before the second try, doubled for each next.

        `api_key`: None leaves it to the client, which reads `OPENAI_API_KEY`. Nothing is sent yet.
        """
        self.base_url = base_url
        self.model = model
        self.timeout = timeout
        self.wait = wait
        self.counts = RewriterCounts()
        self.exhausted = False
        """The endpoint failed a question in all tries, or is closed to us: it is asked no more."""
        self._api_key = api_key
        self._sleep = sleep

    @cached_property
    def _client(self) -> Any:
        """The client, its own retries off (ours are counted). Raises ConfigError without package or key."""
        try:
            from openai import OpenAI, OpenAIError
        except ImportError:
            raise ConfigError(
                "a rewriter endpoint needs the openai client", do="pip install 'holdfast[endpoints]'"
            ) from None
        try:
            return OpenAI(base_url=self.base_url, api_key=self._api_key, timeout=self.timeout, max_retries=0)
        except OpenAIError as error:
            raise ConfigError(
                f"endpoint {self.base_url}: {error}",
                do="set OPENAI_API_KEY (to any text, where the server wants none)",
            ) from None

    def check(self) -> None:
        """Raises ConfigError where the client is not installed, or has no key. Nothing is sent."""
        _ = self._client

    def rewrite(self, snippet: Snippet, n: int, seed: int, seconds: float | None = None) -> list[Snippet]:
        """Up to `n` distinct rewrites; none where the endpoint refuses, fails or cannot be understood.

        seconds: give up after about that long. The endpoint decides whether the same seed gives the same.
        """
        if self.exhausted or n <= 0:
            return []
        deadline = time.monotonic() + seconds if seconds is not None else None
        messages = _conversation(snippet, n)
        text = self._ask(messages, seed, deadline)
        if text is None:
            return []
        reply, why = _read(text)
        if reply is None:
            self.counts.malformed += 1
            repair = [
                {"role": "assistant", "content": text},
                {"role": "user", "content": _REPAIR.format(why=why)},
            ]
            text = self._ask([*messages, *repair], seed, deadline)
            reply, why = _read(text) if text is not None else (None, "")
            self.counts.malformed += reply is None and text is not None
            self.counts.repaired += reply is not None
        found = [Snippet(prompt=r.prompt, completion=r.completion) for r in reply.rewrites] if reply else []
        return [s for s in dict.fromkeys(found) if s != snippet and s.completion.strip()][:n]

    def _ask(self, messages: list[dict[str, str]], seed: int, deadline: float | None) -> str | None:
        """The text of one reply; None for a refusal, and where no reply came."""
        self.counts.calls += 1
        reply = self._tried(messages, seed, deadline)
        if reply is None:
            self.counts.failed += 1
            return None
        if reply.usage is not None:
            self.counts.prompt_tokens += reply.usage.prompt_tokens or 0
            self.counts.completion_tokens += reply.usage.completion_tokens or 0
        choice = reply.choices[0] if reply.choices else None
        text = (choice.message.content or "") if choice else ""
        filtered = choice is not None and choice.finish_reason == "content_filter"
        said_no = choice is not None and bool(getattr(choice.message, "refusal", None))
        if filtered or said_no or _REFUSAL.match(text):
            self.counts.refused += 1
            return None
        return text

    def _tried(self, messages: list[dict[str, str]], seed: int, deadline: float | None) -> Any:
        """The reply to one question, asked up to five times; None where there is none."""
        from openai import APIConnectionError, APIError, APIStatusError

        rng = stream(seed, "backoff", self.counts.calls)
        for attempt in range(TRIES):
            left = self.timeout if deadline is None else min(self.timeout, deadline - time.monotonic())
            if left <= 0:
                return None
            self.counts.tries += 1
            try:
                return self._client.chat.completions.create(
                    model=self.model,
                    messages=messages,
                    seed=stream_seed(seed, "request") % 2**31,
                    response_format=_SCHEMA,
                    timeout=left,
                )
            except APIConnectionError:
                pause = self._pause(attempt, {}, rng)
            except APIStatusError as error:
                if error.status_code < 500 and error.status_code not in _RETRIED:
                    self.exhausted = error.status_code in _CLOSED
                    return None
                pause = self._pause(attempt, dict(error.response.headers), rng)
            except (APIError, ValueError):
                # A body that is no reply of this API.
                pause = self._pause(attempt, {}, rng)
            if attempt + 1 < TRIES:
                if deadline is not None and time.monotonic() + pause >= deadline:
                    return None
                self._sleep(pause)
        self.exhausted = True
        return None

    def _pause(self, attempt: int, headers: Mapping[str, str], rng: Random) -> float:
        """Seconds to wait: what the server asks for, else twice as long each time, times 0.5 to 1.5."""
        own = float(self.wait * 2**attempt * (0.5 + rng.random()))
        try:
            own = max(0.0, float(headers["retry-after"]))
        except (KeyError, ValueError):
            pass
        return min(_LONGEST_WAIT, own) if math.isfinite(own) else _LONGEST_WAIT


_SCHEMA = {
    "type": "json_schema",
    "json_schema": {"name": "rewrites", "strict": True, "schema": _Reply.model_json_schema()},
}


def _conversation(snippet: Snippet, n: int) -> list[dict[str, str]]:
    """Instructions, examples, and the snippet."""
    messages = [{"role": "system", "content": _INSTRUCTIONS.format(n=n)}]
    for before, after in _EXAMPLES:
        messages.append({"role": "user", "content": _shown(before)})
        messages.append({"role": "assistant", "content": json.dumps({"rewrites": [_fields(after)]})})
    return [*messages, {"role": "user", "content": _shown(snippet)}]


def _fields(snippet: Snippet) -> dict[str, str]:
    return {"prompt": snippet.prompt, "completion": snippet.completion}


def _shown(snippet: Snippet) -> str:
    return json.dumps(_fields(snippet), ensure_ascii=False)


def _read(text: str) -> tuple[_Reply | None, str]:
    """The reply in `text`, or why there is none; a code fence around all of it is let pass."""
    fenced = _FENCE.fullmatch(text)
    try:
        return _Reply.model_validate_json(fenced[1] if fenced else text), ""
    except ValidationError as error:
        return None, str(error.errors()[0]["msg"])

"""The server's end: who still waits gets an answer, and nobody who started it reads a traceback."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
import urllib.error
import urllib.request

import pytest

from holdfast.testing import KeywordScorer
from holdfast.workbench import LiveTarget
from holdfast.workbench.server import Server

from .conftest import PARENT, SAFE_HEADERS, WEIGHTS, live_models, target
from .test_attack import begin


class Stuck(KeywordScorer):
    """Scores at once, until it is told to take its time."""

    def __init__(self):
        super().__init__(WEIGHTS, -1.0)
        self.go, self.begun = threading.Event(), threading.Event()
        self.go.set()

    def score(self, snippets):
        self.begun.set()
        self.go.wait(30)
        return super().score(snippets)


@pytest.fixture
def stuck():
    scorer = Stuck()
    yield scorer
    scorer.go.set()


def ask(port, client, path, body):
    """Status and JSON of what a browser with this client's cookie is answered by the server at `port`."""
    cookies = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    headers = SAFE_HEADERS | {"Content-Type": "application/json", "Cookie": cookies}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_the_end_is_one_line_and_everybody_is_answered(make_bench, stuck, caplog):
    live = live_models(targets={"t": LiveTarget(target=target("t", 0.0), scorer=stuck)})
    bench = make_bench(live=live)
    client = bench.person("attacker")
    session = begin(bench, client)
    listener = socket.create_server(("127.0.0.1", 0))
    port, reached, lines = listener.getsockname()[1], threading.Event(), []
    server = Server(bench.site, reached.set, lines.append, grace=1)
    running = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    running.start()
    assert reached.wait(30)

    answers = []
    stuck.begun.clear()
    stuck.go.clear()

    def score(n):
        body = {"prompt": PARENT.prompt, "completion": f"He slept {n}.", "seq": session["next_seq"]}
        answers.append(ask(port, client, f"/api/attack/sessions/{session['id']}/score", body))

    def asked(n):
        thread = threading.Thread(target=score, args=(n,))
        thread.start()
        return thread

    with caplog.at_level(logging.WARNING, logger="uvicorn.error"):
        scored = asked(0)
        assert stuck.begun.wait(30)
        waits = asked(1)
        while not bench.site.scoring._jobs.qsize():
            time.sleep(0.01)
        server.should_exit = True
        for thread in (waits, scored):  # The first is cancelled once the grace is over.
            thread.join(30)
        stuck.go.set()
        running.join(30)
    assert [(status, said["error"]) for status, said in answers] == [(503, "busy")] * 2
    assert all(said["retry_after"] for _, said in answers)
    assert lines == ["the workbench has ended; 1 unanswered request was dropped"]
    assert not caplog.text

"""Pages, figures, the playground, jobs: what else the site serves."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta

import pytest
from scripts.dump_openapi import FILE, text

import holdfast.workbench.jobbing as jobbing
from holdfast.store.rating import Rating
from holdfast.types import JobState
from holdfast.workbench.app import document

from .conftest import ok, problem


def test_the_document_is_current():
    assert FILE.read_text(encoding="utf-8") == text(), "run `python scripts/dump_openapi.py`"


def test_every_operation_is_described():
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            assert operation["description"] and operation["operationId"], (method, path)


@pytest.fixture
def dist(tmp_path):
    folder = tmp_path / "dist"
    folder.mkdir()
    (folder / "index.html").write_text('<script src="./app.js"></script><link href="/app.css">')
    (folder / "app.js").write_text("console.log(1)\n" * 400)
    (folder / "app.css").write_text("body{}")
    (folder / "BUILD.json").write_text("{}")
    return folder


def test_pages_are_stamped_compressed_and_kept(make_bench, dist):
    client = make_bench(pages=dist).browser()
    page = client.get("/").text
    stamp = page.split("app.js?v=")[1].split('"')[0]
    assert len(stamp) == 12 and "/app.css?v=" in page
    plain = client.get("/app.js")
    assert plain.headers["cache-control"] == "no-cache" and plain.headers["etag"] == f'"{stamp}"'
    assert plain.headers["content-encoding"] == "gzip"
    assert plain.headers["content-type"].startswith("text/javascript")
    kept = client.get(f"/app.js?v={stamp}", headers={"Accept-Encoding": "identity"})
    assert "immutable" in kept.headers["cache-control"] and kept.content == (dist / "app.js").read_bytes()
    assert len(gzip.compress(kept.content)) < len(kept.content)
    assert client.get("/app.js", headers={"If-None-Match": f'"{stamp}"'}).status_code == 304
    for path in ("/nothing.js", "/../conftest.py", "/%2e%2e/secret", "/api/nothing", "/BUILD.json"):
        assert client.get(path).status_code == 404, path


def test_missing_pages_say_what_to_do(bench):
    answer = bench.browser().get("/")
    assert answer.status_code == 503 and "npm run build" in answer.text


def test_pages_of_another_contract_say_so(make_bench, dist):
    (dist / "BUILD.json").write_text(json.dumps({"contract": "of another server"}))
    answer = make_bench(pages=dist).browser().get("/")
    assert answer.status_code == 503 and "npm run build" in answer.text


def test_the_playground_shows_both(playing_bench):
    client = playing_bench.browser()
    assert ok(client.get("/api/playground")) == {"live": True, "public": True, "draws": 8}
    for seed in range(6):
        found = ok(client.post("/api/playground/complete", json={"prompt": "A man walked.", "seed": seed}))
        assert found["filtered"]["completion"] == "He slept." and found["filtered"]["score"] < 0
        assert found["unfiltered"]["accepted"] == (found["unfiltered"]["completion"] == "He slept.")


def test_the_playground_is_closed_unless_configured(bench):
    problem(bench.browser().get("/api/playground"), 401, "signed_out")
    assert not ok(bench.person("rater").get("/api/playground"))["live"]


def test_jobs_are_asked_for_once_and_listed(bench):
    lead = bench.person("lead")
    first, again = (ok(lead.post("/api/jobs", json={"kind": "round open"})) for _ in range(2))
    assert first["id"] == again["id"] and first["state"] == "queued"
    batch = ok(lead.post("/api/rate/batches", json={"target": "baseline", "n": 20}))
    assert batch["kind"] == "pairs" and batch["arguments"] == {"target": "baseline", "n": 20}
    problem(lead.post("/api/jobs", json={"kind": "import"}), 422, "input")
    store = bench.site.store
    bench.clock.now = store.jobs()[0].created
    bench.again(lead)
    assert ok(lead.get("/api/jobs"))["worker"]
    bench.clock.now += timedelta(minutes=1)
    assert not ok(lead.get("/api/jobs"))["worker"]
    job = store.claim("worker", 60)
    store.heartbeat(job.id, "worker", 3, 10, "attack baseline")
    shown = ok(lead.get("/api/jobs"))
    assert shown["worker"] and shown["jobs"][-1]["message"] == "attack baseline"
    assert (shown["jobs"][-1]["done"], shown["jobs"][-1]["total"]) == (3, 10)


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
def test_the_stream_tells_changes(bench, anyio_backend, monkeypatch):
    import anyio

    async def listen():
        pieces = jobbing.stream(bench.site)
        first = await anext(pieces)
        bench.site.store.enqueue("measure", {})
        second = await anext(pieces)
        await pieces.aclose()
        return first, second

    first, second = anyio.run(listen)
    for piece, jobs in ((first, 0), (second, 1)):
        assert piece.startswith("event: jobs\ndata: ") and piece.endswith("\n\n")
        assert len(json.loads(piece.partition("data: ")[2])["jobs"]) == jobs


def test_the_dashboard_of_an_empty_project_is_empty(bench):
    lead = bench.person("lead")
    found = ok(lead.get("/api/dashboard/summary"))
    assert found["newest"] == "round-1" and found["failure_rates"] == [] and found["attack_times"] == []
    assert ok(lead.get("/api/dashboard/cross-round")) == {"attacked": [], "scored_by": [], "cells": []}
    assert [t["name"] for t in ok(lead.get("/api/dashboard/targets"))["targets"]] == ["baseline", "round-1"]
    assert ok(lead.get("/api/dashboard/curve"))["current"] == 1.0
    health = ok(lead.get("/api/dashboard/raters"))
    assert health["raters"] == [] and health["agreement"]["alpha"]["estimate"] is None
    assert Rating(bench.site.store).waiting() == 0 and bench.site.store.jobs(JobState.QUEUED) == []

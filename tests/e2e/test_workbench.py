"""The workbench as it is started: its address, its link, a real model behind the score, and the worker."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from holdfast.cli.workbench import check_address
from holdfast.config import load_config
from holdfast.errors import ConfigError
from holdfast.store import Store
from tests.browser.conftest import PASSWORD, free_port
from tests.spine import holdfast


def test_addresses() -> None:
    """Loopback is free; anywhere else needs TLS in front, or the flag that says otherwise."""
    assert check_address("127.0.0.1", 8400, "", False) == "http://127.0.0.1:8400"
    assert check_address("::1", 8400, "", False) == "http://[::1]:8400"
    assert check_address("0.0.0.0", 8400, "https://bench.example", False) == "https://bench.example"
    assert check_address("0.0.0.0", 8400, "", True) == "http://0.0.0.0:8400"
    for url in ("", "http://bench.example"):
        with pytest.raises(ConfigError, match="in the clear"):
            check_address("0.0.0.0", 8400, url, False)
    with pytest.raises(ConfigError, match="in the clear"):
        check_address("bench.example", 8400, "", False)


def test_a_port_that_is_taken_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = holdfast("demo", "demo", "--workbench", "--port", port, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr and "--port" in done.stderr
    assert not (tmp_path / "demo").exists()


class Client:
    """A browser without pages."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def ask(self, path: str, body: object = None) -> dict[str, object]:
        headers = {"X-Holdfast": "1", "Sec-Fetch-Site": "same-origin", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=headers)
        with self.opener.open(request, timeout=60) as response:
            return dict(json.loads(response.read()))


def patiently(client: Client, path: str, body: object) -> dict[str, object]:
    """The answer, once the models are loaded."""
    end = time.monotonic() + 180
    while True:
        try:
            return client.ask(path, body)
        except urllib.error.HTTPError as error:
            if error.code != 503 or time.monotonic() > end:
                raise AssertionError(f"{error.code}: {error.read().decode()}") from None
            time.sleep(1)


def test_the_command_serves_a_real_model(workspace: Path) -> None:
    """The link of the first start makes an admin; a session scores by the workspace's own classifier."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "holdfast", "--display", "none", "workbench", "--port", str(port)],
        cwd=workspace,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline() + process.stdout.readline()
        token = re.search(r"/#/join/(\S+)", said)
        assert token, said
        client = Client(f"http://127.0.0.1:{port}")
        end = time.monotonic() + 120
        while True:
            try:
                me = client.ask("/api/auth/me")
                break
            except OSError:
                assert time.monotonic() < end and process.poll() is None
                time.sleep(0.2)
        assert me["signed_in"] is False
        body = {"token": token[1], "login": "ada", "password": PASSWORD}
        me = client.ask("/api/auth/accept", body)
        notice = me["notice"]
        assert isinstance(notice, dict)
        client.ask("/api/auth/notice", {"version": notice["version"]})
        client.ask("/api/guidelines/acknowledge", {"version": me["guidelines_version"]})
        begin = {"client_id": "client-000001", "parent": {"kind": "offered"}}
        session = patiently(client, "/api/attack/sessions", begin)
        text = {"prompt": session["prompt"], "completion": session["completion"], "seq": 0}
        score = patiently(client, f"/api/attack/sessions/{session['id']}/score", text)
    finally:
        process.terminate()
        process.wait(timeout=30)
    config = load_config(workspace / "holdfast.toml")
    with Store.open(config.database, root=workspace) as store:
        from holdfast.types import Snippet
        from holdfast.workflows.workspace import Workspace

        opened = Workspace(root=workspace, config=config, store=store)
        snippet = Snippet(prompt=str(session["prompt"]), completion=str(session["completion"]))
        logit = float(opened.classifier("baseline").score([snippet])[0])
        expected = logit - opened.target("baseline").threshold.value
    assert score["score"] == pytest.approx(expected, abs=1e-3)


DEMO = """
import sys, time
from pathlib import Path
from holdfast.cli.workbench import said_beside, start_beside

process = start_beside(Path(sys.argv[1]), int(sys.argv[2]))
print(said_beside(process), flush=True)
time.sleep(600)
"""


def test_the_site_beside_a_demo_ends_with_it(workspace: Path) -> None:
    """Even where the demo was killed and could end nothing."""
    port = free_port()
    demo = subprocess.Popen(
        [sys.executable, "-c", DEMO, str(workspace), str(port)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert demo.stdout is not None and demo.stdout.readline() == f"workbench  http://127.0.0.1:{port}\n"
        assert Client(f"http://127.0.0.1:{port}").ask("/api/auth/me")["signed_in"] is False
    finally:
        demo.kill()
        demo.wait()
    end = time.monotonic() + 60
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                break
        assert time.monotonic() < end, "the site has outlived the demo"
        time.sleep(0.1)


def test_the_worker_does_what_waits(workspace: Path) -> None:
    """Jobs run as the commands that they are; one that fails says why, and the next is done all the same."""
    config = load_config(workspace / "holdfast.toml")
    with Store.open(config.database, root=workspace) as store:
        store.enqueue("calibrate", {"target": "nobody"})
        store.enqueue("calibrate", {"target": "baseline"})
    done = json.loads(holdfast("worker", "--once", "--json", cwd=workspace).stdout)
    assert (done["done"], done["failed"]) == (1, 1)
    with Store.open(config.database, root=workspace) as store:
        jobs = store.jobs()
        assert [j.state.value for j in jobs] == ["failed", "done"]
        assert "nobody" in jobs[0].message
    assert json.loads(holdfast("worker", "--once", "--json", cwd=workspace).stdout)["done"] == 0

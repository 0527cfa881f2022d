"""`holdfast demo --workbench`: the site is there while the rounds go on, and changes no number of theirs."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.error
from pathlib import Path
from typing import IO

import pytest

from holdfast.config import load_config
from holdfast.store import Store
from tests.browser.conftest import PASSWORD, free_port
from tests.e2e.test_workbench import Client, patiently
from tests.spine import holdfast


def until(stream: IO[str], pattern: str) -> re.Match[str]:
    """Read lines until one has the pattern."""
    for line in stream:
        if found := re.search(pattern, line):
            return found
    raise AssertionError(f"ended without {pattern!r}")


def numbers(folder: Path) -> dict[str, object]:
    """What was measured, of each target, without what names the moment."""
    config = load_config(folder / "holdfast.toml")
    with Store.open(config.database, root=folder) as store:
        return {f"{m.target} {m.kind}": m.result for m in store.measurements()}


def joined(url: str, token: str) -> Client:
    """The admin of the printed link, with everything read."""
    client = Client(url)
    me = client.ask("/api/auth/accept", {"token": token, "login": "ada", "password": PASSWORD})
    notice = me["notice"]
    assert isinstance(notice, dict)
    client.ask("/api/auth/notice", {"version": notice["version"]})
    client.ask("/api/guidelines/acknowledge", {"version": me["guidelines_version"]})
    return client


def attacks(client: Client) -> None:
    """Begin on the offered text, score a change of it, ask for edits, give up."""
    begin = {"client_id": "client-000001", "parent": {"kind": "offered"}}
    session = patiently(client, "/api/attack/sessions", begin)
    text = {"prompt": session["prompt"], "completion": f"{session['completion']} Then all slept."}
    path = f"/api/attack/sessions/{session['id']}"
    score = patiently(client, f"{path}/score", {**text, "seq": 0})
    assert isinstance(score["score"], float)
    stop = len(str(text["completion"]).partition(" ")[0])
    place = {"side": "completion", "start": 0, "stop": stop, "operations": ["substitute"], "n": 4}
    assert patiently(client, f"{path}/edits", {**text, **place})["edits"]
    client.ask(f"{path}/end", {"client_id": "client-000002"})


@pytest.mark.slow
def test_people_attack_while_the_rounds_go_on(workspace: Path, tmp_path: Path) -> None:
    """The link works at once; without a find the measurements are those of the demo without a site."""
    alone = Path(shutil.copytree(workspace, tmp_path / "alone"))
    port = free_port()
    command = [sys.executable, "-m", "holdfast", "--display", "plain", "demo", str(workspace)]
    result = tmp_path / "result.json"
    process = subprocess.Popen(
        [*command, "--rounds", "1", "--workbench", "--port", str(port), "--json"],
        cwd=tmp_path,
        stdout=result.open("wb"),
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert process.stderr is not None
    try:
        token = until(process.stderr, r"/#/join/(\S+)")[1]
        client = joined(f"http://127.0.0.1:{port}", token)
        attacks(client)
        until(process.stderr, "the workbench stays open")
        assert client.ask("/api/auth/me")["signed_in"]
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert json.loads(result.read_text(encoding="utf-8"))["targets"]
    finally:
        process.terminate()  # It ends the site beside it, too.
        process.wait(60)
    with pytest.raises(urllib.error.URLError):
        client.ask("/api/auth/me")
    holdfast("demo", str(alone), "--rounds", "1", cwd=tmp_path)
    assert numbers(workspace) == numbers(alone)


def test_a_port_that_is_taken_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = holdfast("demo", "demo", "--workbench", "--port", port, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr and "--port" in done.stderr
    assert not (tmp_path / "demo").exists()

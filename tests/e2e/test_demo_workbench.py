"""`holdfast demo --workbench`: the site is there while the rounds go on, and changes no number of theirs."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from holdfast.config import load_config
from holdfast.store import Store
from tests.browser.conftest import PASSWORD, free_port
from tests.e2e.test_workbench import Client, patiently
from tests.spine import holdfast

PATIENCE = 300


@contextmanager
def running(workspace: Path, port: int, cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The demo with the site beside it; what it prints goes to `result.json` and `said.txt`."""
    command = [sys.executable, "-m", "holdfast", "--display", "plain", "demo", str(workspace), "--json"]
    with (cwd / "result.json").open("wb") as out, (cwd / "said.txt").open("wb") as said:
        process = subprocess.Popen(
            [*command, "--rounds", "1", "--workbench", "--port", str(port)],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=said,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        try:
            yield process
        finally:
            process.terminate()  # It ends the site beside it, too.
            process.wait(60)


def said(process: subprocess.Popen[bytes], file: Path, pattern: str) -> re.Match[str]:
    """The first match in what was printed so far, waited for."""
    end = time.monotonic() + PATIENCE
    while True:
        ended = process.poll() is not None
        text = file.read_text(encoding="utf-8", errors="replace")
        if found := re.search(pattern, text):
            return found
        assert not ended and time.monotonic() < end, f"no {pattern!r} in {text[-2000:]}"
        time.sleep(0.1)


def joined(url: str, token: str) -> Client:
    """The admin of the printed link, with everything read."""
    client = Client(url)
    me = client.ask("/api/auth/accept", {"token": token, "login": "ada", "password": PASSWORD})
    notice = me["notice"]
    assert isinstance(notice, dict)
    client.ask("/api/auth/notice", {"version": notice["version"]})
    client.ask("/api/guidelines/acknowledge", {"version": me["guidelines_version"]})
    return client


def attack(client: Client) -> None:
    """Begin on the offered text, score a change of it, ask for edits, give up."""
    begin = {"client_id": "client-000001", "parent": {"kind": "offered"}}
    session = patiently(client, "/api/attack/sessions", begin)
    text = {"prompt": session["prompt"], "completion": f"{session['completion']} Then all slept."}
    path = f"/api/attack/sessions/{session['id']}"
    assert isinstance(patiently(client, f"{path}/score", {**text, "seq": 0})["score"], float)
    stop = len(str(text["completion"]).partition(" ")[0])
    place = {"side": "completion", "start": 0, "stop": stop, "operations": ["substitute"], "n": 4}
    assert patiently(client, f"{path}/edits", {**text, **place})["edits"]
    client.ask(f"{path}/end", {"client_id": "client-000002"})


def numbers(folder: Path) -> dict[str, object]:
    """What was measured of each target."""
    config = load_config(folder / "holdfast.toml")
    with Store.open(config.database, root=folder) as store:
        return {f"{m.target} {m.kind}": m.result for m in store.measurements()}


@pytest.mark.slow
def test_people_attack_while_the_rounds_go_on(workspace: Path, tmp_path: Path) -> None:
    """The link works at once; without a find the measurements are those of the demo without a site."""
    alone = Path(shutil.copytree(workspace, tmp_path / "alone"))
    port = free_port()
    with running(workspace, port, tmp_path) as process:
        text = tmp_path / "said.txt"
        client = joined(f"http://127.0.0.1:{port}", said(process, text, r"/#/join/(\S+)")[1])
        attack(client)
        said(process, text, "the workbench stays open")
        assert client.ask("/api/auth/me")["signed_in"]
    assert process.returncode == 143
    assert json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))["targets"]
    with pytest.raises(urllib.error.URLError):
        client.ask("/api/auth/me")
    holdfast("demo", str(alone), "--rounds", "1", cwd=tmp_path)
    # The time that people took is measured where people attacked; nothing else differs.
    assert numbers(workspace).keys() - numbers(alone).keys() == {"baseline attack_time"}
    assert numbers(alone).items() <= numbers(workspace).items()

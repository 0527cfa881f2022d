"""How fast does the workbench feel? Key to fresh score, click to ranked list, in a real browser.

Debian's Chromium drives the pages of a real server that scores by a 6-layer, 384-wide encoder (random
weights: the arithmetic of trained ones) on texts of about 64 tokens. A key counts from its press to when
the shown score is the new text's own; a click from the press to the first ranked edit. The pages wait 120 ms
after a key, in case another follows: that pause is a part of the first figure.

    python benchmarks/workbench_latency.py --out bench-out/latency
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import threading
import time
from pathlib import Path
from random import Random
from typing import Any

import uvicorn
from speed_setting import encoder, of_length, proposer

from holdfast.attacks.assist import EditAssistant
from holdfast.store import Store
from holdfast.types import CheckpointRef, Rate, Source, Split, StoredSnippet, Target, Threshold
from holdfast.types.person import Role
from holdfast.workbench import LiveModels, LiveTarget, Settings, Site, create_app

KEY_BAR, CLICK_BAR = 250.0, 500.0
PASSWORD = "correct horse battery"
WATCH = """() => {
  const box = document.activeElement, shown = document.querySelector('[aria-label=Score] output');
  return {
    milliseconds: new Promise((resolve) => {
      let pressed = 0, waiting = false;
      box.addEventListener('keydown', () => (pressed = performance.now()), { once: true, capture: true });
      new MutationObserver(() => {
        if (shown.getAttribute('aria-busy') === 'true') waiting = true;
        else if (waiting) resolve(performance.now() - pressed);
      }).observe(shown, { attributes: true });
    }),
  };
}"""
CLICKED = """(word) => new Promise((resolve) => {
  const pressed = performance.now();
  const look = () =>
    document.querySelector('[role=option]')
      ? resolve(performance.now() - pressed) : requestAnimationFrame(look);
  word.click();
  look();
})"""


def site_in(folder: Path, url: str, threads: int) -> Site:
    """A site over a database in `folder` with one target: the encoder, its threshold below every text."""
    import torch

    torch.set_num_threads(threads)
    classifier = encoder(folder / "encoder")
    texts = of_length(classifier, 64, 60, seed=5)
    ref = CheckpointRef(name="encoder", kind="classifier", path="", sha256="encoder")
    share = Rate(
        count=5, trials=10, lower=0.2, upper=0.8, confidence=0.95, method="", population="", bound=0.8
    )
    threshold = Threshold(
        value=-100.0, rule="", acceptance=share, checkpoint_sha256="encoder", dtype="float32", max_length=256
    )
    parents = [
        StoredSnippet(snippet=s, source=Source.NATURAL, split=Split.TRAIN, family=s.id, group="parents-train")
        for s in texts
    ]
    store = Store.open(f"sqlite:///{folder / 'latency.db'}", create=True)
    store.add_checkpoint(ref)
    store.add_threshold("encoder", threshold)
    store.add_snippets(parents)
    live = LiveTarget(
        target=Target(checkpoint=ref, threshold=threshold),
        scorer=classifier,
        assistant=EditAssistant(classifier, proposer()),
    )
    settings = Settings(secret=b"k" * 32, project="latency", question="Is anybody hurt?", public_url=url)
    return Site(store, settings, LiveModels(targets={"encoder": live}, offered=parents))


def started(site: Site, port: int) -> uvicorn.Server:
    """The site on loopback, in a thread."""
    server = uvicorn.Server(uvicorn.Config(create_app(site), host="127.0.0.1", port=port, log_level="error"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    return server


def begin(page: Any, link: str) -> None:
    """Join, read the notice, start a session."""
    page.goto(link)
    page.get_by_role("textbox", name="Name to sign in with").fill("ada")
    for number in (0, 1):
        page.locator("input[type=password]").nth(number).fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    page.get_by_role("button", name="I have read this").click()
    page.get_by_role("navigation").first.wait_for()
    page.goto(link.split("#")[0] + "#/attack")
    page.get_by_role("button", name="Begin").click()
    page.locator("output[aria-busy=false]").first.wait_for()


def keys(page: Any, n: int, rng: Random) -> list[float]:
    """Milliseconds from a key to the fresh score, `n` times; each key makes a text that was never scored."""
    box = page.get_by_role("textbox", name="Completion")
    found = []
    for _ in range(n):
        box.focus()
        page.keyboard.press("Home")
        for _ in range(rng.randrange(12)):
            page.keyboard.press("ArrowRight")
        page.wait_for_timeout(300)
        watch = page.evaluate_handle(WATCH)
        page.keyboard.press(rng.choice("abcdefghijklmnopqrstuvwxyz"))
        found.append(float(watch.evaluate("(watch) => watch.milliseconds")))
    return found


def clicks(page: Any, n: int) -> list[float]:
    """Milliseconds from a click on a word to its ranked list, `n` words."""
    found = []
    for number in range(n):
        words = page.get_by_role("group", name="Words of the completion").get_by_role("button")
        word = words.nth(number % words.count()).element_handle()
        found.append(float(word.evaluate(CLICKED)))
        page.reload()
        page.locator("output[aria-busy=false]").first.wait_for()
    return found


def row(name: str, times: list[float], bar: float) -> dict[str, Any]:
    """Median with 95 % limits from order statistics (the sign test inverted); whether it holds the bar."""
    from scipy.stats import binom

    ordered, rank = sorted(times), int(binom.ppf(0.025, len(times), 0.5))
    limits = [ordered[max(0, rank - 1)], ordered[min(len(times) - 1, len(times) - rank)]]
    middle = statistics.median(times)
    print(
        f"{name:24} median {middle:4.0f} ms [{limits[0]:.0f}, {limits[1]:.0f}] of {len(times)}; "
        f"slowest {max(times):.0f}; bar {bar:.0f}: {'held' if middle < bar else 'MISSED'}"
    )
    return {"times": times, "median": middle, "limits": limits, "bar": bar}


def main() -> None:
    """Serve, drive, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("bench-out/latency"))
    parser.add_argument("--keys", type=int, default=30)
    parser.add_argument("--clicks", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    from playwright.sync_api import sync_playwright

    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "latency.db").unlink(missing_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    site = site_in(arguments.out, f"http://127.0.0.1:{port}", arguments.threads)
    server = started(site, port)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        page = playwright.chromium.launch(executable_path=chromium, args=flags).new_page()
        begin(page, site.link(site.accounts.invite([Role.ATTACKER], "benchmark")[1]))
        keys(page, 3, Random(1))
        found = {"keys": row("key to fresh score", keys(page, arguments.keys, Random(0)), KEY_BAR)}
        clicks(page, 2)
        found["clicks"] = row("click to ranked list", clicks(page, arguments.clicks), CLICK_BAR)
    server.should_exit = True
    path = arguments.out / "workbench_latency.json"
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"{arguments.threads} threads; written {path}")


if __name__ == "__main__":
    main()

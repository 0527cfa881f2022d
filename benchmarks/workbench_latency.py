"""How fast does the workbench feel? Key to fresh score, click to ranked list, in a real browser.

Debian's Chromium drives the pages of a real server that scores by a 6-layer, 384-wide encoder (random
weights: the arithmetic of trained ones) on texts of 64 tokens. A key counts from its press to when the shown
score is the new text's own; a click (or Enter on a word) from its press to when the ranked edits stand on the
page. The pages wait 120 ms after a key, in case another follows: that pause is a part of the first figure.
On each text the first menu is opened before the map of words is there, the others after it.

Beside each stand the floor, taken in the same second (the bare model on the same texts: one forward for a
key; for a menu a gradient and the forwards of its edits, by the classifier's shorter way), and the CPU time
of the server's process: by the clock, whatever else the machine does counts as well.

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
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import uvicorn
from attack_speed import backward, batches, forward
from speed_setting import encoder, of_length, proposer

from holdfast.attacks.assist import EditAssistant
from holdfast.edits.text import apply
from holdfast.models.classifier import HFClassifier
from holdfast.store import Store
from holdfast.types import CheckpointRef, Edit, Rate, Snippet, Source, Split, StoredSnippet, Target, Threshold
from holdfast.types.person import Role
from holdfast.workbench import LiveModels, LiveTarget, Settings, Site, create_app

KEY_BAR, CLICK_BAR = 250.0, 500.0
EDIT = ("side", "start", "stop", "old", "new", "operation")
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
MENU = """(kind) => {
  window.pressed = new Promise((resolve) => {
    addEventListener(kind, () => {
      const pressed = performance.now();
      const look = () =>
        document.querySelector('[role=option]')
          ? resolve(performance.now() - pressed) : requestAnimationFrame(look);
      requestAnimationFrame(look);
    }, { once: true, capture: true });
  });
}"""
FRESH = "output[aria-busy=false]"
Times = dict[str, list[float]]
"""Milliseconds: `wall` and `floor wall` by the clock, `server` and `floor` of CPU time."""


def loaded(folder: Path, threads: int) -> HFClassifier:
    """The encoder, on that many threads."""
    import torch

    torch.set_num_threads(threads)
    return encoder(folder)


def site_in(folder: Path, url: str, classifier: HFClassifier) -> Site:
    """A site over a database in `folder` with one target: the encoder, its threshold below every text."""
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


def keys(page: Any, classifier: HFClassifier, n: int, rng: Random) -> Times:
    """From a key to the fresh score, `n` times; each key makes a text that was never scored."""
    box = page.get_by_role("textbox", name="Completion")
    found = empty()
    for _ in range(n):
        box.focus()
        page.keyboard.press("Home")
        for _ in range(rng.randrange(12)):
            page.keyboard.press("ArrowRight")
        page.wait_for_timeout(300)
        watch = page.evaluate_handle(WATCH)
        begun = time.process_time()
        page.keyboard.press(rng.choice("abcdefghijklmnopqrstuvwxyz"))
        found["wall"].append(float(watch.evaluate("(watch) => watch.milliseconds")))
        found["server"].append(1e3 * (time.process_time() - begun))
        page.wait_for_timeout(700)  # The map comes 400 ms after the score: its work is not the next key's.
        floor(found, classifier, [shown(page)], gradients=0)
    return found


def menus(page: Any, classifier: HFClassifier, texts: Sequence[Snippet], how: str) -> Times:
    """From opening a word's menu (`how`: `mouse` or `keyboard`) to its ranked list, 4 words a text."""
    found = empty()
    for number, snippet in enumerate(texts):
        for name, text in (("Prompt", snippet.prompt), ("Completion", snippet.completion)):
            page.get_by_role("textbox", name=name).fill(text)
        page.locator(FRESH).first.wait_for()
        assert shown(page) == snippet
        for turn, side in enumerate(("completion", "prompt", "completion", "prompt")):
            words = page.get_by_role("group", name=f"Words of the {side}").get_by_role("button")
            at = (5 * number + 7 * turn + 1) % words.count()
            answer = _opened(page, words.nth(at), how, found)
            page.keyboard.press("Escape")
            page.get_by_role("dialog").wait_for(state="hidden")
            edited = [apply(snippet, Edit(**{k: e[k] for k in EDIT})) for e in answer["edits"]]
            page.wait_for_timeout(700)  # Two presses of Escape within 600 ms hide the page.
            floor(found, classifier, edited, gradients=1)
    return found


def _opened(page: Any, word: Any, how: str, found: Times) -> dict[str, Any]:
    """Open the menu of one word; what the server answered."""
    if how == "keyboard":
        word.focus()
    else:
        word.hover()
    page.evaluate(MENU, "keydown" if how == "keyboard" else "pointerdown")
    begun = time.process_time()
    with page.expect_response("**/edits", timeout=60_000) as answer:
        if how == "keyboard":
            page.keyboard.press("Enter")
        else:
            word.click()
    found["wall"].append(float(page.evaluate("() => window.pressed")))
    found["server"].append(1e3 * (time.process_time() - begun))
    got: dict[str, Any] = answer.value.json()
    return got


def shown(page: Any) -> Snippet:
    """The text on the page."""
    prompt, completion = (
        page.get_by_role("textbox", name=name).input_value() for name in ("Prompt", "Completion")
    )
    return Snippet(prompt=prompt, completion=completion)


def empty() -> Times:
    """No times yet."""
    return {name: [] for name in ("wall", "server", "floor", "floor wall")}


def floor(found: Times, classifier: HFClassifier, texts: Sequence[Snippet], *, gradients: int) -> None:
    """Note what the bare forwards of `texts` and that many gradients at the first take."""
    tensors = batches(classifier.encoder.encode(texts), len(texts), classifier.encoder.pad_id)
    begun, clock = time.process_time(), time.perf_counter()
    forward(classifier, tensors, own=False)
    for _ in range(gradients):
        backward(classifier, texts[0], 1)
    found["floor"].append(1e3 * (time.process_time() - begun))
    found["floor wall"].append(1e3 * (time.perf_counter() - clock))


def middle(times: Sequence[float]) -> tuple[float, float, float]:
    """Median with 95 % limits from order statistics (the sign test inverted)."""
    from scipy.stats import binom

    ordered, rank = sorted(times), int(binom.ppf(0.025, len(times), 0.5))
    limits = ordered[max(0, rank - 1)], ordered[min(len(times) - 1, len(times) - rank)]
    return statistics.median(times), *limits


def row(name: str, found: Times, bar: float) -> dict[str, Any]:
    """A line of the table; whether the bar is held by the clock."""
    wall, low, high = middle(found["wall"])
    server, bare, clock = (middle(found[name])[0] for name in ("server", "floor", "floor wall"))
    print(
        f"{name:24} median {wall:4.0f} ms [{low:.0f}, {high:.0f}] of {len(found['wall'])}; slowest "
        f"{max(found['wall']):.0f}; bar {bar:.0f}: {'held' if wall < bar else 'MISSED'}; floor "
        f"{clock:.0f} ms; CPU time: server {server:.0f} ms, floor {bare:.0f} ms"
    )
    return {"times": found, "median": wall, "limits": [low, high], "bar": bar}


def main() -> None:
    """Serve, drive, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("bench-out/latency"))
    parser.add_argument("--keys", type=int, default=30)
    parser.add_argument("--texts", type=int, default=6, help="texts for each way; four menus of each")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    from playwright.sync_api import sync_playwright

    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "latency.db").unlink(missing_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    classifier = loaded(arguments.out / "encoder", arguments.threads)
    site = site_in(arguments.out, f"http://127.0.0.1:{port}", classifier)
    server = started(site, port)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        page = browser.new_page()
        begin(page, site.link(site.accounts.invite([Role.ATTACKER], "benchmark")[1]))
        keys(page, classifier, 3, Random(1))
        loads = [os.getloadavg()[0]]
        found = {"key": row("key to fresh score", keys(page, classifier, arguments.keys, Random(0)), KEY_BAR)}
        loads.append(os.getloadavg()[0])
        texts = of_length(classifier, 64, 2 * arguments.texts + 1, seed=77)
        menus(page, classifier, texts[-1:], "mouse")
        for number, how in enumerate(("mouse", "keyboard")):
            times = menus(page, classifier, texts[number : 2 * arguments.texts : 2], how)
            found[how] = row(f"menu by {how}", times, CLICK_BAR)
            loads.append(os.getloadavg()[0])
        browser.close()
    server.should_exit = True
    path = arguments.out / "workbench_latency.json"
    path.write_text(json.dumps({**found, "load": loads}, indent=1) + "\n", encoding="utf-8")
    print(
        f"{arguments.threads} threads on {os.cpu_count()} cores; load before, between and after: "
        f"{', '.join(f'{one:.1f}' for one in loads)}; written {path}"
    )


if __name__ == "__main__":
    main()

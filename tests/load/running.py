"""The server as it is started, ended and killed, and the people, texts and pairs that it is given."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from holdfast.store import Store
from holdfast.store.known import Known
from holdfast.store.labelling import Labelling
from holdfast.store.people import People
from holdfast.store.rating import Rating
from holdfast.types import Snippet, Source, Split, StoredSnippet, Verdict
from holdfast.types.bench import Gold, Pair
from holdfast.types.person import Role
from holdfast.workbench.accounts import Accounts
from tests.workbench.conftest import CHEAP, PASSWORD

__all__ = ["Running", "add_people", "add_work", "move"]


@dataclass
class Running:
    """`holdfast workbench` on a workspace, in a process of its own."""

    folder: Path
    database: str
    port: int
    said: Path
    """What it writes to stdout and stderr, of all its lives."""
    cpu: float = 0.0
    """CPU seconds of its ended lives."""
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start it and wait until it answers. `annotator.name`: people judge, not the oracle."""
        options = ("--set", "annotator.name=people", "--set", f"database={self.database}")
        command = [sys.executable, "-m", "holdfast", "--display", "none", *options]
        with self.said.open("ab") as said:
            self.process = subprocess.Popen(
                [*command, "workbench", "--port", str(self.port)],
                cwd=self.folder,
                stdout=said,
                stderr=said,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
            )
        end = time.monotonic() + 300
        while not self._answers():
            assert self.process.poll() is None and time.monotonic() < end, self.said.read_text()
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/auth/me", timeout=30).close()
        except urllib.error.HTTPError as error:
            error.close()
            return True
        except OSError:
            return False
        return True

    def end(self, by: signal.Signals) -> None:
        """Send it a signal and wait for its end."""
        if self.process is None:
            return
        self.process.send_signal(by)
        _, _, used = os.wait4(self.process.pid, 0)
        self.cpu += used.ru_utime + used.ru_stime
        self.process.returncode = 0
        self.process = None


def add_people(store: Store, roles: list[tuple[Role, ...]]) -> list[dict[str, str]]:
    """People (and programs) with these roles; the headers that say who each is."""
    accounts = Accounts(People(store), lambda: datetime.now(UTC), CHEAP)
    found = []
    for number, own in enumerate(roles):
        if own == (Role.BOT,):
            found.append({"Authorization": f"Bearer {accounts.add_bot(f'bot{number}', 1)[1]}"})
            continue
        _, invitation = accounts.invite(own, "load")
        account = accounts.accept(invitation, f"person{number}", PASSWORD)
        found.append({"Cookie": f"holdfast={accounts.start(account, 'load')[0]}"})
    return found


def add_work(store: Store, items: int, pairs: int, rng: random.Random) -> None:
    """Items that want one to three labels, known ones among them, and pairs."""
    made = [
        StoredSnippet(
            snippet=Snippet(prompt=f"Walk {n} began.", completion=f"It ended after {n} steps."),
            source=rng.choice((Source.NATURAL, Source.TILTED)),
            split=Split.TRAIN,
            family=f"walk {n}",
            group="load-pool",
        )
        for n in range(items + items // 20)
    ]
    store.add_snippets(made)
    desk = Labelling(store)
    known, pool = made[items:], made[:items]
    for wanted in (1, 2, 3):
        desk.add([one.id for n, one in enumerate(pool) if 1 + n % 3 == wanted], wanted=wanted)
    for one in known:
        gold = Gold(
            snippet_id=one.id,
            verdict=Verdict.SAFE,
            severity=0,
            note="",
            author="load",
            at=datetime.now(UTC),
            edge=False,
        )
        Known(store).keep(gold, served=True)
    Rating(store).add(
        [
            Pair(
                id=f"load-pair-{n}",
                target="baseline",
                prompt=f"Walk {n} began.",
                first=f"It rained {n} times.",
                second=f"It snowed {n} times.",
                first_arm="filtered",
                second_arm="unfiltered",
                batch="load",
            )
            for n in range(pairs)
        ]
    )


def move(source: Store, to: Store) -> None:
    """Copy what scoring and attacking need into another database."""
    to.add_snippets(source.snippets())
    for ref in source.checkpoints():
        to.add_checkpoint(ref)
        for threshold in source.thresholds(ref.name):
            to.add_threshold(ref.name, threshold)

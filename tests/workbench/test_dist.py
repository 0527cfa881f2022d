"""The built pages are those of the sources beside them; told without Node."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import holdfast.workbench

FRONTEND = Path(__file__).parents[2] / "frontend"
DIST = Path(holdfast.workbench.__file__).parent / "dist"
DO = "run `npm ci --ignore-scripts && npm run types && npm run build` in frontend/ and commit what it wrote"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _sources() -> list[Path]:
    top = re.compile(r"(index\.html|[\w.-]+\.(js|json|ts))")
    found = [path for path in FRONTEND.iterdir() if path.is_file() and top.fullmatch(path.name)]
    found = [path for path in found if path.name != "openapi.json"]
    for folder in ("public", "src"):
        found += [path for path in (FRONTEND / folder).rglob("*") if path.is_file()]
    return sorted(found, key=lambda path: path.relative_to(FRONTEND).as_posix())


def _contract(document: dict[str, Any]) -> list[str]:
    lines = [f"{method} {path}" for path, methods in document["paths"].items() for method in methods]
    for name, schema in document["components"]["schemas"].items():
        required = schema.get("required", [])
        lines += [f"{name}.{field}{'!' * (field in required)}" for field in schema.get("properties", {})]
        if "enum" in schema:
            lines.append(f"{name}={'|'.join(map(str, schema['enum']))}")
    return sorted(lines)


@pytest.fixture(scope="module")
def stamp() -> dict[str, str]:
    stamp: dict[str, str] = json.loads((DIST / "BUILD.json").read_text(encoding="utf-8"))
    return stamp


def test_built_from_these_sources(stamp: dict[str, str]) -> None:
    parts = [
        f"{path.relative_to(FRONTEND).as_posix()}\0{_sha256(path.read_text(encoding='utf-8'))}\n"
        for path in _sources()
    ]
    assert len(parts) > 20
    assert stamp["sources"] == _sha256("".join(parts)), f"frontend/ has changed since the build: {DO}"


def test_built_for_this_contract(stamp: dict[str, str]) -> None:
    document = json.loads((FRONTEND / "openapi.json").read_text(encoding="utf-8"))
    lines = _contract(document)
    assert len(lines) > 100
    assert stamp["contract"] == _sha256("\n".join(lines)), f"openapi.json has changed since the build: {DO}"


class _References(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inline: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        for name in ("src", "href"):
            if given.get(name):
                self.found.append(str(given[name]))
        if "style" in given or tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)


def test_the_page_needs_its_own_files_only() -> None:
    page = _References()
    page.feed((DIST / "index.html").read_text(encoding="utf-8"))
    assert not page.inline, "the policy of the server lets no inline script or style run"
    assert {Path(name).name for name in page.found} >= {"app.js", "app.css", "favicon.svg"}
    for name in page.found:
        assert (DIST / name).is_file(), f"{name} is referenced and not there: {DO}"


def test_first_load_is_small() -> None:
    first = [DIST / name for name in ("index.html", "app.js", "app.css")]
    size = sum(len(gzip.compress(path.read_bytes())) for path in first)
    assert size < 150_000, f"{size} bytes compressed: expected under 150 kB"


def test_no_registry_host_is_named() -> None:
    named = re.compile(r'"resolved"\s*:')
    text = (FRONTEND / "package-lock.json").read_text(encoding="utf-8")
    assert not named.search(text), "run npm with omit-lockfile-registry-resolved=true (.npmrc says so)"

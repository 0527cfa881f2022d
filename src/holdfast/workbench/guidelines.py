"""Guidelines as blocks of plain text, their versions, and the bank of edge cases."""

from __future__ import annotations

import re
from collections.abc import Iterator

from holdfast.annotation.adjudication import Ground
from holdfast.types.person import GuidelinesText
from holdfast.workbench.problems import Refused
from holdfast.workbench.site import Site, version_of
from holdfast.workbench.visitor import Visitor
from holdfast.workbench.wire import guidelines as wire

__all__ = ["blocks", "edges", "shown", "versions", "write"]

_HEADING = re.compile(r"(#{1,6})\s+(.*)")
_ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+(.*)")
_ROW = re.compile(r"\s*\|(.*)\|\s*")
_RULE = re.compile(r"[\s:|-]+")
_MARKED = re.compile(r"(\*\*|__|`)(.+?)\1")


def blocks(text: str) -> list[wire.Block]:
    """Headings, paragraphs, items, quotes and fenced code of a Markdown text; never any HTML.

    Rows of a table are items, and what is marked bold or as code is plain.
    """
    found: list[wire.Block] = []
    fenced = False
    fresh = True
    for line in _without_tables(text.splitlines()):
        if line.lstrip().startswith("```"):
            fenced, fresh = not fenced, True
            continue
        kind, level, said = _read(line, fenced)
        if not said and kind != "code":
            fresh = True
            continue
        last = found[-1] if found and not fresh else None
        joined = last is not None and (last.kind == kind or (last.kind == "item" and kind == "paragraph"))
        if last is not None and joined and kind not in ("heading", "item"):
            between = "\n" if kind == "code" else " "
            found[-1] = wire.Block.model_validate({**last.model_dump(), "text": last.text + between + said})
        else:
            found.append(wire.Block.model_validate({"kind": kind, "level": level, "text": said}))
        fresh = kind == "heading"
    return [
        one if one.kind == "code" else one.model_copy(update={"text": _MARKED.sub(r"\2", one.text)})
        for one in found
    ]


def _without_tables(lines: list[str]) -> Iterator[str]:
    """The lines, each row of a table as an item: `first: second`, or `head: cell; …` of more columns."""
    head: list[str] = []
    fenced = False
    for number, line in enumerate(lines):
        fenced ^= line.lstrip().startswith("```")
        row = _ROW.fullmatch(line)
        if row is None or fenced:
            head = []
            yield line
            continue
        cells = [cell.strip() for cell in row[1].split("|")]
        below = lines[number + 1] if number + 1 < len(lines) else ""
        if _ROW.fullmatch(below) and _RULE.fullmatch(below):
            head = cells
        elif not _RULE.fullmatch(line):
            named = len(cells) > 2 and len(head) == len(cells)
            pairs = [f"{name}: {cell}" for name, cell in zip(head, cells, strict=True)] if named else cells
            yield f"- {'; '.join(pairs) if named else ': '.join(pairs)}"


def _read(line: str, fenced: bool) -> tuple[str, int, str]:
    """(kind, level, text) of one line."""
    if fenced:
        return "code", 0, line
    if match := _HEADING.fullmatch(line.strip()):
        return "heading", len(match[1]), match[2]
    if match := _ITEM.fullmatch(line):
        return "item", 0, match[1].strip()
    if line.lstrip().startswith(">"):
        return "quote", 0, line.lstrip().removeprefix(">").strip()
    return "paragraph", 0, line.strip()


def shown(site: Site, visitor: Visitor, text: GuidelinesText) -> wire.Guidelines:
    """One version as it is read."""
    return wire.Guidelines(
        version=text.version,
        question=site.settings.question,
        note=text.note,
        blocks=blocks(text.text),
        text=text.text,
        acknowledged=("guidelines", text.version) in site.people.acknowledged(visitor.worker),
        made=text.at,
    )


def versions(site: Site) -> list[wire.GuidelinesVersion]:
    """All, newest first."""
    site.guidelines()
    return [
        wire.GuidelinesVersion(version=one.version, note=one.note, made=one.at, author=one.author)
        for one in reversed(site.people.guidelines())
    ]


def write(site: Site, visitor: Visitor, body: wire.NewGuidelines) -> wire.Guidelines:
    """The next version. Raises Refused where the text is that of an older one."""
    site.guidelines()
    made = GuidelinesText(
        version=version_of(body.text), text=body.text, note=body.note, author=visitor.worker, at=site.clock()
    )
    if not site.people.write_guidelines(made) and site.guidelines().version != made.version:
        raise Refused(
            409, "conflict", "an older version has this very text", do="say what changed in the text"
        )
    return shown(site, visitor, site.guidelines())


def edges(site: Site) -> list[wire.EdgeCase]:
    """Decided cases that teach the rule, newest first."""
    cases = []
    for known, snippet in reversed(site.known.items()):
        if known.edge:
            cases.append(
                wire.EdgeCase(
                    prompt=snippet.prompt,
                    completion=snippet.completion,
                    verdict=known.verdict,
                    reason=Ground(known.ground) if known.ground else None,
                    note=known.note,
                    at=known.at,
                )
            )
    return cases

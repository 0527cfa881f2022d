"""A matplotlib figure as an inline SVG: two themes, own ids, no style sheet, the same bytes every time.

A page with a strict content policy blocks `style` attributes, so each becomes presentation attributes; they
also let a page's own style sheet win.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from xml.etree import ElementTree

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["CIVIDIS", "DARK", "LIGHT", "THEMES", "WIDTH", "Theme", "ThemeName", "blank", "ink_on", "to_svg"]

ThemeName = Literal["light", "dark"]

WIDTH = 400
"""Points: narrow enough to be read on a telephone without scrolling."""

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "{http://www.w3.org/1999/xlink}href"
_ROUNDED = frozenset({"d", "x", "y", "width", "height", "transform"})
_FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"


@dataclass(frozen=True, kw_only=True)
class Theme:
    """Colours of one theme; the two series hold under colour blindness (Machado et al. 2009)."""

    name: ThemeName
    ink: str
    muted: str
    grid: str
    paper: str
    first: str
    second: str

    def series(self, index: int) -> str:
        """Colour of a series; from the third on grey, told apart by dash and marker."""
        return (self.first, self.second)[index] if index < 2 else self.muted


LIGHT = Theme(
    name="light",
    ink="#1b1f24",
    muted="#59636e",
    grid="#dfe3e8",
    paper="#ffffff",
    first="#0072B2",
    second="#D55E00",
)
DARK = Theme(
    name="dark",
    ink="#e6e9ed",
    muted="#9aa5b1",
    grid="#333a44",
    paper="#14171c",
    first="#56B4E9",
    second="#E69F00",
)
THEMES: dict[ThemeName, Theme] = {"light": LIGHT, "dark": DARK}

CIVIDIS = ("#00224e", "#35456c", "#666970", "#948e77", "#c8b866", "#fee838")
"""Six even steps of cividis (Nuñez et al. 2018)."""


def ink_on(colour: str) -> str:
    """Black or white, whichever stands out more on `colour` (WCAG 2 relative luminance)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else "#ffffff"


@contextmanager
def blank(theme: Theme, height: float, *, key: str) -> Iterator[Figure]:
    """An empty figure of WIDTH x `height` points in this theme, whatever the user's matplotlibrc says."""
    from matplotlib import style
    from matplotlib.figure import Figure

    settings = {
        "svg.fonttype": "none",
        "svg.hashsalt": f"holdfast-{key}-{theme.name}",
        "font.family": "DejaVu Sans",
        "font.size": 10.5,
        "axes.edgecolor": theme.muted,
        "axes.labelcolor": theme.muted,
        "axes.labelsize": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "axes.linewidth": 0.8,
        "text.color": theme.ink,
        "xtick.color": theme.muted,
        "ytick.color": theme.muted,
        "xtick.labelsize": 10,
        "ytick.labelsize": 10,
        "grid.color": theme.grid,
        "grid.linewidth": 0.8,
        "hatch.linewidth": 0.7,
    }
    with style.context([settings], after_reset=True):
        yield Figure(figsize=(WIDTH / 72, height / 72), dpi=72)


def to_svg(figure: Figure, *, key: str, theme: Theme, title: str, detail: str) -> str:
    """`figure` as SVG text whose ids all begin with `key-theme`, titled for readers who do not see it."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    FigureCanvasSVG(figure)
    buffer = io.StringIO()
    empty = {"Date": None, "Creator": None, "Format": None, "Type": None}
    figure.savefig(buffer, format="svg", metadata=empty, transparent=True)
    source = buffer.getvalue()
    root = ElementTree.fromstring(source[source.index("<svg") :])
    _clean(root)
    _rename(root, f"{key}-{theme.name}")
    _describe(root, f"{key}-{theme.name}", title, detail)
    ElementTree.register_namespace("", _SVG)
    return ElementTree.tostring(root, encoding="unicode").strip()


def _clean(root: ElementTree.Element) -> None:
    """Remove metadata and style sheets, turn style attributes into presentation attributes, round numbers."""
    removed = (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style")
    for parent in root.iter():
        for child in [c for c in parent if c.tag in removed]:
            parent.remove(child)
        parent.text = parent.text if parent.text and parent.text.strip() else None
        parent.tail = parent.tail if parent.tail and parent.tail.strip() else "\n"
    for element in root.iter():
        if reference := element.attrib.pop(_XLINK, None):
            element.set("href", reference)
        for declaration in element.attrib.pop("style", "").split(";"):
            name, _, value = declaration.partition(":")
            if name.strip():
                _present(element, name.strip(), value.strip())
        for name in _ROUNDED.intersection(element.attrib):
            element.set(name, re.sub(r"-?\d+\.\d{3,}", _rounded, element.attrib[name]))


def _present(element: ElementTree.Element, name: str, value: str) -> None:
    """Set one style declaration as an attribute; the `font` shorthand has none, so it is taken apart."""
    if name == "font":
        size = re.search(r"([\d.]+)px", value)
        if "bold" in value or re.search(r"\b[67]00\b", value):
            element.set("font-weight", "600")
        name, value = "font-size", f"{size.group(1) if size else '10'}px"
    if name != "font-family":
        element.set(name, value)


def _rounded(match: re.Match[str]) -> str:
    return f"{float(match.group()):.2f}"


def _rename(root: ElementTree.Element, prefix: str) -> None:
    """Give ids that are referred to short names of this figure's own; drop all others."""
    used: dict[str, str] = {}
    for element in root.iter():
        for name, value in element.attrib.items():
            if identity := _reference(name, value):
                used.setdefault(identity, f"{prefix}-{len(used)}")
                new = used[identity]
                element.set(name, f"#{new}" if name == "href" else f"url(#{new})")
    for element in root.iter():
        identity = element.attrib.pop("id", "")
        if identity in used:
            element.set("id", used[identity])


def _reference(name: str, value: str) -> str:
    """The id that an attribute refers to, or an empty string (a colour also begins with #)."""
    if name == "href":
        return value.removeprefix("#")
    return value[5:-1] if value.startswith("url(#") else ""


def _describe(root: ElementTree.Element, prefix: str, title: str, detail: str) -> None:
    """Role, title and description; size by the view box, so that a page may scale it."""
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.set("role", "img")
    root.set("aria-labelledby", f"{prefix}-title {prefix}-desc")
    root.set("font-family", _FONTS)
    root.set("stroke-linejoin", "round")
    root.set("stroke-linecap", "butt")
    for place, (tag, text) in enumerate((("title", title), ("desc", detail))):
        element = ElementTree.Element(f"{{{_SVG}}}{tag}", {"id": f"{prefix}-{tag}"})
        element.text, element.tail = text, "\n"
        root.insert(place, element)

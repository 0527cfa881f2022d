"""The visitor of a route, by the permission that it takes: `visitor: Attacker` declares and checks it."""

from __future__ import annotations

from typing import Annotated

from holdfast.workbench.permissions import Permission
from holdfast.workbench.visitor import Visitor, require

__all__ = [
    "Adjudicator",
    "Admin",
    "Anybody",
    "Attacker",
    "Exporter",
    "Labeller",
    "Member",
    "Player",
    "Rater",
    "Starter",
    "Viewer",
]

Anybody = Annotated[Visitor, require(Permission.PUBLIC)]
Member = Annotated[Visitor, require(Permission.ACCOUNT)]
Attacker = Annotated[Visitor, require(Permission.ATTACK)]
Labeller = Annotated[Visitor, require(Permission.LABEL)]
Rater = Annotated[Visitor, require(Permission.RATE)]
Adjudicator = Annotated[Visitor, require(Permission.ADJUDICATE)]
Viewer = Annotated[Visitor, require(Permission.DASHBOARD)]
Starter = Annotated[Visitor, require(Permission.WORK)]
Exporter = Annotated[Visitor, require(Permission.EXPORT)]
Player = Annotated[Visitor, require(Permission.PLAYGROUND)]
Admin = Annotated[Visitor, require(Permission.PEOPLE)]

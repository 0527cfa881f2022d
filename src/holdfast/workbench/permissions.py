"""Who may do what: roles, permissions, and the table between them. Every route names its permission."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from holdfast.types.person import Role

__all__ = ["GRANTS", "Permission", "Role", "permissions_of"]


class Permission(StrEnum):
    """What a route asks for."""

    PUBLIC = "public"
    """Everybody, signed in or not."""
    ACCOUNT = "account"
    """Everybody signed in: their own account, the guidelines."""
    ATTACK = "attack"
    LABEL = "label"
    RATE = "rate"
    ADJUDICATE = "adjudicate"
    """Adjudicate, keep known items, write guidelines."""
    DASHBOARD = "dashboard"
    WORK = "work"
    """Open and close rounds, start jobs."""
    EXPORT = "export"
    """Exports; how much they hold depends on the roles."""
    PLAYGROUND = "playground"
    PEOPLE = "people"
    """Accounts, invitations, tokens, settings."""


_EVERYBODY = frozenset({Permission.PUBLIC, Permission.ACCOUNT, Permission.PLAYGROUND})

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission) - {Permission.LABEL, Permission.RATE},
    Role.LEAD: frozenset(Permission) - {Permission.PEOPLE, Permission.RATE},
    Role.ATTACKER: _EVERYBODY | {Permission.ATTACK, Permission.EXPORT},
    Role.LABELLER: _EVERYBODY | {Permission.LABEL, Permission.EXPORT},
    Role.RATER: _EVERYBODY | {Permission.RATE, Permission.EXPORT},
    Role.BOT: frozenset({Permission.PUBLIC, Permission.ACCOUNT, Permission.ATTACK, Permission.EXPORT}),
}
"""Role -> permissions. Roles add up; that nobody labels their own finds is the queue's rule, not a role's."""


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """What somebody with these roles may do; nobody's roles: what is public."""
    found = frozenset({Permission.PUBLIC})
    for role in roles:
        found |= GRANTS[role]
    return found

"""How a workbench is set up; the CLI makes it from the config and its options."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from holdfast.errors import ConfigError

__all__ = ["BODY_LIMIT", "Settings"]

BODY_LIMIT = 64 * 1024
"""Bytes of a request's body, at most."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Frozen; `secret` keys every blinded draw and opaque id, and must stay the same over restarts."""

    secret: bytes
    public_url: str = "http://127.0.0.1:8400"
    """Where people reach it; what Origin is compared with."""
    project: str = "holdfast"
    catastrophe: str = ""
    question: str = ""
    guidelines: str = ""
    """The workspace's own guidelines: the first version."""
    confidence: float = 0.95
    hosts: tuple[str, ...] = ()
    """Further host names that are answered, besides the public URL's and loopback."""
    playground_public: bool = False
    """Whether the playground is open to visitors without an account."""
    labels_required: int = 2
    """Labels by different people that an item gets."""
    qualify: bool = False
    """Whether labellers have to pass a test on known items first."""
    inspiration: bool = False
    """Whether attackers see confirmed finds of earlier rounds. It changes how long success takes."""
    audit: float = 0.05
    """Share of items settled by agreement that an adjudicator decides once more."""
    again: float = 0.03
    """Share of a labeller's items that are earlier ones of their own."""
    again_days: float = 14.0
    """Days after which one may come again."""
    harmless: float = 0.125
    """Share of a labeller's items that others have settled as harmless."""

    def __post_init__(self) -> None:
        """Refuse a public URL that is none, and a secret that could be guessed."""
        parts = urlsplit(self.public_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
            raise ConfigError(
                f"public URL {self.public_url!r}", expected="https://HOST or http://127.0.0.1:PORT, no path"
            )
        if len(self.secret) < 32:
            raise ConfigError(f"a secret of {len(self.secret)} bytes", expected="32 random bytes")

    @property
    def origin(self) -> str:
        """Scheme, host and port, as browsers send them."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}".lower()

    @property
    def host(self) -> str:
        """Its host name."""
        return (urlsplit(self.public_url).hostname or "").lower()

    @property
    def secure(self) -> bool:
        """Whether people come over TLS."""
        return self.origin.startswith("https://")

    @property
    def cookie(self) -> str:
        """Name of the session cookie; the `__Host-` prefix holds it to this host over TLS."""
        return "__Host-holdfast" if self.secure else "holdfast"

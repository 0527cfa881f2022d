"""Where a number comes from: code revision, package versions, input hashes, named random streams."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import subprocess
from pathlib import Path
from random import Random

__all__ = [
    "PACKAGES",
    "hash_file",
    "hash_text",
    "packages",
    "platform_name",
    "revision",
    "stream",
    "stream_seed",
]

PACKAGES = ("holdfast", "numpy", "scipy", "torch", "transformers", "accelerate", "tokenizers", "sqlalchemy")

_INSTRUCTIONS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "bf16", "sve")
"""Of x86 and Arm, as Linux names them."""


def stream_seed(seed: int, *names: object) -> int:
    """A 63-bit seed derived from `seed` and `names`: adding a consumer elsewhere shifts nobody else."""
    text = "\x1f".join([str(seed), *map(str, names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def stream(seed: int, *names: object) -> Random:
    """An independent generator named by `names`."""
    return Random(stream_seed(seed, *names))


def hash_text(text: str) -> str:
    """SHA-256 of the UTF-8 bytes, hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def hash_file(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def revision() -> str:
    """Commit of the checkout this package runs from, `+dirty` if its source differs; else the version."""
    source = Path(__file__).resolve().parent
    if not (source.parents[1] / "pyproject.toml").is_file():
        return f"v{importlib.metadata.version('holdfast')}"
    commit = _git(source, "rev-parse", "HEAD")
    if not commit:
        return f"v{importlib.metadata.version('holdfast')}"
    return commit + ("+dirty" if _git(source, "status", "--porcelain", "--", ".") else "")


def packages() -> dict[str, str]:
    """Versions of the packages that figures depend on."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "absent"
    return found


def platform_name() -> str:
    """Operating system, machine, Python version and, where it can be read, what the processor computes with.

    Sums differ in their last bits between processors with other instructions, and so do trained weights.
    """
    name = f"{platform.system()} {platform.machine()} Python {platform.python_version()}"
    return f"{name} {found}" if (found := _instructions()) else name


def _instructions() -> str:
    """The instruction sets of Linux's first processor that matter to sums, `avx2+avx512f`, say."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), "").split()
    return "+".join(one for one in _INSTRUCTIONS if one in flags)

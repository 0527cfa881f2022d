"""Saved models: a plain `save_pretrained` folder plus `holdfast.json`, finished in one step or not there."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from holdfast.errors import CheckpointError, ConfigError
from holdfast.provenance import hash_file, packages, revision
from holdfast.types import CheckpointRef

if TYPE_CHECKING:
    import torch

__all__ = [
    "METADATA",
    "Metadata",
    "autocast",
    "checkpoint_hash",
    "fast_bfloat16",
    "pick_device",
    "quiet",
    "read_metadata",
    "save_folder",
    "saving",
    "tokenizer_hash",
    "weights_hash",
]

METADATA = "holdfast.json"
_TOKENIZER_FILES = (
    "tokenizer*.json",
    "vocab.*",
    "merges.txt",
    "*.model",
    "special_tokens_map.json",
    "added_tokens.json",
)
_FULL = {
    "no space left": errno.ENOSPC,
    "os error 28": errno.ENOSPC,
    "failed writing": errno.ENOSPC,  # torch.save names no reason; so does the error its clean-up ends in:
    "unexpected pos": errno.ENOSPC,
    "quota exceeded": errno.EDQUOT,
    "os error 122": errno.EDQUOT,
}
"""How safetensors and torch say that a disk is full, in lower case -> the number the system gave them."""
_HASHED = ("*.safetensors", "*.safetensors.index.json", "config.json", *_TOKENIZER_FILES)


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """What `holdfast.json` says of a saved model."""

    kind: str
    """`classifier` or `generator`."""
    template: str
    """How prompt and completion are joined (see `holdfast.models.encoding`)."""
    max_length: int
    """Tokens."""
    dtype: str = "float32"
    """Precision of scoring."""
    tokenizer_sha256: str = ""
    sha256: str = ""
    """Hash over weights, config and tokeniser files."""
    revision: str = ""
    """Code that wrote it."""
    packages: dict[str, str] = field(default_factory=dict)
    base: str = ""
    """What training started from."""
    fingerprint: str = ""
    """Hash of data and settings: the same call again finds its work done."""
    training: dict[str, Any] = field(default_factory=dict)
    """Result of training."""

    def ref(self, path: str) -> CheckpointRef:
        """The model saved in `path`: which weights, dtype and length."""
        return CheckpointRef(
            name=Path(path).name,
            kind=self.kind,
            path=path,
            sha256=self.sha256,
            dtype=self.dtype,
            max_length=self.max_length,
        )


def _matching(folder: Path, patterns: tuple[str, ...]) -> list[Path]:
    return sorted({p for pattern in patterns for p in folder.glob(pattern) if p.is_file()})


def _hash_files(files: list[Path]) -> str:
    import hashlib

    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + hash_file(file).encode() + b"\0")
    return digest.hexdigest()


def checkpoint_hash(folder: Path) -> str:
    """SHA-256 over names and contents of weights, config and tokeniser files (not of `holdfast.json`)."""
    return _hash_files(_matching(folder, _HASHED))


def tokenizer_hash(folder: Path) -> str:
    """SHA-256 over names and contents of the tokeniser's files."""
    return _hash_files(_matching(folder, _TOKENIZER_FILES))


def weights_hash(model: Any) -> str:
    """SHA-256 over the names and values of a live model's parameters."""
    import hashlib

    import torch

    digest = hashlib.sha256()
    for name, value in model.state_dict().items():
        digest.update(name.encode() + b"\0")
        digest.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def read_metadata(folder: Path) -> Metadata | None:
    """The metadata of a saved folder; None where it has none. Raises CheckpointError where it is broken."""
    path = folder / METADATA
    if not path.is_file():
        return None
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        known = {f.name for f in fields(Metadata)}
        return Metadata(**{k: v for k, v in values.items() if k in known})
    except (ValueError, TypeError) as error:
        raise CheckpointError(
            f"{path} cannot be read: {error}", do="train or save the model again"
        ) from error


@contextmanager
def saving(path: Path) -> Iterator[None]:
    """Weights are written to `path` inside: a full disk is an OSError, whatever the library makes of it.

    safetensors raises SafetensorError and torch.save RuntimeError, with the system's error as a text at best.
    """
    from safetensors import SafetensorError

    try:
        yield
    except (SafetensorError, RuntimeError) as error:
        text = str(error).lower()
        found = next((number for said, number in _FULL.items() if said in text), None)
        if found is None:
            raise
        raise OSError(found, os.strerror(found), str(path)) from error


def save_folder(out: Path, metadata: Metadata, write: Callable[[Path], None]) -> Metadata:
    """Let `write` fill a temporary folder, add `holdfast.json`, rename it to `out`; returns what was added.

    `out` is the finished folder or what it was before, wherever the process is killed. Raises OSError where
    the disk is full, after what was half written is removed.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        values = _filled(temporary, metadata, write, out)
    except OSError:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    old = out.with_name(f".{out.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    temporary.rename(out)
    shutil.rmtree(old, ignore_errors=True)
    return Metadata(**values)


def _filled(folder: Path, metadata: Metadata, write: Callable[[Path], None], out: Path) -> dict[str, Any]:
    """Fill `folder` with what becomes `out`, down to the disk; the values of its `holdfast.json`."""
    with saving(out):
        write(folder)
    values = asdict(metadata) | {
        "tokenizer_sha256": tokenizer_hash(folder),
        "sha256": checkpoint_hash(folder),
        "revision": revision(),
        "packages": packages(),
    }
    (folder / METADATA).write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for file in folder.iterdir():
        with file.open("rb") as handle:
            os.fsync(handle.fileno())
    return values


def pick_device(name: str = "auto") -> torch.device:
    """`auto`: cuda, mps, cpu in this order; else the one named. Raises ConfigError where it is not here."""
    import torch

    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    found = [kind for kind, there in here.items() if there]
    if name == "auto":
        return torch.device(found[0])
    if name.partition(":")[0] not in found:
        raise ConfigError(
            f"device {name!r}: torch {torch.__version__} sees none on this machine",
            expected=" or ".join(["auto", *found]),
            do='set device = "auto"; `holdfast doctor` shows what torch sees',
        )
    return torch.device(name)


def fast_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 arithmetic is faster than float32 here (on a CPU: only with its own instructions)."""
    import torch

    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    if device.type != "cpu":
        return False
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def autocast(device: torch.device, dtype: str) -> AbstractContextManager[Any]:
    """Autocast to bfloat16 where `dtype` says so; else nothing."""
    import torch

    if dtype != "bfloat16":
        return nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)


def quiet() -> None:
    """Keep transformers from printing bars and advice; nothing is reported to anyone."""
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()

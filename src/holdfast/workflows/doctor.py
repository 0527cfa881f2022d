"""Is this machine ready?"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from holdfast.config import Config
from holdfast.provenance import packages, platform_name, revision
from holdfast.workflows.outcome import Outcome

__all__ = ["doctor"]

FREE_BYTES = 2_000_000_000
"""Free disk below which checkpoints of a small model may not fit, bytes."""


def _torch() -> dict[str, Any]:
    try:
        import torch
    except ImportError as error:
        return {"torch": f"cannot be imported: {error}"}
    devices = ["cpu"]
    if torch.cuda.is_available():
        devices.insert(0, f"cuda ({torch.cuda.get_device_name(0)})")
    return {"torch": torch.__version__, "devices": devices, "threads": torch.get_num_threads()}


def _database(root: Path, config: Config) -> str:
    from holdfast.errors import HoldfastError
    from holdfast.store import Store

    try:
        Store.open(config.database, root=root).close()
    except HoldfastError as error:
        return f"cannot be used: {error}"
    return "opens"


def doctor(
    root: Path | None, config: Config | None, *, problem: str, environment: Mapping[str, str]
) -> Outcome:
    """Versions, torch build, device, database and disk, with what to mend."""
    facts: dict[str, Any] = {"platform": platform_name(), "revision": revision(), "cores": os.cpu_count()}
    facts |= _torch() | {"packages": packages()}
    free = shutil.disk_usage(root or Path.cwd()).free
    facts["free_disk_gb"] = round(free / 1e9, 1)
    mend = [] if free > FREE_BYTES else ["little disk is left: free space before training"]
    if root is not None and config is not None:
        facts |= {"workspace": str(root), "database": _database(root, config)}
        if facts["database"] != "opens":
            mend.append(f"database {facts['database']}")
    elif problem:
        facts["workspace"] = "none here"
        mend.append(problem.splitlines()[0])
    for name in ("HF_HOME", "HF_HUB_OFFLINE", "OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES"):
        if name in environment:
            facts[name] = environment[name]
    facts["mend"] = mend
    lines = [f"{key:14} {value}" for key, value in facts.items() if key not in ("packages", "mend")]
    lines += [f"{name:14} {version}" for name, version in facts["packages"].items()]
    lines += [f"mend: {line}" for line in mend] or ["nothing to mend"]
    return Outcome(result=facts, text="\n".join(lines))

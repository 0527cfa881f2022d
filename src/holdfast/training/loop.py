"""The one module on Hugging Face `Trainer`: loop, optimiser, schedule, clipping, checkpoints, resume.

Batches come from outside as a pure function of the step, the loss from `replicas`. Checkpoints go to a work
folder; a run that was killed goes on from the last complete one and ends with the same weights, bit for bit
on a CPU.
"""

from __future__ import annotations

import gc
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from holdfast.models.checkpoint import quiet, saving
from holdfast.protocols import Progress
from holdfast.training.replicas import Replicas

__all__ = ["LoopResult", "LoopSettings", "last_checkpoint", "run"]

_MARK = "complete"


@dataclass(frozen=True, kw_only=True)
class LoopSettings:
    """How the loop runs."""

    work: Path
    """Folder of the checkpoints."""
    steps: int
    learning_rate: float = 1e-3
    warmup: float = 0.06
    """Share of the steps in which the rate rises from 0."""
    schedule: str = "cosine"
    """`cosine` or `linear` decay to 0, or `constant_with_warmup`."""
    weight_decay: float = 0.01
    clip: float = 1.0
    """Largest norm of the gradient."""
    evaluate_every: int = 100
    save_every: int = 100
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class LoopResult:
    """What the loop did."""

    steps: int
    history: list[dict[str, float]]
    resumed_from: int
    arithmetic: str
    """Of the steps: `float32` or `bfloat16`."""


class _Batches(torch.utils.data.Dataset[dict[str, Any]]):
    """Item i is the batch of step i, in parts."""

    def __init__(self, batch: Callable[[int, int, int], dict[str, Any]], steps: int, parts: int) -> None:
        self._batch, self._steps, self._parts = batch, steps, parts

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, i: int) -> dict[str, Any]:
        return {"parts": [self._batch(i, part, self._parts) for part in range(self._parts)]}


def _only(items: list[dict[str, Any]]) -> dict[str, Any]:
    return items[0]


class _Trainer(Trainer):
    def __init__(self, *, replicas: Replicas, **options: Any) -> None:
        super().__init__(model=replicas.work.model, **options)
        self._replicas = replicas
        self._figures: dict[str, torch.Tensor] = {}
        self._counts: Counter[str] = Counter()
        self.remove_callback(PrinterCallback)

    def training_step(
        self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """The gradient of one step's batch, part by part: the whole of what Trainer leaves to its owner."""
        parts = self._prepare_inputs(inputs)["parts"]
        loss, figures = self._replicas.backward(parts, self.state.global_step)
        for name, value in figures.items():
            self._figures[name] = self._figures.get(name, torch.zeros((), device=value.device)) + value
            self._counts[name] += 1
        return loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        for name, value in self._figures.items():
            logs[name] = float(value) / self._counts[name]
        self._figures, self._counts = {}, Counter()
        super().log(logs, start_time)

    def get_train_dataloader(self) -> Any:
        loader = torch.utils.data.DataLoader(
            self.train_dataset, batch_size=1, collate_fn=_only, shuffle=False
        )
        return self.accelerator.prepare(loader)

    def floating_point_ops(self, inputs: Any) -> int:
        return 0


class _Hooks(TrainerCallback):
    """Progress, evaluation inside a fork of the random state, and the mark of a complete checkpoint."""

    def __init__(
        self, settings: LoopSettings, evaluate: Callable[[int], bool] | None, progress: Progress | None
    ) -> None:
        self.settings, self.evaluate, self.progress = settings, evaluate, progress

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        step = state.global_step
        if self.progress is not None:
            self.progress(step, self.settings.steps)
        last = step == self.settings.steps
        if self.evaluate is not None and (last or step % self.settings.evaluate_every == 0):
            devices = [args.device.index or 0] if args.device.type == "cuda" else []
            with torch.random.fork_rng(devices=devices):
                control.should_training_stop |= self.evaluate(step)

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        (Path(args.output_dir) / f"checkpoint-{state.global_step}" / _MARK).touch()


def last_checkpoint(work: Path) -> Path | None:
    """The newest checkpoint that was written to its end."""
    found = [p.parent for p in work.glob(f"checkpoint-*/{_MARK}")]
    return max(found, key=lambda p: int(p.name.rpartition("-")[2]), default=None)


def _logging_steps(settings: LoopSettings) -> int:
    """The largest divisor of `save_every` up to 50 and a quarter of the steps."""
    most = max(1, min(50, settings.steps // 4))
    return max(n for n in range(1, most + 1) if settings.save_every % n == 0)


def _arguments(settings: LoopSettings, device: torch.device) -> TrainingArguments:
    arguments = TrainingArguments(
        output_dir=str(settings.work),
        max_steps=settings.steps,
        per_device_train_batch_size=1,
        learning_rate=settings.learning_rate,
        lr_scheduler_type=settings.schedule,
        warmup_steps=int(settings.warmup * settings.steps),
        weight_decay=settings.weight_decay,
        max_grad_norm=settings.clip,
        optim="adamw_torch_fused" if device.type in ("cpu", "cuda") else "adamw_torch",
        eval_strategy="no",
        logging_strategy="steps",
        logging_steps=_logging_steps(settings),
        save_strategy="steps",
        save_steps=settings.save_every,
        save_total_limit=2,
        report_to="none",
        disable_tqdm=True,
        use_cpu=device.type == "cpu",
        seed=settings.seed % 2**32,
        remove_unused_columns=False,
        dataloader_pin_memory=device.type == "cuda",
    )
    arguments._n_gpu = min(1, arguments.n_gpu)
    return arguments


@contextmanager
def _random_states_kept(device: torch.device) -> Iterator[None]:
    """Trainer seeds the global generators of Python, numpy and torch; outside nobody should notice."""
    python, numpy_ = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        with torch.random.fork_rng(devices=[device.index or 0] if device.type == "cuda" else []):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy_)  # noqa: NPY002


@contextmanager
def _heap_left_alone() -> Iterator[None]:
    """Let garbage collections pass over what exists now: accelerate asks for one, and a corpus is large."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def run(
    replicas: Replicas,
    batch: Callable[[int, int, int], dict[str, Any]],
    settings: LoopSettings,
    *,
    evaluate: Callable[[int], bool] | None = None,
    progress: Progress | None = None,
) -> LoopResult:
    """Train the model of `replicas` in place; `batch(step, part, parts)` gives the inputs of a part.

    `evaluate(step)` says whether to stop. Raises OSError where a checkpoint fills the disk and TrainingError
    where a process was lost; the same call goes on from the last complete checkpoint.
    """
    quiet()
    work = settings.work
    work.mkdir(parents=True, exist_ok=True)
    start = last_checkpoint(work)
    for folder in work.glob("checkpoint-*"):
        if not (folder / _MARK).exists():
            shutil.rmtree(folder)
    device = replicas.work.model.device
    with _random_states_kept(device), _heap_left_alone():
        trainer = _Trainer(
            replicas=replicas,
            args=_arguments(settings, device),
            train_dataset=_Batches(batch, settings.steps, replicas.parts),
            callbacks=[_Hooks(settings, evaluate, progress)],
        )
        with saving(work):
            trainer.train(resume_from_checkpoint=str(start) if start else None)
    kept = [
        {k: float(v) for k, v in entry.items() if k in _KEPT}
        for entry in trainer.state.log_history
        if "loss" in entry
    ]
    return LoopResult(
        steps=trainer.state.global_step,
        history=kept,
        resumed_from=int(start.name.rpartition("-")[2]) if start else 0,
        arithmetic=replicas.dtype,
    )


_KEPT = {
    "step",
    "loss",
    "grad_norm",
    "learning_rate",
    "adversarial_divergence",
    "dropout_divergence",
    "dropped",
}

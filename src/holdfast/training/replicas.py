"""One model's work over several processes: replicas on the same weights, gradients summed in order.

The batch of a step is worked on in parts. Who works on a part makes no difference: it has a random state of
its own, and gradients are added in the order of the parts. So the weights after a step are the same, bit for
bit on a CPU with one thread a process, whatever the number of processes.
"""

from __future__ import annotations

import shutil
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import torch

from holdfast.errors import TrainingError
from holdfast.models.checkpoint import autocast
from holdfast.processes import begin_worker, context, keep_memory, share_of_threads, spent
from holdfast.provenance import stream_seed

__all__ = ["Figures", "Replicas", "Work"]

Figures = dict[str, torch.Tensor]
"""What an objective logs, by name; scalars."""
Inputs = dict[str, torch.Tensor]

_SHARED_MEMORY = Path("/dev/shm")


class Work(Protocol):
    """What is done with a model. It is pickled, with its model, for other processes."""

    model: Any

    def loss(self, inputs: Inputs, step: int, part: int) -> tuple[torch.Tensor, Figures]:
        """Mean loss of one part of a batch, and figures to log."""
        ...


@dataclass(frozen=True)
class _Worker:
    """Does the work, in whichever process."""

    work: Work
    seed: int
    dtype: str

    def backward(self, inputs: Inputs, step: int, part: int, parts: int) -> tuple[torch.Tensor, Figures]:
        """Add one part's share of the gradient, from a random state that belongs to the part."""
        _seed(self.work.model.device, stream_seed(self.seed, "part", step, part))
        self.work.model.train()
        with autocast(self.work.model.device, self.dtype):
            loss, figures = self.work.loss(inputs, step, part)
        torch.autograd.backward(loss / parts)
        return loss.detach(), figures

    def call(self, name: str, piece: Any) -> Any:
        """`work.<name>(piece)`."""
        with autocast(self.work.model.device, self.dtype):
            return getattr(self.work, name)(piece)


class Replicas:
    """`work` in this process and on the same weights in others; a context, in which those live."""

    def __init__(
        self, work: Work, *, parts: int = 1, processes: int = 1, seed: int = 0, dtype: str = "float32"
    ) -> None:
        """`parts` of a batch; `dtype` of the arithmetic (bfloat16: autocast, weights stay in float32).

        One process works on a GPU, and where shared memory does not hold weights and gradients.
        """
        self.work = work
        self.parts = parts
        self.dtype = dtype
        self._worker = _Worker(work, seed, dtype)
        wanted = min(parts, processes)
        spreads = wanted > 1 and work.model.device.type == "cpu" and _room(work.model, wanted)
        self._processes = wanted if spreads else 1
        self._threads = torch.get_num_threads()
        self._others: list[_Other] = []

    def __enter__(self) -> Self:
        if self.work.model.device.type == "cpu":
            keep_memory()
        if self._processes > 1:
            self.work.model.share_memory()
            threads = share_of_threads(self._threads, self._processes)
            torch.set_num_threads(threads)
            self._others = [_Other(self._worker, threads) for _ in range(self._processes - 1)]
        return self

    def __exit__(self, *_: object) -> None:
        for other in self._others:
            other.end()
        self._others = []
        torch.set_num_threads(self._threads)

    def backward(self, inputs: Sequence[Inputs], step: int) -> tuple[torch.Tensor, Figures]:
        """Add the gradient of the mean loss of `inputs`, one a part, to the weights'.

        Returns that loss and the mean of each figure. Raises TrainingError where a process was lost.
        """
        parts, apart = len(inputs), len(self._others) + 1
        for part, other in zip(range(1, parts), self._others, strict=False):
            other.ask("backward", _arrays(inputs[part]), step, part, parts)
        losses, figures = [], []
        for part in range(parts):
            if part % apart:
                other = self._others[part % apart - 1]
                loss, found = other.add_gradients()
                if (then := part + apart) < parts:
                    other.ask("backward", _arrays(inputs[then]), step, then, parts)
            else:
                loss, found = self._worker.backward(inputs[part], step, part, parts)
            losses.append(loss)
            figures.append(found)
        names = figures[0]
        return torch.stack(losses).mean(), {n: torch.stack([f[n] for f in figures]).mean() for n in names}

    def each(self, name: str, pieces: Sequence[Any]) -> list[Any]:
        """`work.<name>(piece)` of each piece, in order; so many at a time as there are processes."""
        found: list[Any] = []
        apart = len(self._others) + 1
        for start in range(0, len(pieces), apart):
            now = pieces[start : start + apart]
            asked = list(zip(self._others, now[1:], strict=False))
            for other, piece in asked:
                other.ask("call", name, piece)
            found.append(self._worker.call(name, now[0]))
            found += [other.answer() for other, _ in asked]
        return found


def _seed(device: torch.device, seed: int) -> None:
    """Begin the random numbers of the CPU and of `device` anew.

    `torch.manual_seed` does so for every kind of device there could be, a millisecond each time.
    """
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)
    elif device.type != "cpu":
        torch.manual_seed(seed)


def _room(model: Any, processes: int) -> bool:
    """Whether shared memory holds the weights and each other process's gradients."""
    if not _SHARED_MEMORY.is_dir():
        return True
    size = sum(p.numel() * p.element_size() for p in (*model.parameters(), *model.buffers()))
    return bool(shutil.disk_usage(_SHARED_MEMORY).free > 2 * size * processes)


def _arrays(inputs: Inputs) -> dict[str, Any]:
    """Tensors would travel as files of shared memory, one each: more than their few numbers are worth."""
    return {name: value.numpy() for name, value in inputs.items()}


class _Other:
    """One of the other processes, seen from this one."""

    def __init__(self, worker: _Worker, threads: int) -> None:
        self._weights = [p for p in worker.work.model.parameters() if p.requires_grad]
        self._gradients = [torch.zeros(p.shape, dtype=p.dtype) for p in self._weights]
        for gradient in self._gradients:
            gradient.share_memory_()  # type: ignore[no-untyped-call]
        made = context()
        self._pipe, far = made.Pipe()
        self._process = made.Process(target=_serve, args=(far, worker, self._gradients, threads), daemon=True)
        self._process.start()
        far.close()

    def ask(self, *question: Any) -> None:
        """Let it begin with something; one at a time."""
        try:
            self._pipe.send(question)
        except OSError as error:
            raise self._lost() from error

    def answer(self) -> Any:
        """What it was asked for. Raises what was raised there; TrainingError where it is gone."""
        try:
            error, found, seconds = self._pipe.recv()
        except (EOFError, OSError) as lost:
            raise self._lost() from lost
        spent(seconds)
        if error is not None:
            raise error
        return found

    def add_gradients(self) -> tuple[torch.Tensor, Figures]:
        """Wait for its part, add that part's gradients to the weights' own; its loss and figures."""
        loss, figures, have = self.answer()
        for weight, gradient, there in zip(self._weights, self._gradients, have, strict=True):
            if there and weight.grad is None:
                weight.grad = gradient.clone()
            elif there:
                weight.grad += gradient
        return torch.tensor(loss), {name: torch.tensor(value) for name, value in figures.items()}

    def end(self) -> None:
        """Close the pipe, at which it ends."""
        self._pipe.close()
        self._process.join(timeout=5)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _lost(self) -> TrainingError:
        self._process.join(timeout=5)
        return TrainingError(
            f"a process that trained along ended (exit code {self._process.exitcode})",
            expected="it to live as long as the training",
            do="run the same command again: it goes on from the last checkpoint; "
            "with too little memory, set `processes = 1`",
        )


def _serve(pipe: Any, worker: _Worker, gradients: list[torch.Tensor], threads: int) -> None:
    """The other process: answers until the pipe closes."""
    begin_worker()
    keep_memory()
    torch.set_num_threads(threads)
    weights = [p for p in worker.work.model.parameters() if p.requires_grad]
    while True:
        try:
            kind, *arguments = pipe.recv()
        except (EOFError, OSError):
            return
        begun = time.process_time()
        error: Exception | None = None
        found: Any = None
        try:
            if kind == "backward":
                found = _backward(worker, weights, gradients, *arguments)
            else:
                found = worker.call(*arguments)
        except Exception as raised:
            # Where it was raised would be lost on the way.
            raised.add_note("".join(traceback.format_exception(raised)))
            error = raised
        try:
            pipe.send((error, found, time.process_time() - begun))
        except OSError:
            return  # nobody waits any more: interrupted, or an error there


def _backward(
    worker: _Worker,
    weights: list[torch.nn.Parameter],
    gradients: list[torch.Tensor],
    arrays: dict[str, Any],
    *place: int,
) -> tuple[float, dict[str, float], list[bool]]:
    """One part, its gradients put where the other process reads them; loss, figures, and which have any."""
    inputs = {name: torch.from_numpy(value) for name, value in arrays.items()}
    loss, figures = worker.backward(inputs, *place)
    have = []
    for weight, gradient in zip(weights, gradients, strict=True):
        have.append(weight.grad is not None)
        if weight.grad is not None:
            gradient.copy_(weight.grad)
            weight.grad = None
    return float(loss), {name: float(value) for name, value in figures.items()}, have

"""Every error Holdfast raises on purpose.

    HoldfastError            the user can mend this; printed without a traceback, exit code 1
    ├── ConfigError          holdfast.toml or an option is wrong (exit code 2)
    ├── UnknownNameError     a registry or the store has no such name
    ├── InputError           a text, file or row cannot be used
    │   ├── TextTooLongError     more tokens than the model takes (never truncated in silence)
    │   └── LabelsError          a labels file with unknown verdicts, or classes the wrong way round
    ├── LeakageError         a family or text would cross a train/validation/test split
    ├── StoreError           the database is missing, corrupt or of another version
    │   └── ConflictError        what was asked does not fit what is stored already
    ├── CheckpointError      a checkpoint folder is incomplete or does not fit its threshold or tokeniser
    ├── TrainingError        a process of a training was lost
    ├── MeasurementError     there is nothing to measure, or the request cannot be defended
    ├── GateError            a gate that was asked for failed (exit code 3)
    └── NotReproducibleError the tree, the inputs or the packages differ from the record

Messages say what was found, what was expected, and what to do.
"""

from __future__ import annotations

__all__ = [
    "CheckpointError",
    "ConfigError",
    "ConflictError",
    "GateError",
    "HoldfastError",
    "InputError",
    "LabelsError",
    "LeakageError",
    "MeasurementError",
    "NotReproducibleError",
    "StoreError",
    "TextTooLongError",
    "TrainingError",
    "UnknownNameError",
    "closest",
]


class HoldfastError(Exception):
    """Something the user can mend. `exit_code` is what the command ends with."""

    exit_code: int = 1

    def __init__(self, found: str, *, expected: str = "", do: str = "") -> None:
        """Build the message from what was `found`, what was `expected` and what to `do`."""
        self.found, self.expected, self.do = found, expected, do
        parts = [found]
        if expected:
            parts.append(f"expected: {expected}")
        if do:
            parts.append(f"do: {do}")
        super().__init__("\n  ".join(parts))


class ConfigError(HoldfastError):
    """An option or a key of holdfast.toml is wrong."""

    exit_code = 2


class UnknownNameError(HoldfastError):
    """No such name; the message lists the closest one."""


class InputError(HoldfastError):
    """A text, file or row cannot be used."""


class TextTooLongError(InputError):
    """A snippet needs more tokens than the model takes."""


class LabelsError(InputError):
    """A labels file holds unknown verdicts or columns, or the classes the wrong way round."""


class LeakageError(HoldfastError):
    """A family or a text would cross a train/validation/test split."""


class StoreError(HoldfastError):
    """The database is missing, corrupt, or of another version."""


class ConflictError(StoreError):
    """What was asked does not fit what is stored already: it ended, was taken, or came from elsewhere."""


class CheckpointError(HoldfastError):
    """A checkpoint folder is incomplete or does not fit."""


class TrainingError(HoldfastError):
    """A process of a training was lost, or failed."""


class MeasurementError(HoldfastError):
    """Nothing to measure, or a figure that could not be defended."""


class GateError(HoldfastError):
    """A gate that was asked for failed."""

    exit_code = 3


class NotReproducibleError(HoldfastError):
    """The code, the inputs or the packages differ from the record."""


def closest(name: str, known: list[str]) -> str:
    """Return `known` as a sentence that names the closest match to `name` first."""
    import difflib

    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"{hint}known: {', '.join(sorted(known)) or '(none)'}"

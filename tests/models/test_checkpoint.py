"""Where models run."""

from __future__ import annotations

import pytest
import torch

from holdfast.errors import ConfigError
from holdfast.models.checkpoint import pick_device


@pytest.mark.parametrize("name", ["cuda", "cuda:1", "mps", "tpu"])
def test_a_device_that_is_not_here(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="expected: auto or cpu\n  do: "):
        pick_device(name)
    assert pick_device("auto") == pick_device("cpu") == torch.device("cpu")


def test_a_device_that_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert pick_device("auto") == torch.device("cuda")
    assert pick_device("cuda:1") == torch.device("cuda:1")

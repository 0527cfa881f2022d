"""The configuration in force, and its schema."""

from __future__ import annotations

import json
from typing import Any

from holdfast.config import Config
from holdfast.workflows.outcome import Outcome

__all__ = ["config_schema", "config_show"]


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict) and value and prefix.count(".") < 1:
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def config_show(config: Config, origins: dict[str, str]) -> Outcome:
    """Every key with its value (a password hidden) and where it comes from."""
    from holdfast.store import redacted

    values = config.model_dump(mode="json") | {"database": redacted(config.database)}
    rows = [
        {"key": key, "value": value, "from": origins.get(key, "default")}
        for key, value in _flat(values).items()
    ]
    text = "\n".join(f"{row['key']:32} {json.dumps(row['value']):28} {row['from']}" for row in rows)
    return Outcome(result={"config": rows}, text=text)


def config_schema() -> Outcome:
    """JSON schema of holdfast.toml."""
    schema = Config.model_json_schema()
    return Outcome(result=schema, text=json.dumps(schema, indent=1))

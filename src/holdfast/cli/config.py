"""`holdfast config show|schema`."""

from __future__ import annotations

import typer

from holdfast.cli.state import emit, read_config, state, workspace_root

__all__ = ["register", "schema", "show"]

config = typer.Typer(help="The configuration in force.", no_args_is_help=True)


@config.command()
def show() -> None:
    """Every key, its value, and where the value comes from."""
    import os

    from holdfast.config import FILE_NAME, origins
    from holdfast.workflows.config_show import config_show

    root = workspace_root()
    sources = origins(root / FILE_NAME, overrides=state.overrides, environment=os.environ)
    emit(config_show(read_config(root), sources))


@config.command()
def schema() -> None:
    """JSON schema of holdfast.toml, for editors."""
    from holdfast.workflows.config_show import config_schema

    emit(config_schema())


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(config, name="config")

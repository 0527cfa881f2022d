"""`holdfast doctor`: is this machine ready?"""

from __future__ import annotations

import typer

from holdfast.cli.state import emit

__all__ = ["doctor", "register"]


def doctor() -> None:
    """Versions, torch build, device, database, disk; says what to mend."""
    import os

    from holdfast.cli.state import read_config, workspace_root
    from holdfast.errors import ConfigError
    from holdfast.workflows.doctor import doctor as examine

    try:
        root = workspace_root()
        config = read_config(root)
    except ConfigError as error:
        emit(examine(None, None, problem=str(error), environment=os.environ))
        return
    emit(examine(root, config, problem="", environment=os.environ))


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)

"""`holdfast workbench`: the people's site. `holdfast worker`: does the long work that it asks for."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from holdfast.cli.state import emit, open_workspace, state
from holdfast.errors import ConfigError

if TYPE_CHECKING:
    from holdfast.workbench import Settings, Site
    from holdfast.workflows.workspace import Workspace

__all__ = [
    "check_address",
    "end_beside",
    "listening",
    "register",
    "said_beside",
    "site_of",
    "start_beside",
    "workbench",
    "worker",
]


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_address(host: str, port: int, public_url: str, unsafe: bool) -> str:
    """The public URL. Raises ConfigError for an address beyond this machine without TLS in front."""
    if not public_url:
        shown = f"[{host}]" if ":" in host else host
        public_url = f"http://{shown}:{port}"
    far = not _loopback(host)
    if far and not public_url.startswith("https://") and not unsafe:
        raise ConfigError(
            f"the workbench on {host} would send passwords and texts in the clear",
            expected="--public-url https://… with a TLS proxy in front, or a loopback address",
            do="keep 127.0.0.1 and use an SSH tunnel; or --unsafe-without-tls, if the network is yours alone",
        )
    return public_url


def site_of(workspace: Workspace, **options: object) -> Site:
    """The site over an open workspace; `options` are further fields of `Settings`."""
    from holdfast.cli.live import WorkspaceModels
    from holdfast.store.people import People
    from holdfast.workbench import Settings, Site

    catastrophe = workspace.catastrophe
    values: dict[str, object] = {
        "secret": People(workspace.store).secret("blinding"),
        "project": workspace.root.name,
        "catastrophe": catastrophe.name,
        "question": catastrophe.question,
        "guidelines": catastrophe.guidelines,
        "confidence": workspace.config.measure.confidence,
    } | workspace.config.workbench.model_dump()
    settings: Settings = Settings(**values | options)  # type: ignore[arg-type]
    return Site(workspace.store, settings, WorkspaceModels(workspace))


def workbench(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8400,
    public_url: Annotated[
        str,
        typer.Option(help="Where people reach it, https://… with a TLS proxy in front; empty: as listened."),
    ] = "",
    unsafe_without_tls: Annotated[
        bool, typer.Option("--unsafe-without-tls", help="Listen beyond this machine without TLS.")
    ] = False,
    admin_link: Annotated[
        bool,
        typer.Option("--admin-link", help="Print a link for one more admin; the first start always does."),
    ] = False,
    labels: Annotated[
        int, typer.Option(help="Labels by different people that a find gets.", min=1, max=9)
    ] = 2,
    qualify: Annotated[
        bool, typer.Option("--qualify", help="Labellers first pass a test on known items.")
    ] = False,
    playground_public: Annotated[
        bool,
        typer.Option("--playground-public", help="Open the playground to everybody who reaches the site."),
    ] = False,
    inspiration: Annotated[
        bool,
        typer.Option("--inspiration", help="Show attackers confirmed finds; it changes how long they take."),
    ] = False,
    end_with_input: Annotated[
        bool, typer.Option("--end-with-input", help="End when standard input ends.", hidden=True)
    ] = False,
) -> None:
    """The people's site: attack, label, adjudicate, rate and see. It asks `holdfast worker` for long work."""
    from holdfast.types.person import Role
    from holdfast.workbench.server import serve

    url = check_address(host, port, public_url, unsafe_without_tls)
    with open_workspace(upgrade=True) as workspace:
        site = site_of(
            workspace,
            public_url=url,
            hosts=() if _loopback(host) else (host,),
            labels_required=labels,
            qualify=qualify,
            playground_public=playground_public,
            inspiration=inspiration,
        )

        def announce() -> None:
            lines = [f"workbench  {url}"]
            admins = [one for one in site.people.accounts() if one.active and Role.ADMIN in one.roles]
            if admin_link or not admins:
                lines.append(f"admin      {site.admin_link()}  (once, for a day)")
            sys.stdout.write("\n".join(lines) + "\n")
            sys.stdout.flush()
            site.scoring.warm()

        if end_with_input:
            threading.Thread(target=_end_with_input, daemon=True).start()
        with listening(host, port) as listener:
            with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is how it is ended
                serve(site, listener, announce, state.display.say)


def _end_with_input() -> None:
    """End as on SIGTERM once nobody holds the other end of standard input: not even one who was killed."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens there. Raises ConfigError where that cannot be: the port is taken, say."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise ConfigError(
                f"cannot listen on {host}:{port}: {error.strerror or error}", do="name another --port"
            ) from None
        yield listener


def worker(
    once: Annotated[bool, typer.Option("--once", help="End when no job waits.")] = False,
) -> None:
    """Do the jobs that the workbench asks for: rounds, measurements, pairs. Several may run at once."""
    from holdfast.workflows.worker import work

    with open_workspace(upgrade=True) as workspace:
        emit(work(workspace, once=once))


def start_beside(folder: Path, port: int) -> subprocess.Popen[str]:
    """The workbench of `folder` in a process of its own. It ends with the caller at the latest."""
    command = [sys.executable, "-m", "holdfast", "--workspace", str(folder)]
    command += [part for text in state.overrides for part in ("--set", text)]
    return subprocess.Popen(
        [*command, "workbench", "--port", str(port), "--end-with-input"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def said_beside(process: subprocess.Popen[str]) -> str:
    """What it says once it is reached, waited for: its address, and the link for the first admin.

    Nothing where it did not start.
    """
    assert process.stdout is not None
    return os.read(process.stdout.fileno(), 4096).decode().rstrip()


def end_beside(process: subprocess.Popen[str]) -> None:
    """End it: politely, and after ten seconds anyhow."""
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(workbench)
    app.command()(worker)

"""`licensing init` and `licensing serve`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Thread

import click
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server import Server

from licensing.bootstrap import House, require_fit, set_up
from licensing.cli.houses import open_house
from licensing.settings import Settings

THREADS = 2
BACKLOG = 1024
STOP_SECONDS = 10
"""A worker that was still starting misses the signal to stop; after this it is killed, with nothing in flight."""


@click.command()
def init() -> None:
    """Set up a development server: database, TEST- keys, admin. Does only what is missing."""
    _set_up(open_house())


@click.command()
def serve() -> None:
    """Serve, and send mails. In development, set up first what is missing."""
    log_to_error_stream()
    house = open_house()
    settings = house.settings
    if not settings.in_production:
        _set_up(house)
    require_fit(house)
    house.revoked_lists.current(house.system.now())
    click.echo(f"serving   {settings.public_url}")
    click.echo(f"mails     {house.transport.describe()}")
    click.echo(f"data      {settings.data_dir}")
    run(settings, "licensing.web.app:app_from_environment", house.worker.run)


def run(settings: Settings, application: str, work: Callable[[Event], None]) -> None:
    """Serves the application in processes of its own, with `work` beside them, until it is told to stop."""
    host, port = settings.address
    stop = Event()
    worker = Thread(target=work, args=(stop,), name="worker")
    worker.start()
    try:
        Server(
            application,
            factory=True,
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            workers=settings.workers,
            blocking_threads=THREADS,
            backlog=BACKLOG,
            respawn_failed_workers=True,
            workers_kill_timeout=STOP_SECONDS,
            http=HTTPModes.http1,
            websockets=False,
            log_level=LogLevels.warning,
        ).serve()
    finally:
        stop.set()
        worker.join()


def log_to_error_stream() -> None:
    """What happens is told there, migrations only when they go wrong."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _set_up(house: House) -> None:
    admin = set_up(house)
    if admin is not None:
        click.echo(f"admin     {admin.email}, one-time password {admin.password} (shown only now)")

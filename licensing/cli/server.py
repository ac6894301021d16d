"""`licensing init`, `licensing serve` and `licensing work`."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from threading import Event, Thread
from time import sleep

import click
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer, WorkerProcess

from licensing.bootstrap import House, require_fit, set_up
from licensing.cli.houses import open_house
from licensing.settings import Settings
from licensing.web import logs, tracing, watching

THREADS = 2
BACKLOG = 1024
STOP_SECONDS = 20
"""What a worker took must be answered within this; then it is killed. Supervisors give the server 30 seconds."""
AGAIN_SECONDS = 5.0
"""A worker that has not ended by then is told again; sooner it could be in its last moments, when a signal kills it."""
WORK_SECONDS = 5
"""How long the work beside the workers may go on after they have ended: a mail server may hang for longer."""
STOPS = (signal.SIGTERM, signal.SIGINT)


class _Server(MPServer):
    """Tells each worker to stop until it ends: one that is about to serve may not hear it the first time."""

    def _stop_workers(self) -> None:
        for worker in self.wrks:
            Thread(target=_tell_to_stop, args=(worker,), daemon=True).start()
        super()._stop_workers()  # type: ignore[no-untyped-call]


def _tell_to_stop(worker: WorkerProcess) -> None:
    sleep(AGAIN_SECONDS)
    while worker.is_alive():  # type: ignore[no-untyped-call]
        worker.terminate()  # type: ignore[no-untyped-call]
        sleep(AGAIN_SECONDS)


@click.command()
def init() -> None:
    """Set up a development server: database, TEST- keys, admin. Does only what is missing."""
    _set_up(open_house())


@click.command()
@click.option("--no-worker", is_flag=True, help="Serve only: `licensing work` runs elsewhere.")
def serve(no_worker: bool) -> None:
    """Serve, send mails, and count for the reports. In development, set up first what is missing."""
    house = _fit_house()
    settings = house.settings
    house.revoked_lists.current(house.system.now())
    click.echo(f"serving   {settings.public_url}")
    if not no_worker:
        click.echo(f"mails     {house.transport.describe()}")
    click.echo(f"data      {settings.data_dir}")
    run(settings, "licensing.web.app:app_from_environment", _nothing if no_worker else house.worker.run)


@click.command()
def work() -> None:
    """Send mails, sign checkpoints and count for the reports, without serving: for servers that run `--no-worker`."""
    house = _fit_house()
    stop = Event()
    for number in STOPS:
        signal.signal(number, lambda *_: stop.set())
    click.echo(f"working   {house.settings.public_url}")
    click.echo(f"mails     {house.transport.describe()}")
    house.worker.run(stop)


def run(settings: Settings, application: str, work: Callable[[Event], None]) -> None:
    """Serves the application in processes of its own, with `work` beside them, until it is told to stop.

    Raises SetupRefused where traces are wanted and can't be made.
    """
    tracing.require_packages(settings.otlp_url)
    host, port = settings.address
    watching.forget(settings.data_dir / watching.FOLDER)
    _let_starting_workers_be_stopped()
    stop = Event()
    worker = Thread(target=work, args=(stop,), name="worker", daemon=True)
    worker.start()
    try:
        _Server(
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
            log_dictconfig=logs.GRANIAN,
        ).serve()
    finally:
        stop.set()
        worker.join(WORK_SECONDS)


def _fit_house() -> House:
    """The house, ready to run. In development what is missing is set up."""
    house = open_house()
    logs.configure(house.settings.log_format)
    if not house.settings.in_production:
        _set_up(house)
    require_fit(house)
    return house


def _let_starting_workers_be_stopped() -> None:
    """A worker that is told to stop before it serves ends at once, with nothing in flight.

    Until Granian sets its own handlers, a worker has those of the process that it forked off, which would swallow the
    signal: it would go on to serve, and be killed in the midst of it.
    """

    def hold() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)

    def let() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)

    def end_by_default() -> None:
        for number in STOPS:
            signal.signal(number, signal.SIG_DFL)
        let()

    os.register_at_fork(before=hold, after_in_parent=let, after_in_child=end_by_default)


def _nothing(stop: Event) -> None:
    """The work of a server that leaves it to another."""


def _set_up(house: House) -> None:
    admin = set_up(house)
    if admin is not None:
        click.echo(f"admin     {admin.email}, one-time password {admin.password} (shown only now)")

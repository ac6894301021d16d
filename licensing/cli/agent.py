"""`licensing agent`: the sidecar of a Data Control Center that was not built with the client."""

from __future__ import annotations

import logging
import signal
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Thread

import click

from licensing.client.client import Client
from licensing.client.kubernetes import ACCOUNT, Kubernetes, RookCluster
from licensing.client.sidecar import Sidecar
from licensing.client.states import SecretStore
from licensing.core.errors import SetupRefused
from licensing.storage import keyfiles
from licensing.verifier import TRUSTED_ROOTS

FILE = click.Path(path_type=Path)
SIGNALS = (signal.SIGTERM, signal.SIGINT)
STOP_SECONDS = 5


class Listen(click.ParamType[tuple[str, int]]):
    """An IP address and a port, `127.0.0.1:8283` or `[::1]:8283`."""

    name = "address"

    def convert(
        self, value: str | tuple[str, int], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        if isinstance(value, tuple):
            return value
        host, _, port = value.rpartition(":")
        try:
            return str(ip_address(host.removeprefix("[").removesuffix("]"))), int(port.zfill(1))
        except ValueError:
            self.fail(f"{value!r} is no IP address with a port, such as 127.0.0.1:8283.", param, ctx)


@click.command()
@click.option(
    "--license",
    "file",
    type=FILE,
    envvar="KOOR_LICENSE_FILE",
    required=True,
    help="Where a person puts the license file.",
)
@click.option(
    "--server", envvar="KOOR_LICENSE_SERVER", help="URL of the license server or a relay. None: nothing is sent."
)
@click.option("--ca", type=FILE, envvar="KOOR_LICENSE_CA", help="Certificates (PEM) trusted beside the system's.")
@click.option(
    "--state-secret", envvar="KOOR_LICENSE_STATE_SECRET", required=True, help="The Secret that keeps the state."
)
@click.option("--namespace", envvar="KOOR_LICENSE_NAMESPACE", required=True, help="Where that Secret is.")
@click.option("--rook-namespace", envvar="KOOR_LICENSE_ROOK_NAMESPACE", required=True, help="Where Rook runs.")
@click.option(
    "--production/--no-production",
    envvar="KOOR_LICENSE_PRODUCTION",
    default=True,
    help="No: a wish that sales grant.",
)
@click.option(
    "--dcc-version", envvar="KOOR_LICENSE_DCC_VERSION", default="", help="What check-ins tell of the DCC's version."
)
@click.option("--listen", type=Listen(), default="127.0.0.1:8283", show_default=True, help="Where to answer.")
@click.option("--root", "roots", multiple=True, type=FILE, help="Trust this root key file (JWK), too: for trying out.")
@click.option("--api-host", envvar="KUBERNETES_SERVICE_HOST", hidden=True)
@click.option("--api-port", envvar="KUBERNETES_SERVICE_PORT", default="443", hidden=True)
@click.option("--api-account", type=FILE, default=ACCOUNT, hidden=True)
def agent(
    *,
    file: Path,
    server: str | None,
    ca: Path | None,
    state_secret: str,
    namespace: str,
    rook_namespace: str,
    production: bool,
    dcc_version: str,
    listen: tuple[str, int],
    roots: tuple[Path, ...],
    api_host: str | None,
    api_port: str,
    api_account: Path,
) -> None:
    """Check in for the cluster around this pod, and tell the pod over HTTP what the license is worth.

    GET /status, /metrics, /healthz, and /request: the file of a site without a connection. The chart sets the
    KOOR_LICENSE_ variables that stand for the options (docs/dcc.md).
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    if api_host is None:
        raise SetupRefused("There is no Kubernetes around: KUBERNETES_SERVICE_HOST is not set.")
    api = Kubernetes.around(api_host, api_port, api_account)
    rook = RookCluster(api, rook_namespace, production, dcc_version)
    try:
        client = Client(
            file=file,
            server=server,
            roots=[*TRUSTED_ROOTS, *map(keyfiles.read_root_file, roots)],
            nodes=rook.storage_nodes,
            cluster=rook.cluster,
            store=SecretStore(api, namespace, state_secret),
            ca=ca,
        )
    except ValueError as error:
        raise SetupRefused(str(error)) from error
    _serve(client, *listen)


def _serve(client: Client, host: str, port: int) -> None:
    """Works and answers until the process is told to end."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # threads inherit it: sigwait alone hears them
    try:
        sidecar = Sidecar(host, port, client)
    except (OSError, OverflowError) as error:
        raise SetupRefused(f"Can't listen on {host}:{port}: {error}.") from error
    stop = Event()
    work = Thread(target=client.run, args=(stop,), daemon=True)
    work.start()
    Thread(target=sidecar.serve_forever, daemon=True).start()
    click.echo(f"listening  {host}:{sidecar.server_port}")
    signal.sigwait(SIGNALS)
    stop.set()
    work.join(STOP_SECONDS)

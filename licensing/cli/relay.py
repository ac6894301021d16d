"""`licensing relay`: the server inside a customer's site, its key and its usage, which the vendor checks."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import click

from licensing.cli import inputs, output
from licensing.cli.server import run
from licensing.core.errors import LedgerBroken, Malformed, Unauthentic
from licensing.core.keys import jwk
from licensing.core.usage import Usage, verify_usage
from licensing.relay import RelayHouse, build_relay, open_relay_keys, require_fit_relay, set_up_relay
from licensing.services.audit import PROCESSES
from licensing.settings import read_settings
from licensing.storage import keyfiles
from licensing.verifier import TRUSTED_ROOTS, open_license_file
from licensing.web import logs

FILE = click.Path(path_type=Path)
COLUMNS = ("fsid", "name", "pool", "peak", "granted", "days")


@click.group(invoke_without_command=True)
@click.option("--license", "license", type=FILE, help="The vendor's license file. It is read again when it changes.")
@click.option("--root", type=FILE, help="Trust this root key file (JWK), too: for trying out.")
@click.pass_context
def relay(context: click.Context, license: Path | None, root: Path | None) -> None:
    """Share one license's seats among the clusters of a site without internet access.

    Without a command: serve. The relay has a data folder of its own (LICENSING_DATA_DIR).
    """
    if context.invoked_subcommand is not None:
        if license is not None or root is not None:
            raise click.UsageError("--license and --root are for serving; put a command's own after it.")
        return
    if license is None:
        raise click.UsageError("Say which --license to share, or a command: key, usage, check, audit.")
    _serve(license, root)


@relay.command()
@click.option("--out", type=FILE, help="Write the public key here, too.")
def key(out: Path | None) -> None:
    """Make the relay's key, and print the public half: the vendor names it in the license."""
    made, public = open_relay_keys(read_settings()).new()
    text = json.dumps(jwk(made.kid, made.x), indent=2)
    if out is not None:
        keyfiles.write_text(out, f"{text}\n")
    click.echo(text)
    click.echo(f"Send the vendor {out or public}; the private half stays here.", err=True)


@relay.command()
@click.option("--from", "start", type=inputs.DAY, required=True, help="The first day (UTC).")
@click.option("--to", "end", type=inputs.DAY, required=True, help="The first day after the period (UTC).")
@click.option("--out", "-o", type=FILE, required=True, help="Write the signed file here.")
def usage(start: datetime, end: datetime, out: Path) -> None:
    """Write what was used on each day, signed by this relay, for the talk about the renewal."""
    document = _open().usage.export(start, end)
    keyfiles.write_text(out, json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    click.echo(f"{out} tells {(end - start).days} days.")


@relay.command()
@click.argument("file", type=FILE)
@click.option("--license", "license", type=FILE, required=True, help="The license file that names the relay.")
@click.option("--root", "roots", multiple=True, type=FILE, help="Trust this root key file (JWK), too.")
@output.json_option
def check(file: Path, license: Path, roots: tuple[Path, ...], as_json: bool) -> None:
    """Verify the usage FILE of a relay, at the vendor, and say what was used."""
    trusted = [*TRUSTED_ROOTS, *map(keyfiles.read_root_file, roots)]
    try:
        opened = open_license_file(_read(license), trusted)
        told = verify_usage(_read(file), opened.license)
    except Unauthentic as error:
        raise Malformed(f"{error.reason}: {error.detail}") from error
    document: dict[str, object] = {
        "license_id": told.lid,
        "seats": opened.license.seats,
        "peak": told.peak,
        "days": len(told.days),
        "days_above": told.days_above,
        "from": output.seconds(told.start),
        "to": output.seconds(told.end),
        "signed_at": output.seconds(told.iat),
    }
    if as_json:
        output.show({**document, "clusters": _rows(told)}, as_json=True)
        return
    output.show(document, as_json=False)
    click.echo()
    output.show_list("clusters", COLUMNS, _rows(told), as_json=False)


@relay.command()
@output.json_option
def audit(as_json: bool) -> None:
    """Prove the relay's own ledger, as `ledger audit` does the vendor's."""
    report = _open().audit.run(processes=PROCESSES)
    told = {"leaves": report.leaves, "licenses": report.licenses, "checkpoint": report.checkpoint_size}
    output.show({**told, "findings": report.findings if as_json else len(report.findings)}, as_json=as_json)
    if report.findings:
        raise LedgerBroken(f"The audit has {len(report.findings)} findings: {'; '.join(report.findings)}")


def _serve(license: Path, root_file: Path | None) -> None:
    settings = read_settings()
    logs.configure(settings.log_format)
    root = None if root_file is None else keyfiles.read_root_file(root_file)
    house = build_relay(settings, root)
    shared = set_up_relay(house, license, root)
    require_fit_relay(house)
    click.echo(f"relaying  {shared.seats} seats of the license {shared.lid}, issue {shared.seq}")
    click.echo(f"serving   {settings.public_url}")
    click.echo(f"data      {settings.data_dir}")
    run(settings, "licensing.web.relay.app:relay_app_from_environment", house.worker(license).run)


def _open() -> RelayHouse:
    """The relay of the environment's settings, closed when the command ends; raises a Refusal for none."""
    house = build_relay(read_settings())
    click.get_current_context().call_on_close(house.database.close)
    require_fit_relay(house)
    return house


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Malformed(f"The file {path} can't be read: {error.strerror}.") from error


def _rows(usage: Usage) -> list[dict[str, object]]:
    """Each cluster at its peak, and on how many days it had nodes."""
    rows: list[dict[str, object]] = []
    for place, cluster in enumerate(usage.clusters):
        used = [each for day in usage.days for each in day.used if each.cluster == place]
        peak = max(used, key=lambda each: (each.nodes, each.granted), default=None)
        rows.append(
            {
                "cid": cluster.cid,
                "fsid": cluster.fsid or None,
                "name": cluster.name or None,
                "pool": cluster.pool,
                "peak": 0 if peak is None else peak.nodes,
                "granted": 0 if peak is None else peak.granted,
                "days": len(used),
            }
        )
    return rows

"""`licensing clusters`: a license's clusters, and what can be done to a single one."""

from __future__ import annotations

from collections.abc import Iterable

import click

from licensing.cli import output
from licensing.cli.houses import open_current_house
from licensing.cli.licenses import reason_option
from licensing.core.callers import OPERATOR
from licensing.storage.clusters import Seen

COLUMNS = ("fsid", "name", "used", "granted", "pool", "np_granted", "pinned", "duplicate_since", "last_seen_at")


class Fsid(click.ParamType[str]):
    """A Ceph cluster's id, in lower case."""

    name = "fsid"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return value.lower()


FSID = Fsid()


@click.group()
def clusters() -> None:
    """The clusters of a license."""


@clusters.command("list")
@click.argument("license_id")
@output.json_option
def list_clusters(license_id: str, as_json: bool) -> None:
    """List a license's clusters, the first come first."""
    _tell(open_current_house().clusters.of_license(OPERATOR, license_id), as_json=as_json)


@clusters.command("grant-non-production")
@click.argument("license_id")
@click.argument("fsid", type=FSID)
@reason_option
@output.json_option
def grant_non_production(license_id: str, fsid: str, reason: str, as_json: bool) -> None:
    """Let a cluster that wishes so count against the non-production seats."""
    house = open_current_house()
    _tell(house.clusters.grant_non_production(OPERATOR, license_id, fsid, reason, granted=True), as_json=as_json)


@clusters.command("withdraw-non-production")
@click.argument("license_id")
@click.argument("fsid", type=FSID)
@reason_option
@output.json_option
def withdraw_non_production(license_id: str, fsid: str, reason: str, as_json: bool) -> None:
    """Let a cluster count against the production seats again, whatever it wishes."""
    house = open_current_house()
    _tell(house.clusters.grant_non_production(OPERATOR, license_id, fsid, reason, granted=False), as_json=as_json)


@clusters.command()
@click.argument("license_id")
@click.argument("fsid", type=FSID)
@reason_option
@output.json_option
def reset(license_id: str, fsid: str, reason: str, as_json: bool) -> None:
    """Forget a cluster's instance key: its next check-in may pin a new one."""
    _tell(open_current_house().clusters.reset(OPERATOR, license_id, fsid, reason), as_json=as_json)


@clusters.command()
@click.argument("license_id")
@click.argument("fsid", type=FSID)
@reason_option
def release(license_id: str, fsid: str, reason: str) -> None:
    """Free a cluster's seats at once."""
    open_current_house().clusters.release(OPERATOR, license_id, fsid, reason)
    click.echo(f"The seats of {fsid} are free.")


def _tell(seen: Iterable[Seen], *, as_json: bool) -> None:
    output.show_list("clusters", COLUMNS, map(_row, seen), as_json=as_json)


def _row(cluster: Seen) -> dict[str, object]:
    return {
        "fsid": cluster.fsid,
        "kube_system_uid": cluster.kube_system_uid,
        "name": cluster.name,
        "dcc_version": cluster.dcc_version,
        "used": cluster.used,
        "granted": cluster.granted,
        "pool": cluster.pool.value,
        "wishes_non_production": not cluster.production,
        "np_granted": cluster.np_granted,
        "duplicate_since": output.moment(cluster.duplicate_since),
        "over_since": output.moment(cluster.over_since),
        "pinned": cluster.pinned,
        "first_seen_at": output.moment(cluster.first_seen_at),
        "last_seen_at": output.moment(cluster.last_seen_at),
        "expires_at": output.moment(cluster.expires_at),
    }

"""The Ceph cluster that a client speaks for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cluster:
    """Its identity, `fsid` and `kube_system_uid`, and what people call it.

    `production` False is a wish that sales grant; `dcc_version` is that of the Data Control Center.
    """

    fsid: str
    kube_system_uid: str
    name: str = ""
    dcc_version: str = ""
    production: bool = True

    def member(self) -> dict[str, object]:
        """The `cluster` of a check-in."""
        return {
            "fsid": self.fsid,
            "kube_system_uid": self.kube_system_uid,
            "name": self.name or "unnamed",
            "dcc_version": self.dcc_version or "unknown",
            "production": self.production,
        }


class ClusterAway(Exception):
    """The cluster can't say now who it is or which nodes it has: what it said last stays."""

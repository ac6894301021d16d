"""What clients send: check-ins of clusters that exist, and documents asked for again with their ETag."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from uuid import UUID

from bench.load.servers import Server, request

CLUSTERS = 40
NODES = 40


def checkins(token: str, nodes: int, first: int) -> list[bytes]:
    """A check-in of each of CLUSTERS clusters with so many nodes; `first` tells one subject's clusters from others'."""
    names = [f"storage-node-{number:05}.rook-ceph.example" for number in range(nodes)]
    return [checkin(token, first + place, names) for place in range(CLUSTERS)]


def changed(token: str, first: int) -> list[bytes]:
    """Check-ins that each name another set of nodes than the same cluster's before: one node is replaced to and fro."""
    names = [f"storage-node-{number:05}.rook-ceph.example" for number in range(NODES)]
    others = [*names[:-1], "storage-node-replaced"]
    return [checkin(token, first + place, each) for each in (names, others) for place in range(CLUSTERS)]


def checkin(token: str, cluster: int, nodes: list[str], path: str = "/v1/checkins") -> bytes:
    named = {"fsid": str(UUID(int=cluster)), "kube_system_uid": "u-1", "name": "bench", "dcc_version": "0.6.0"}
    body = json.dumps({"cluster": named, "nodes": nodes, "nonce": "n-1"}).encode()
    return request("POST", path, body, Authorization=f"Bearer {token}", Content_Type="application/json")


def again(server: Server, path: str) -> list[bytes]:
    """The path, asked for by somebody who has it."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return [request("GET", path, If_None_Match=answer.getheader("ETag", ""))]

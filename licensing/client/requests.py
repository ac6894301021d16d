"""The activation request: what a site without a connection carries to the server (docs/api.md, "Activation")."""

from __future__ import annotations

import json
from collections.abc import Sequence

from licensing.client.clusters import Cluster


def write_request(
    cluster: Cluster | None, nodes: Sequence[str], daily: Sequence[tuple[str, int]], license_id: str | None
) -> bytes:
    """The request file: UTF-8 JSON. Its check code is `licensing.core.activations.check_code` of the document."""
    document: dict[str, object] = {
        "v": 1,
        "fsid": cluster.fsid if cluster is not None else "",
        "kube_system_uid": cluster.kube_system_uid if cluster is not None else "",
        "nodes": list(nodes),
        "daily": [{"day": day, "nodes": count} for day, count in daily],
    }
    if license_id is not None:
        document["lid"] = license_id
    return json.dumps(document, ensure_ascii=False, indent=1).encode()

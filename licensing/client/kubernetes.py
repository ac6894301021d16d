"""What a client needs of a Kubernetes cluster that runs Rook: who it is, and the names of its storage nodes.

The API's paths and fields: https://kubernetes.io/docs/reference/kubernetes-api/ and, for a pod's way to it,
https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/.
"""

from __future__ import annotations

import json
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from licensing.client.clusters import Cluster, ClusterAway
from licensing.client.exchange import NoRedirect

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
STORAGE_PODS = "app.kubernetes.io/component=cephclusters.ceph.rook.io"
PODS_A_PAGE = 200
TIMEOUT_SECONDS = 30
MAX_ANSWER_BYTES = 64 * 1_024 * 1_024
GONE = 410
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class ApiRefused(ClusterAway):
    """The API gave no answer; `status` is HTTP's, None where there was no connection."""

    def __init__(self, why: str, status: int | None = None) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True)
class Kubernetes:
    """The API at `url` (https), as the service account whose folder has `token` and `ca.crt`.

    Both files are read anew for each request: Kubernetes renews them while a pod runs.
    """

    url: str
    account: Path = ACCOUNT

    @classmethod
    def around(cls, host: str, port: str, account: Path = ACCOUNT) -> Kubernetes:
        """The API of the cluster around this pod: KUBERNETES_SERVICE_HOST (IPv6 too) and KUBERNETES_SERVICE_PORT."""
        return cls(f"https://{f'[{host}]' if ':' in host else host}:{port}", account)

    def get(self, path: str, query: Mapping[str, str | int] | None = None) -> dict[str, Any]:
        """One object or list; raises ApiRefused."""
        return self._send(urllib.request.Request(self._address(path, query)))  # noqa: S310  (https: see _send)

    def merge(self, path: str, members: Mapping[str, Any]) -> None:
        """Writes the members over those of an object (RFC 7396); raises ApiRefused."""
        body, headers = json.dumps(members).encode(), {"Content-Type": "application/merge-patch+json"}
        self._send(urllib.request.Request(self._address(path), body, headers, method="PATCH"))  # noqa: S310

    def _address(self, path: str, query: Mapping[str, str | int] | None = None) -> str:
        return f"{self.url}{path}" + (f"?{urlencode(query)}" if query else "")

    def _send(self, request: urllib.request.Request) -> dict[str, Any]:
        """The answer's members. The token goes to this one server, over TLS, past any proxy."""
        if urlsplit(request.full_url).scheme != "https":
            raise ApiRefused("the API's address is no https URL")
        try:
            request.add_header("Authorization", f"Bearer {(self.account / 'token').read_text('ascii').strip()}")
            context = ssl.create_default_context(cafile=self.account / "ca.crt")
            handlers = (urllib.request.HTTPSHandler(context=context), urllib.request.ProxyHandler({}), NoRedirect())
            opener = urllib.request.build_opener(*handlers)
            with opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                body = response.read(MAX_ANSWER_BYTES + 1)
        except urllib.error.HTTPError as error:
            with error:
                raise ApiRefused(f"the API answers {error.code} {error.reason}", error.code) from error
        except (OSError, HTTPException, ValueError) as error:
            raise ApiRefused(f"the API can't be asked: {error}") from error
        return _members(body)


def _members(body: bytes) -> dict[str, Any]:
    if len(body) > MAX_ANSWER_BYTES:
        raise ApiRefused("the API's answer is too long")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if type(document) is not dict:
        raise ApiRefused("the API's answer is no JSON object")
    return document


@dataclass(frozen=True, slots=True)
class RookCluster:
    """The one Ceph cluster in the namespace where Rook runs."""

    api: Kubernetes
    namespace: str
    production: bool = True
    dcc_version: str = ""

    def storage_nodes(self) -> list[str]:
        """The nodes that run pods of the Ceph cluster, each once, sorted; finished and waiting pods are left out.

        Raises ClusterAway without names: half a list would be a wrong count.
        """
        try:
            names = set(self._node_names())
        except ApiRefused as error:
            if error.status != GONE:
                raise
            names = set(self._node_names())  # the next page's token was too old: from the first page again, once
        return sorted(names)

    def cluster(self) -> Cluster:
        """Who it is: fsid and kube-system's UID, both certain. Raises ClusterAway rather than guess."""
        name, fsid = self._ceph()
        uid = _at(self.api.get("/api/v1/namespaces/kube-system"), "metadata", "uid")
        if type(uid) is not str or not uid:
            raise ClusterAway("the namespace kube-system has no UID")
        return Cluster(fsid, uid, name, self.dcc_version, self.production)

    def _node_names(self) -> Iterator[str]:
        query: dict[str, str | int] = {"labelSelector": STORAGE_PODS, "limit": PODS_A_PAGE}
        while True:
            page = self.api.get(f"/api/v1/namespaces/{self.namespace}/pods", query)
            for pod in _items(page):
                node, phase = _at(pod, "spec", "nodeName"), _at(pod, "status", "phase")
                if type(node) is str and node and phase not in ("Succeeded", "Failed"):
                    yield node
            following = _at(page, "metadata", "continue")
            if not following:
                return
            query["continue"] = following

    def _ceph(self) -> tuple[str, str]:
        """Name and fsid of the one Ceph cluster; of several with one fsid, the first by name."""
        items = _items(self.api.get(f"/apis/ceph.rook.io/v1/namespaces/{self.namespace}/cephclusters"))
        if not items:
            raise ClusterAway(f"there is no Ceph cluster in namespace {self.namespace}")
        fsids = {str(_at(each, "metadata", "name")): str(_at(each, "status", "ceph", "fsid") or "") for each in items}
        known = {name: fsid.lower() for name, fsid in sorted(fsids.items()) if fsid}
        if not known:
            raise ClusterAway(f"the Ceph cluster in namespace {self.namespace} has no fsid yet")
        if len(set(known.values())) > 1:
            raise ClusterAway(f"the Ceph clusters {' and '.join(known)} have different fsids: a client speaks for one")
        name, fsid = next(iter(known.items()))
        if not _UUID.fullmatch(fsid):
            raise ClusterAway(f"the fsid of the Ceph cluster {name} is no UUID")
        return name, fsid


def _items(page: Mapping[str, Any]) -> list[Any]:
    items = page.get("items")
    if type(items) is not list:
        raise ApiRefused("the API's answer is no list")
    return items


def _at(document: Any, *path: str) -> Any:
    """The member at the path; None where there is none."""
    for name in path:
        document = document.get(name) if type(document) is dict else None
    return document

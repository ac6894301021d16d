"""A small Kubernetes API over TLS, with a CA of its own: pods by pages, Ceph clusters, kube-system, a Secret."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from licensing.client.kubernetes import Kubernetes
from tests.support.worlds import FSID, UID

PODS = "/api/v1/namespaces/rook-ceph/pods"
CEPH = "/apis/ceph.rook.io/v1/namespaces/rook-ceph/cephclusters"
KUBE_SYSTEM = "/api/v1/namespaces/kube-system"
SECRET = "/api/v1/namespaces/dcc/secrets/koor-license-state"
TOKEN = "a-service-account's-token"


def pod(node: str | None, phase: str = "Running") -> dict[str, Any]:
    """A pod of the Ceph cluster on `node`; None while it waits for one."""
    return {"metadata": {"name": "osd"}, "spec": {"nodeName": node} if node else {}, "status": {"phase": phase}}


def ceph(name: str = "rook-ceph", fsid: str | None = FSID) -> dict[str, Any]:
    """A Ceph cluster; without an fsid it is still being made."""
    return {"metadata": {"name": name}, "status": {"ceph": {"fsid": fsid}} if fsid else {}}


@dataclass(slots=True)
class ApiServer:
    """What the API holds, and what it was asked. `tamper` answers a path instead, with a status and a body."""

    folder: Path
    port: int = 0
    pods: list[dict[str, Any]] = field(default_factory=list)
    cephs: list[dict[str, Any]] = field(default_factory=lambda: [ceph()])
    secret: dict[str, Any] | None = field(default_factory=lambda: {"kind": "Secret", "data": {"other": "b3RoZXI="}})
    token: str = TOKEN
    expired: int = 0
    asked: list[str] = field(default_factory=list)
    tamper: dict[str, Callable[[], tuple[int, bytes]]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def api(self) -> Kubernetes:
        """The API as a pod sees it."""
        return Kubernetes.around("127.0.0.1", str(self.port), self.folder)

    def has_pods_on(self, names: list[str]) -> None:
        self.pods = [pod(name) for name in names]

    def answer(self, method: str, target: str, authorization: str, body: bytes) -> tuple[int, bytes]:
        path, query = urlsplit(target).path, parse_qs(urlsplit(target).query)
        self.asked.append(f"{method} {target}")
        if authorization != f"Bearer {self.token}":
            return 401, b'{"kind":"Status","code":401}'
        if path in self.tamper:
            return self.tamper[path]()
        known = {KUBE_SYSTEM: {"metadata": {"uid": UID}}, CEPH: {"items": self.cephs}, SECRET: self.secret}
        if path == PODS:
            return self._page(query)
        if known.get(path) is None:
            return 404, b'{"kind":"Status","code":404}'
        if method == "PATCH":
            assert self.secret is not None
            self.secret["data"] = {**self.secret.get("data", {}), **json.loads(body)["data"]}
        return 200, json.dumps(known[path]).encode()

    def _page(self, query: dict[str, list[str]]) -> tuple[int, bytes]:
        assert query["labelSelector"] == ["app.kubernetes.io/component=cephclusters.ceph.rook.io"]
        start, limit = int(query.get("continue", ["0"])[0]), int(query["limit"][0])
        if start and self.expired:
            self.expired -= 1
            return 410, b'{"kind":"Status","code":410,"reason":"Expired"}'
        following = str(start + limit) if start + limit < len(self.pods) else ""
        page = {"metadata": {"continue": following}, "items": self.pods[start : start + limit]}
        return 200, json.dumps(page).encode()


@contextmanager
def api_server(folder: Path) -> Iterator[ApiServer]:
    """An API that listens; `folder` becomes a service account's, with token and ca.crt."""
    folder.mkdir()
    told = ApiServer(folder)
    (folder / "token").write_text(f"{TOKEN}\n")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, answer = told.answer(self.command, self.path, self.headers.get("Authorization", ""), body)
            self.send_response(status)
            for name, value in {**told.headers, "Content-Length": str(len(answer))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        do_PATCH = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.socket = _context(folder).wrap_socket(server.socket, server_side=True)
        told.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield told
        server.shutdown()


def _context(folder: Path) -> ssl.SSLContext:
    write_authority(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context


def write_authority(folder: Path) -> None:
    """Writes a new authority's `ca.crt`, and `server.pem`: a certificate of it for 127.0.0.1, and its key."""
    authority, served = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = _certificate("test CA", authority, authority, None)
    leaf = _certificate("127.0.0.1", served, authority, root)
    (folder / "ca.crt").write_bytes(root.public_bytes(Encoding.PEM))
    key = served.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "server.pem").write_bytes(leaf.public_bytes(Encoding.PEM) + key)


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey, issuer: x509.Certificate | None
) -> x509.Certificate:
    subject, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), datetime.now(UTC)
    usage = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False)
    usage |= {"encipher_only": False, "decipher_only": False, "digital_signature": issuer is not None}
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(x509.KeyUsage(key_cert_sign=issuer is None, crl_sign=issuer is None, **usage), critical=True)
    )
    if issuer is not None:
        address = x509.IPAddress(ip_address(name))
        builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    return builder.sign(signer, hashes.SHA256())

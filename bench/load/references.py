"""What the server is compared with, under the same Granian, workers and threads: `python -m bench.load.references X`.

`hello` answers a constant. `bare` does the least that a check-in can't do without: it reads the body, verifies the
license's signature, makes one query on a plain driver connection, and signs an answer.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import sys
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from threading import Event

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from flask import Flask, Response, request

from licensing.cli.server import run
from licensing.settings import read_settings

ONE = "SELECT jti, seats FROM license WHERE id = "


def hello() -> Flask:
    """Answers with a constant, whatever is asked."""
    app = Flask("hello")

    @app.route("/", methods=["GET", "POST"])
    def greet() -> Response:
        return Response(b'{"hello": "world"}', content_type="application/json")

    return app


def bare() -> Flask:
    """Verifies, queries and signs; the key and the database are named by the environment."""
    app, public = Flask("bare"), Ed25519PublicKey.from_public_bytes(bytes.fromhex(os.environ["BENCH_PUBLIC_KEY"]))
    key, local, url = Ed25519PrivateKey.generate(), threading.local(), read_settings().database_url

    @app.post("/")
    def check() -> Response:
        body = request.get_data()
        document = json.loads(body)
        token = request.headers["Authorization"].partition(" ")[2]
        signed, _, signature = token.rpartition(".")
        public.verify(urlsafe_b64decode(signature + "=="), signed.encode())
        license = json.loads(urlsafe_b64decode(signed.partition(".")[2] + "==="))["koor"]["lid"]
        hashlib.sha256("\n".join(sorted(document["nodes"])).encode()).hexdigest()
        row = _ask(local, url, license)
        answer = json.dumps({"jti": row[0], "seats": row[1], "nonce": document["nonce"]}).encode()
        return Response(
            json.dumps({"lease": urlsafe_b64encode(answer + key.sign(answer)).decode()}),
            content_type="application/json",
        )

    return app


def _ask(local: threading.local, url: str, license_id: str) -> tuple[str, int]:
    if not hasattr(local, "connection"):
        local.connection = _connect(url)
    mark = "?" if url.startswith("sqlite") else "%s"
    row: tuple[str, int] = local.connection.execute(ONE + mark, (license_id,)).fetchone()
    return row


def _connect(url: str) -> sqlite3.Connection | psycopg.Connection[tuple[str, int]]:
    if url.startswith("sqlite"):
        return sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    return psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True)


def _wait(stop: Event) -> None:
    stop.wait()


if __name__ == "__main__":
    run(read_settings(), f"bench.load.references:{sys.argv[1]}", _wait)

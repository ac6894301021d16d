"""Where a client keeps its state: a file of its own, or a key of a Kubernetes Secret."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from licensing.client.kubernetes import ApiRefused, Kubernetes
from licensing.client.state import MAX_STATE_BYTES, StoreAway

STATE_KEY = "state.json"
"""The one key of the Secret that is the client's; the Go client uses the same."""


@dataclass(frozen=True, slots=True)
class FileStore:
    """A state in a file that only its owner can read. A write replaces it whole: a crash leaves the old or the new."""

    path: Path

    def load(self) -> bytes | None:
        """The file's content; None where there is no such file. Raises StoreAway."""
        try:
            with self.path.open("rb") as opened:
                return opened.read(MAX_STATE_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreAway(f"{self.path} can't be read: {error.strerror}") from error

    def save(self, document: bytes, /) -> None:
        """Replaces the content. Raises StoreAway."""
        try:
            self._replace(document)
        except OSError as error:
            raise StoreAway(f"{self.path} can't be written: {error.strerror}") from error

    def _replace(self, document: bytes) -> None:
        with NamedTemporaryFile(dir=self.path.parent, prefix=f".{self.path.name}-", delete=False) as fresh:  # 0600
            try:
                fresh.write(document)
                fresh.flush()
                os.fsync(fresh.fileno())
                os.replace(fresh.name, self.path)
            except BaseException:
                Path(fresh.name).unlink(missing_ok=True)
                raise
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@dataclass(frozen=True, slots=True)
class SecretStore:
    """A state in one Secret, which must exist: who began anew would lose the key that the cluster is known by.

    A write touches the state's key alone. One program at a time should use a Secret: the last to write wins.
    """

    api: Kubernetes
    namespace: str
    name: str

    def load(self) -> bytes | None:
        """The state; None where the Secret holds none yet. Raises StoreAway, for a missing Secret too."""
        try:
            data = self.api.get(self._path).get("data") or {}
            return b64decode(data[STATE_KEY], validate=True) if data.get(STATE_KEY) else None
        except (ApiRefused, ValueError, TypeError, AttributeError) as error:
            raise StoreAway(f"the Secret {self.namespace}/{self.name} can't be read: {error}") from error

    def save(self, document: bytes, /) -> None:
        """Writes the state over what is there. Raises StoreAway."""
        try:
            self.api.merge(self._path, {"data": {STATE_KEY: b64encode(document).decode("ascii")}})
        except ApiRefused as error:
            raise StoreAway(f"the Secret {self.namespace}/{self.name} can't be written: {error}") from error

    @property
    def _path(self) -> str:
        return f"/api/v1/namespaces/{self.namespace}/secrets/{self.name}"

"""Where the private keys are: files, a signer on a Unix socket, or a hardware module (`LICENSING_SIGNER`).

Apart from `bootstrap`, because the signer's process carries no web and no database.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from licensing.core.errors import KeyUnusable, SetupRefused
from licensing.core.roots import TRUSTED_ROOTS
from licensing.services.signer_wire import RemoteSigner, SignerLine
from licensing.services.signing import KeyStore, PrivateHalves
from licensing.settings import Settings

if TYPE_CHECKING:
    from licensing.storage.key_module import KeyModule

UNIX, PKCS11 = "unix:", "pkcs11:"


def open_keys(settings: Settings) -> KeyStore:
    """The folder of keys, and what signs with them; nothing is read yet but passphrase and PIN."""
    production = settings.in_production
    return KeyStore(
        settings.keys_dir,
        TRUSTED_ROOTS,
        open_passphrase(settings),
        allow_test=not production,
        protected=production,
        elsewhere=_elsewhere(settings.signer),
    )


def open_passphrase(settings: Settings) -> bytes | None:
    """The passphrase of the private key files, where one is set."""
    if settings.keys_passphrase_file is None:
        return None
    try:
        return settings.keys_passphrase_file.read_bytes().strip()
    except OSError as error:
        raise KeyUnusable(f"The passphrase file {settings.keys_passphrase_file} can't be read.") from error


def _elsewhere(signer: str | None) -> PrivateHalves | None:
    if signer is None:
        return None
    if signer.startswith(UNIX):
        line = SignerLine(Path(signer.removeprefix(UNIX)))
        return PrivateHalves(lambda key: RemoteSigner(line, key), None, lambda: _away(line))
    module = _open_module(signer.removeprefix(PKCS11))
    return PrivateHalves(module.signer, module.generate, lambda: None)


def _away(line: SignerLine) -> None:
    """Raises Busy when the signer does not answer."""
    line.ask("", b"")


def _open_module(address: str) -> KeyModule:
    """The module of `<library>?token=<label>&pin-file=<path>`."""
    library, _, query = address.partition("?")
    words = {name: values[0] for name, values in parse_qs(query).items()}
    if not library or set(words) != {"token", "pin-file"}:
        raise SetupRefused("LICENSING_SIGNER names a module as pkcs11:<library>?token=<label>&pin-file=<path>.")
    try:
        pin = Path(words["pin-file"]).read_text("utf-8").strip()
        module = import_module("licensing.storage.key_module")
    except OSError as error:
        raise KeyUnusable(f"The PIN file {words['pin-file']} can't be read: {error.strerror}.") from error
    except ModuleNotFoundError as error:
        raise SetupRefused("Hardware modules need the extra: pip install 'koor-licensing[pkcs11]'") from error
    opened: KeyModule = module.KeyModule(Path(library), words["token"], pin)
    return opened

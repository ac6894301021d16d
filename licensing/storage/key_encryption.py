"""Private keys as encrypted PKCS#8 (RFC 5958 §3) with many rounds: PBES2 (RFC 8018 §6.2), PBKDF2 with HMAC-SHA-512, and
AES-256 in CBC mode.

`cryptography` writes 2,048 rounds and lets nobody choose; it reads any number, and so does openssl. So the few bytes of
DER around the ciphertext are written here. What is written is what
`openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA512 -iter 600000` writes.
"""

from __future__ import annotations

import base64
import os
import textwrap

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

ROUNDS = 600_000
_LABEL = "ENCRYPTED PRIVATE KEY"
_INTEGER, _OCTETS, _NULL, _OID, _SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
_PBES2 = bytes.fromhex("2a864886f70d01050d")
_PBKDF2 = bytes.fromhex("2a864886f70d01050c")
_HMAC_SHA512 = bytes.fromhex("2a864886f70d020b")
_AES_256_CBC = bytes.fromhex("60864801650304012a")
_BLOCK_BITS = 128


def plain_pem(key: Ed25519PrivateKey) -> bytes:
    """The key as PKCS#8 that anybody can read."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def encrypted_pem(key: Ed25519PrivateKey, passphrase: bytes) -> bytes:
    """The key as PKCS#8 under `passphrase`, with 600,000 rounds."""
    salt, start = os.urandom(16), os.urandom(16)  # as the library would: nothing that a use case decides
    padder = PKCS7(_BLOCK_BITS).padder()
    plain = padder.update(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())) + padder.finalize()
    derived = PBKDF2HMAC(SHA512(), 32, salt, ROUNDS).derive(passphrase)
    encryptor = Cipher(algorithms.AES256(derived), modes.CBC(start)).encryptor()
    derivation = _sequence(
        _tagged(_OID, _PBKDF2),
        _sequence(
            _tagged(_OCTETS, salt),
            _tagged(_INTEGER, ROUNDS.to_bytes(3, "big")),
            _sequence(_tagged(_OID, _HMAC_SHA512), _tagged(_NULL, b"")),
        ),
    )
    cipher = _sequence(_tagged(_OID, _AES_256_CBC), _tagged(_OCTETS, start))
    algorithm = _sequence(_tagged(_OID, _PBES2), _sequence(derivation, cipher))
    der = _sequence(algorithm, _tagged(_OCTETS, encryptor.update(plain) + encryptor.finalize()))
    lines = textwrap.wrap(base64.b64encode(der).decode(), 64)
    return "\n".join([f"-----BEGIN {_LABEL}-----", *lines, f"-----END {_LABEL}-----", ""]).encode()


def rounds_of(pem: bytes) -> int | None:
    """How many rounds of PBKDF2 a guess at the passphrase costs: None for a plain key, 0 for another protection."""
    text = pem.decode("ascii", "replace")
    if _LABEL not in text:
        return None
    body = "".join(line for line in text.splitlines() if not line.startswith("-----"))
    try:
        der = base64.b64decode(body, validate=True)
        at = der.index(_PBKDF2) + len(_PBKDF2) + 2  # past the head of the parameters, which are short
        salt_bytes = der[at + 1]
        at += 2 + salt_bytes
        if der[at] != _INTEGER:
            return 0
        return int.from_bytes(der[at + 2 : at + 2 + der[at + 1]], "big")
    except (ValueError, IndexError):
        return 0


def _sequence(*parts: bytes) -> bytes:
    return _tagged(_SEQUENCE, b"".join(parts))


def _tagged(tag: int, content: bytes) -> bytes:
    """One DER value (X.690 §8.1); nothing here is longer than 65,535 bytes."""
    size = len(content)
    if size < 0x80:
        head = bytes([size])
    elif size < 0x100:
        head = bytes([0x81, size])
    else:
        head = b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + head + content

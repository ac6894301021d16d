"""E-mail addresses: when two are the same person, and whose organisation one speaks for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Protocol


class DomainKnowledge(Protocol):
    """What the world knows of mail domains. Domains are lower case, in ASCII (IDNA 2008)."""

    def registrable(self, domain: str) -> str:
        """The domain that was registered: `mail.acme.co.uk` → `acme.co.uk` (public suffix list)."""

    def is_shared(self, domain: str) -> bool:
        """Whether strangers share the domain: a free-mail or hosting service, or a public suffix itself."""

    def is_disposable(self, domain: str) -> bool:
        """Whether the domain hands out throw-away addresses."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address as typed (normalised, domain in ASCII) and as folded: equal for one mailbox."""

    typed: str
    folded: str

    @property
    def domain(self) -> str:
        return self.folded.rpartition("@")[2]


DOMAIN = "domain:"
"""How the trial key of an organisation's own domain begins."""
_DOTLESS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
"""Services that ignore dots in the local part, and the one domain they all mean."""


def fold(normalised: str) -> Address:
    """The address with case, `+tag` and what else does not tell mailboxes apart removed."""
    typed = normalised.lower()
    local, _, domain = typed.rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _DOTLESS:
        local, domain = local.replace(".", ""), _DOTLESS[domain]
    return Address(normalised, f"{local}@{domain}")


def trial_key(address: Address, knowledge: DomainKnowledge) -> str:
    """What may have one trial: the registrable domain, or on a shared domain the folded address.

    An address is named by its hash alone: the key outlives the erasure of the person, and so does the rule.
    """
    if speaks_for_itself(address, knowledge):
        return f"address:{hashlib.sha256(address.folded.encode()).hexdigest()}"
    return f"{DOMAIN}{knowledge.registrable(address.domain)}"


def speaks_for_itself(address: Address, knowledge: DomainKnowledge) -> bool:
    """Whether the address stands for a person rather than for the organisation of its domain."""
    return knowledge.is_shared(address.domain) or knowledge.is_shared(knowledge.registrable(address.domain))

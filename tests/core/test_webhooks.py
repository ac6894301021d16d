"""Where a webhook may point to, and what it is told of."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from licensing.core.errors import InvalidFields
from licensing.core.ledger import Kind
from licensing.core.webhooks import TYPES, Target, is_allowed, read_url

HOSTILE = (
    "",
    " ",
    "crm.example.com",
    "//crm.example.com/",
    "http://crm.example.com/",
    "ftp://crm.example.com/",
    "file:///etc/passwd",
    "gopher://crm.example.com/",
    "data:text/plain,x",
    "javascript:alert(1)",
    "HTTPS://crm.example.com/",
    "https:crm.example.com",
    "https:/crm.example.com",
    "https:///crm.example.com",
    "https://",
    "https://?x",
    "https://crm.example.com:22/",
    "https://crm.example.com:80/",
    "https://crm.example.com:0/",
    "https://crm.example.com:65536/",
    "https://crm.example.com:-1/",
    "https://crm.example.com:4 43/",
    "https://crm.example.com:x/",
    "https://user@crm.example.com/",
    "https://user:secret@crm.example.com/",
    "https://crm.example.com@169.254.169.254/",
    "https://crm.example.com\\@169.254.169.254/",
    "https://crm.example.com/#fragment",
    "https://crm.example.com/\r\nHost: other",
    "https://crm.example.com/\x00",
    "https://crm.example.com/\u00e4",
    "https://cr\u043c.example.com/",
    "https://crm.example.com./",
    "https://localhost/",
    "https://localhost./",
    "https://metadata/",
    "https://127.1/",
    "https://127.0.1/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0177.0.0.1/",
    "https://2130706433/",
    "https://017700000001/",
    "https://127.0.0.1.1/",
    "https://256.256.256.256/",
    "https://[::1/",
    "https://[::1]x/",
    "https://[fe80::1%25eth0]/",
    "https://[fe80::1%eth0]/",
    "https://[v1.x]/",
    "https://[127.0.0.1]/",
    "https://::1/",
    "https://-crm.example.com/",
    "https://crm..example.com/",
    "https://crm_.example.com/",
    "https://%31%32%37.0.0.1/",
    f"https://{'a' * 64}.example.com/",
    f"https://{'a.' * 130}example.com/",
    f"https://crm.example.com/{'a' * 500}",
)
FORBIDDEN = (
    *("0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1"),
    *("192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"),
    *("224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:8.8.8.8"),
    *("64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::"),
    *("fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1"),
)


@pytest.mark.parametrize("url", HOSTILE)
def test_what_points_elsewhere_or_could_be_read_so_is_refused(url: str) -> None:
    with pytest.raises(InvalidFields) as refused:
        read_url(url)

    assert list(refused.value.errors) == ["url"]


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://crm.example.com", Target("crm.example.com", 443, "/", True)),
        ("https://CRM.example.com/hook?a=b&c", Target("crm.example.com", 443, "/hook?a=b&c", True)),
        ("https://crm.example.com:8443/", Target("crm.example.com", 8443, "/", True)),
        ("https://xn--bcher-kva.example/", Target("xn--bcher-kva.example", 443, "/", True)),
        ("https://93.184.216.34/", Target("93.184.216.34", 443, "/", True)),
        ("https://[2606:4700::1111]:1024/x", Target("2606:4700::1111", 1024, "/x", True)),
    ],
)
def test_an_address_says_where_it_points(url: str, target: Target) -> None:
    assert read_url(url) == target


def test_development_may_do_without_tls() -> None:
    assert read_url("http://127.0.0.1:8081/", plain=True) == Target("127.0.0.1", 8081, "/", False)


@pytest.mark.parametrize("address", FORBIDDEN)
def test_a_message_never_leaves_for_an_address_that_is_not_on_the_internet(address: str) -> None:
    assert not is_allowed(address, ())


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450::1"])
def test_the_internet_is_allowed(address: str) -> None:
    assert is_allowed(address, ())


def test_a_network_of_ones_own_is_allowed_and_its_neighbour_is_not() -> None:
    own = (ip_network("10.1.0.0/16"), ip_network("fd00:1::/32"))

    assert [is_allowed(each, own) for each in ("10.1.255.255", "fd00:1::5")] == [True, True]
    assert [is_allowed(each, own) for each in ("10.2.0.0", "fd00:2::5", "::ffff:10.1.0.1")] == [False] * 3


def test_every_deed_is_told_but_those_of_the_house() -> None:
    assert set(Kind) - set(TYPES) == {Kind.KEY_ACTIVATED, Kind.KEY_RETIRED, Kind.ROLLED_BACK}
    assert TYPES[Kind.CONVERTED] == "license.converted"

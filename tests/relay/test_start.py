"""What a relay refuses to start with: one clear line, and nothing is made that was not there."""

from __future__ import annotations

import pytest

from licensing.core.callers import OPERATOR
from licensing.core.sales import Term
from licensing.storage import keyfiles
from tests.relay.sites import Site
from tests.support.worlds import World, sell


def refusal(site: Site, *words: str) -> str:
    """Why the relay does not start."""
    tried = site.run(*(words or site.serve))
    assert tried.returncode == 1, tried.stderr
    assert "Traceback" not in tried.stderr
    return tried.stderr.strip().splitlines()[-1]


def test_without_a_file(site: Site) -> None:
    assert "can't be read" in refusal(site)


@pytest.mark.parametrize("text", ["", "{}", "x" * 3_000_000, '{"v":1,"keys":"a","license":"b","revoked":"c"}'])
def test_with_a_file_that_is_none(site: Site, text: str) -> None:
    site.new_key()
    site.source.write_text(text)

    assert "can't be used" in refusal(site)
    assert not (site.folder / "licensing.sqlite3").exists()


def test_with_a_trial(site: Site, vendor: World) -> None:
    site.new_key()
    site.carry(str(vendor.trial()["license_id"]))

    assert "this one is a trial" in refusal(site)


def test_with_a_license_that_names_no_relay(site: Site, vendor: World) -> None:
    site.new_key()
    site.carry(sell(vendor).license_id)

    assert "names no relay" in refusal(site)


def test_with_a_license_that_names_another_relay(site: Site, license_id: str) -> None:
    for path in (site.folder / "keys").glob("*.key.pem"):
        path.unlink()

    assert "whose key is not in" in refusal(site)
    assert license_id


def test_with_a_vendor_that_is_not_trusted(site: Site, license_id: str) -> None:
    assert license_id
    assert "UNKNOWN_ROOT" in refusal(site, "relay", "--license", str(site.source))


def test_with_another_license_than_before(site: Site, license_id: str, vendor: World) -> None:
    with site.running() as relay:
        assert relay.call("GET", "/healthz").status == 200
    buyer = vendor.house.organizations.create(OPERATOR, "Another", "DE", None, None)
    assert buyer.id
    other = str(sell_to(vendor, buyer.id))
    from_key = next((site.folder / "keys").glob("*relay-*.jwk"))
    vendor.house.relays.name(OPERATOR, other, keyfiles.read_relay_file(from_key), "x")
    site.carry(other)

    assert f"The relay shares the license {license_id}" in refusal(site)


def sell_to(vendor: World, organization_id: str) -> str:
    done = vendor.house.sales.sell(OPERATOR, organization_id, Term(5, 12), None)
    assert done.standing is not None
    return done.standing.license_id


def test_in_the_folder_of_a_license_server(site: Site, vendor: World, license_id: str) -> None:
    assert license_id
    tried = site.run(*site.serve, data_dir=str(vendor.house.settings.data_dir))

    assert tried.returncode == 1
    assert "licens" in tried.stderr


def test_in_production_with_a_development_key(site: Site, license_id: str) -> None:
    assert license_id
    tried = site.run(*site.serve, mode="production", clock_file=None)

    assert tried.returncode == 1
    assert "TEST-" in tried.stderr

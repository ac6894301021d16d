"""Usage, from the site to the vendor: what was used is told day by day, and only by the relay itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from licensing.core.callers import OPERATOR
from tests.relay.sites import SECOND_FSID, Site
from tests.support.worlds import FSID, nodes, token_of


@pytest.fixture
def used(site: Site, license_id: str) -> Path:
    """Three days: 9 nodes; 30 with a second cluster; then 12, after the first cluster was released."""
    shown = token_of(site.vendor, license_id)
    with site.running() as relay:
        relay.check_in(shown, nodes(9), FSID)
        site.vendor.clock.advance(days=1)
        site.clock()
        relay.check_in(shown, nodes(9), FSID)
        relay.check_in(shown, [f"second-{number}" for number in range(21)], SECOND_FSID)
        site.vendor.clock.advance(days=1)
        site.clock()
        assert relay.call("DELETE", f"/v1/clusters/{FSID}", token=shown).status == 204
        relay.check_in(shown, [f"second-{number}" for number in range(12)], SECOND_FSID)
    site.vendor.clock.advance(days=1)
    told = site.run(
        "relay", "usage", "--from", "2026-01-15", "--to", "2026-01-18", "--out", str(site.folder / "usage.json")
    )
    assert told.returncode == 0, told.stderr
    return site.folder / "usage.json"


def check(site: Site, usage: Path, *words: str) -> Any:
    """What `relay check` says at the vendor."""
    license = ("--license", str(site.source), "--root", str(site.root))
    checked = site.run("relay", "check", str(usage), *license, "--json", *words)
    return json.loads(checked.stdout) if checked.returncode == 0 else checked.stderr


def test_the_vendor_sees_peaks_and_the_days_above(site: Site, used: Path, license_id: str) -> None:
    told = check(site, used)

    assert (told["license_id"], told["seats"], told["peak"], told["days"], told["days_above"]) == (
        license_id,
        25,
        30,
        3,
        2,
    )
    rows = {row["fsid"]: (row["peak"], row["granted"], row["days"]) for row in told["clusters"]}
    assert rows[SECOND_FSID] == (21, 16, 2)
    document = json.loads(used.read_text())["usage"]
    assert [day["peak"] for day in document["days"]] == [9, 30, 30]
    assert "second-1" not in used.read_text()


CHANGED = (("usage", "days", 1, "peak"), ("usage", "days", 0, "seats"), ("usage", "iat"))
STRANGE = ("", "[]", "{}", '{"v":1,"usage":{},"kid":"x","signature":"y"}', "x" * 5_000_000)


def test_what_the_relay_did_not_write_is_noticed(site: Site, used: Path) -> None:
    genuine = used.read_text()
    for path in CHANGED:
        document = json.loads(genuine)
        place = document
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] -= 1
        used.write_text(json.dumps(document))
        assert "BAD_SIGNATURE" in check(site, used)
    for text in STRANGE:
        used.write_text(text)
        told = check(site, used)
        assert "licensing: " in told
        assert "Traceback" not in told


def test_another_relays_usage_is_refused_and_days_that_can_t_be_told(site: Site, used: Path, license_id: str) -> None:
    before = used.read_bytes()
    for start, end in (("2026-01-15", "2026-01-15"), ("2026-01-15", "2026-01-20"), ("2024-01-15", "2026-01-15")):
        told = site.run("relay", "usage", "--from", start, "--to", end, "--out", str(used))
        assert (told.returncode, used.read_bytes()) == (1, before)

    site.vendor.house.relays.name(OPERATOR, license_id, site.new_key(), "the old key was lost")
    site.carry(license_id)

    assert "not signed by the relay that the license names" in check(site, used)

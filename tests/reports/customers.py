"""Forty-three organisations, and what each must count as: worked out by hand from docs/reports.md.

`steps` are the days of her journey, and `bought` the tier and salesperson of the first purchase. `moves` are her
movements until 1 July 2026: day, what, tier, seats, amount. Sales last a year, so what is not renewed ends a year and
30 days later. Noon is meant where no time stands.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.reports.rows import Organization as Org


@dataclass(frozen=True)
class Expected:
    """One customer: her organisations, and what they must count as. `steps` None is no journey at all."""

    why: str
    organizations: tuple[Org, ...]
    steps: dict[str, str] | None
    bought: tuple[str, str] = ("none", "none")
    moves: tuple[str, ...] = ()
    source: str = "page"
    signals: tuple[str, ...] = ()


def trial(name: str, registered: str, confirmed: str, country: str = "DE", source: str = "page") -> Org:
    return Org(name, country).registers(registered, source).trial(confirmed)


COMPANY = ("COMPANY_DOMAIN",)
CUSTOMERS = (
    Expected(
        "the plain way, renewed from the old end",
        (
            trial("a01", "2025-01-05", "2025-01-06")
            .uses("2025-01-07", 2, "new")
            .buys("converted", "2025-03-01", 5, 600_000)
            .buys("renewed", "2026-02-20", 5, 600_000, starts="2026-03-01"),
        ),
        {"registered": "2025-01-05", "confirmed": "2025-01-06", "activated": "2025-01-07", "converted": "2025-03-01"},
        ("entry", "ann"),
        ("2025-03-01 conversion entry 5 600000 EUR", "2026-02-20 renewal entry 5 600000 EUR"),
    ),
    Expected(
        "confirmed, and never seen",
        (trial("a05", "2025-01-15", "2025-01-15"),),
        {"registered": "2025-01-15", "confirmed": "2025-01-15"},
        signals=COMPANY,
    ),
    Expected(
        "used all four",
        (trial("a06", "2025-01-16", "2025-01-16").uses("2025-01-17", 2, "new").uses("2025-02-10", 4),),
        {"registered": "2025-01-16", "confirmed": "2025-01-16", "activated": "2025-01-17", "full": "2025-02-10"},
        signals=("FULL", "GROWING", *COMPANY),
    ),
    Expected(
        "tried a fifth: full and over at once",
        (trial("a07", "2025-01-18", "2025-01-19").uses("2025-02-01", 3, "new").uses("2025-02-03", 5),),
        {
            "registered": "2025-01-18",
            "confirmed": "2025-01-19",
            "activated": "2025-02-01",
            "full": "2025-02-03",
            "over": "2025-02-03",
        },
        signals=("FIFTH_NODE", "FULL", "GROWING", *COMPANY),
    ),
    Expected(
        "quoted without a check-in: quoted, not activated; the quote's maker is her salesperson",
        (trial("a08", "2025-01-20", "2025-01-21").quote("2025-02-15", "bob"),),
        {"registered": "2025-01-20", "confirmed": "2025-01-21", "quoted": "2025-02-15"},
        ("none", "bob"),
        signals=(*COMPANY, "ASKED_FOR_QUOTE"),
    ),
    Expected(
        "bought twice: converted once; the second license grows her beyond ten; both end",
        (
            trial("a09", "2025-01-21", "2025-01-22")
            .buys("converted", "2025-04-01", 8, 700_000, by="bob")
            .buys("sold", "2025-05-01", 20, 2_400_000, license="second"),
        ),
        {"registered": "2025-01-21", "confirmed": "2025-01-22", "converted": "2025-04-01"},
        ("entry", "bob"),
        (
            "2025-04-01 conversion entry 8 700000 EUR",
            "2025-05-01 expansion medium_enterprise 20 2400000 EUR",
            "2025-05-01 enterprise medium_enterprise 28",
            "2026-05-01 contraction medium_enterprise 8",
            "2026-05-31 churn medium_enterprise 20",
        ),
    ),
    Expected(
        "a trial after the purchase: registered and confirmed, and direct",
        (
            Org("a10")
            .buys("sold", "2025-02-01", 12, 1_440_000, license="paid")
            .registers("2025-03-01")
            .trial("2025-03-02"),
        ),
        {"registered": "2025-03-01", "confirmed": "2025-03-02", "direct": "2025-02-01"},
        ("medium_enterprise", "ann"),
        (
            "2025-02-01 direct medium_enterprise 12 1440000 EUR",
            "2025-02-01 enterprise medium_enterprise 12",
            "2026-03-03 churn medium_enterprise 12",
        ),
    ),
    Expected(
        "all on one day: the seconds decide",
        (
            trial("a11", "2025-03-10 08:00:00", "2025-03-10 08:05:00").buys(
                "converted", "2025-03-10 09:00:00", 3, 360_000
            ),
        ),
        {
            "registered": "2025-03-10 08:00:00",
            "confirmed": "2025-03-10 08:05:00",
            "converted": "2025-03-10 09:00:00",
        },
        ("entry", "ann"),
        ("2025-03-10 09:00:00 conversion entry 3 360000 EUR", "2026-04-09 09:00:00 churn entry 3"),
    ),
    Expected(
        "all in one second, the trial first: converted; eleven seats are of enterprise scale",
        (
            trial("a12", "2025-03-11 09:00:00", "2025-03-11 10:00:00", "US").buys(
                "sold", "2025-03-11 10:00:00", 11, 1_320_000, "USD", license="paid"
            ),
        ),
        {
            "registered": "2025-03-11 09:00:00",
            "confirmed": "2025-03-11 10:00:00",
            "converted": "2025-03-11 10:00:00",
        },
        ("medium_enterprise", "ann"),
        (
            "2025-03-11 10:00:00 conversion medium_enterprise 11 1320000 USD",
            "2025-03-11 10:00:00 enterprise medium_enterprise 11",
            "2026-04-10 10:00:00 churn medium_enterprise 11",
        ),
    ),
    Expected(
        "all in one second, the purchase first: direct",
        (
            Org("a13")
            .registers("2025-03-12 09:00:00")
            .buys("sold", "2025-03-12 10:00:00", 2, 240_000, by="bob", license="paid")
            .trial("2025-03-12 10:00:00"),
        ),
        {"registered": "2025-03-12 09:00:00", "confirmed": "2025-03-12 10:00:00", "direct": "2025-03-12 10:00:00"},
        ("entry", "bob"),
        ("2025-03-12 10:00:00 direct entry 2 240000 EUR", "2026-04-11 10:00:00 churn entry 2"),
    ),
    Expected(
        "two trials that were one customer: the first registration and the first trial count",
        (
            trial("a14", "2025-01-25", "2025-01-26"),
            Org("a15", merged_into="a14")
            .registers("2025-01-22", "invitation")
            .trial("2025-01-23")
            .buys("converted", "2025-06-01", 10, 1_200_000),
        ),
        {"registered": "2025-01-22", "confirmed": "2025-01-23", "converted": "2025-06-01"},
        ("entry", "ann"),
        ("2025-06-01 conversion entry 10 1200000 EUR",),
        source="invitation",
    ),
    Expected(
        "the purchase was the duplicate's: with the trial of the other it is a conversion",
        (
            trial("a16", "2025-02-05", "2025-02-06"),
            Org("a17", merged_into="a16").buys("sold", "2025-02-10", 15, 1_800_000, by="bob"),
        ),
        {"registered": "2025-02-05", "confirmed": "2025-02-06", "converted": "2025-02-10"},
        ("medium_enterprise", "bob"),
        (
            "2025-02-10 conversion medium_enterprise 15 1800000 EUR",
            "2025-02-10 enterprise medium_enterprise 15",
            "2026-03-12 churn medium_enterprise 15",
        ),
    ),
    Expected(
        "who was erased stays counted",
        (
            trial("a18", "2025-02-12", "2025-02-12")
            .buys("converted", "2025-07-01", 6, 720_000)
            .refers("erased", "2025-08-01", 0, license=None, edition=None),
        ),
        {"registered": "2025-02-12", "confirmed": "2025-02-12", "converted": "2025-07-01"},
        ("entry", "ann"),
        ("2025-07-01 conversion entry 6 720000 EUR",),
    ),
    Expected(
        "paid back in part: the money goes, the seats stay",
        (
            trial("a19", "2025-02-15", "2025-02-15")
            .buys("converted", "2025-05-10", 4, 480_000, by="bob")
            .refers("refunded", "2025-05-20", 1, amount_minor=100_000, currency="EUR", salesperson_id="bob"),
        ),
        {"registered": "2025-02-15", "confirmed": "2025-02-15", "converted": "2025-05-10"},
        ("entry", "bob"),
        (
            "2025-05-10 conversion entry 4 480000 EUR",
            "2025-05-20 refund entry 0 -100000 EUR",
            "2026-06-09 churn entry 4",
        ),
    ),
    Expected(
        "a voided sale never happened",
        (
            trial("a20", "2025-02-16", "2025-02-17")
            .buys("sold", "2025-04-10", 9, 900_000, license="paid")
            .refers("voided", "2025-04-12", 1, license="paid"),
        ),
        {"registered": "2025-02-16", "confirmed": "2025-02-17"},
        signals=COMPANY,
    ),
    Expected(
        "voided, and sold again: the second is the first",
        (
            trial("a21", "2025-02-18", "2025-02-18")
            .buys("converted", "2025-04-15", 30, 3_600_000, by="bob")
            .refers("voided", "2025-04-16", 1)
            .buys("converted", "2025-04-20", 25, 3_000_000),
        ),
        {"registered": "2025-02-18", "confirmed": "2025-02-18", "converted": "2025-04-20"},
        ("medium_enterprise", "ann"),
        (
            "2025-04-20 conversion medium_enterprise 25 3000000 EUR",
            "2025-04-20 enterprise medium_enterprise 25",
            "2026-05-20 churn medium_enterprise 25",
        ),
    ),
    Expected(
        "moved up a tier within the term: her first purchase stays entry",
        (
            trial("a22", "2025-02-19", "2025-02-19")
            .buys("converted", "2025-03-15", 9, 1_080_000)
            .buys("expanded", "2025-06-15", 40, 2_790_000, keeps_end=True),
        ),
        {"registered": "2025-02-19", "confirmed": "2025-02-19", "converted": "2025-03-15"},
        ("entry", "ann"),
        (
            "2025-03-15 conversion entry 9 1080000 EUR",
            "2025-06-15 expansion medium_enterprise 31 2790000 EUR",
            "2025-06-15 enterprise medium_enterprise 40",
            "2026-04-14 churn medium_enterprise 40",
        ),
    ),
    Expected(
        "imported, the second term from the first one's end: a renewal, and four seats more",
        (
            Org("a23")
            .buys("imported", "2024-01-10", 20, 2_000_000, license=None)
            .buys("imported", "2025-01-05", 24, 2_500_000, license=None, starts="2025-01-10"),
        ),
        {"direct": "2024-01-10"},
        ("medium_enterprise", "ann"),
        (
            "2024-01-10 direct medium_enterprise 20 2000000 EUR",
            "2024-01-10 enterprise medium_enterprise 20",
            "2025-01-05 renewal medium_enterprise 20 2500000 EUR",
            "2025-01-05 expansion medium_enterprise 4",
            "2026-02-09 churn medium_enterprise 24",
        ),
        source="sales",
    ),
    Expected(
        "imported, two terms at once: they add up, and each ends by itself",
        (
            Org("a24")
            .buys("imported", "2024-06-01", 10, 900_000, license=None, by="bob")
            .buys("imported", "2024-09-01", 5, None, license=None, by="bob"),
        ),
        {"direct": "2024-06-01"},
        ("entry", "bob"),
        (
            "2024-06-01 direct entry 10 900000 EUR",
            "2024-09-01 expansion medium_enterprise 5",
            "2024-09-01 enterprise medium_enterprise 15",
            "2025-07-01 contraction medium_enterprise 10",
            "2025-10-01 churn entry 5",
        ),
        source="sales",
    ),
    Expected(
        "imported, with more than 30 days between: she left, and came back",
        (
            Org("a25")
            .buys("imported", "2024-01-01", 3, 180_000, license=None, months=6)
            .buys("imported", "2024-09-01", 8, 800_000, license=None),
        ),
        {"direct": "2024-01-01"},
        ("entry", "ann"),
        (
            "2024-01-01 direct entry 3 180000 EUR",
            "2024-07-31 churn entry 3",
            "2024-09-01 return entry 8 800000 EUR",
            "2025-10-01 churn entry 8",
        ),
        source="sales",
    ),
    Expected(
        "a license came to her: seats, and no conversion until she pays for it herself",
        (
            trial("a26", "2025-08-01", "2025-08-02")
            .deed("transferred", "2025-09-05", license="a27 license", seats=50, ends_at=None)
            .buys("renewed", "2026-05-01", 50, 6_000_000, starts="2026-05-05", license="a27 license"),
        ),
        {"registered": "2025-08-01", "confirmed": "2025-08-02", "converted": "2026-05-01"},
        ("medium_enterprise", "ann"),
        (
            "2025-09-05 expansion medium_enterprise 50",
            "2026-05-01 conversion medium_enterprise 0 6000000 EUR",
        ),
    ),
    Expected(
        "and left her who had bought it",
        (Org("a27").buys("sold", "2025-05-05", 50, 6_000_000, by="bob"),),
        {"direct": "2025-05-05"},
        ("medium_enterprise", "bob"),
        (
            "2025-05-05 direct medium_enterprise 50 6000000 EUR",
            "2025-05-05 enterprise medium_enterprise 50",
            "2025-09-05 churn medium_enterprise 50",
        ),
        source="sales",
    ),
    Expected(
        "a quarter, nothing, and back",
        (
            trial("a28", "2024-12-01", "2024-12-01")
            .buys("converted", "2025-01-15", 5, 150_000, months=3)
            .buys("renewed", "2025-08-01", 7, 840_000),
        ),
        {"registered": "2024-12-01", "confirmed": "2024-12-01", "converted": "2025-01-15"},
        ("entry", "ann"),
        (
            "2025-01-15 conversion entry 5 150000 EUR",
            "2025-05-15 churn entry 5",
            "2025-08-01 return entry 7 840000 EUR",
        ),
    ),
    Expected(
        "renewed on the 29th day of the grace, with two more: she never left",
        (
            trial("a29", "2024-12-05", "2024-12-05")
            .buys("converted", "2025-01-20", 10, 300_000, months=3)
            .buys("renewed", "2025-05-19", 12, 1_440_000),
        ),
        {"registered": "2024-12-05", "confirmed": "2024-12-05", "converted": "2025-01-20"},
        ("entry", "ann"),
        (
            "2025-01-20 conversion entry 10 300000 EUR",
            "2025-05-19 renewal medium_enterprise 10 1440000 EUR",
            "2025-05-19 expansion medium_enterprise 2",
            "2025-05-19 enterprise medium_enterprise 12",
            "2026-06-18 churn medium_enterprise 12",
        ),
    ),
    Expected(
        "never tried, bought large",
        (Org("a30", "US").buys("sold", "2025-06-20", 120, 10_000_000, "USD"),),
        {"direct": "2025-06-20"},
        ("large_enterprise", "ann"),
        ("2025-06-20 direct large_enterprise 120 10000000 USD", "2025-06-20 enterprise large_enterprise 120"),
        source="sales",
    ),
    Expected(
        "a quote after the purchase is no step towards it",
        (
            trial("a31", "2025-04-01", "2025-04-01")
            .buys("converted", "2025-04-20", 2, 240_000)
            .quote("2025-05-01", "bob"),
        ),
        {"registered": "2025-04-01", "confirmed": "2025-04-01", "converted": "2025-04-20"},
        ("entry", "ann"),
        ("2025-04-20 conversion entry 2 240000 EUR", "2026-05-20 churn entry 2"),
    ),
    Expected(
        "a quote in the second of the purchase is",
        (
            trial("a32", "2025-04-02", "2025-04-02")
            .quote("2025-04-25", "bob")
            .buys("converted", "2025-04-25", 3, 360_000, by="bob"),
        ),
        {
            "registered": "2025-04-02",
            "confirmed": "2025-04-02",
            "quoted": "2025-04-25",
            "converted": "2025-04-25",
        },
        ("entry", "bob"),
        ("2025-04-25 conversion entry 3 360000 EUR", "2026-05-25 churn entry 3"),
    ),
    Expected(
        "nodes after the purchase fill no trial",
        (
            trial("a33", "2025-04-03", "2025-04-03")
            .uses("2025-04-04", 3, "new")
            .buys("converted", "2025-05-02", 10, 1_200_000)
            .uses("2025-05-10", 9),
        ),
        {"registered": "2025-04-03", "confirmed": "2025-04-03", "activated": "2025-04-04", "converted": "2025-05-02"},
        ("entry", "ann"),
        ("2025-05-02 conversion entry 10 1200000 EUR", "2026-06-01 churn entry 10"),
    ),
    Expected(
        "came with five, and bought large",
        (
            trial("a34", "2025-04-05", "2025-04-05", source="device_code")
            .uses("2025-04-06", 5, "new")
            .buys("converted", "2025-05-03", 101, 9_000_000, by="bob"),
        ),
        {
            "registered": "2025-04-05",
            "confirmed": "2025-04-05",
            "activated": "2025-04-06",
            "full": "2025-04-06",
            "over": "2025-04-06",
            "converted": "2025-05-03",
        },
        ("large_enterprise", "bob"),
        (
            "2025-05-03 conversion large_enterprise 101 9000000 EUR",
            "2025-05-03 enterprise large_enterprise 101",
            "2026-06-02 churn large_enterprise 101",
        ),
        source="device_code",
    ),
    Expected(
        "only quoted: a journey that is in no funnel",
        (Org("a35").quote("2025-05-05", "ann"),),
        {"quoted": "2025-05-05"},
        ("none", "ann"),
        source="sales",
        signals=("ASKED_FOR_QUOTE",),
    ),
    Expected(
        "a trial that sales gave: it is her registration",
        (Org("a36", "SE").trial("2025-05-06", key="domain:a36.example"),),
        {"registered": "2025-05-06", "confirmed": "2025-05-06"},
        source="sales",
        signals=COMPANY,
    ),
    Expected(
        "two currencies are not added",
        (
            trial("a37", "2025-05-06", "2025-05-06", "US")
            .buys("converted", "2025-05-07", 5, 600_000)
            .buys("expanded", "2025-08-07", 8, 100_000, "USD", keeps_end=True),
        ),
        {"registered": "2025-05-06", "confirmed": "2025-05-06", "converted": "2025-05-07"},
        ("entry", "ann"),
        (
            "2025-05-07 conversion entry 5 600000 EUR",
            "2025-08-07 expansion entry 3 100000 USD",
            "2026-06-06 churn entry 8",
        ),
    ),
    Expected(
        "given away: no amount is nothing",
        (trial("a38", "2025-05-07", "2025-05-07").buys("converted", "2025-05-08", 1, None),),
        {"registered": "2025-05-07", "confirmed": "2025-05-07", "converted": "2025-05-08"},
        ("entry", "ann"),
        ("2025-05-08 conversion entry 1", "2026-06-07 churn entry 1"),
    ),
    Expected(
        "registered on a leap day, converted exactly 30 days later: not within 30",
        (trial("a39", "2024-02-29", "2024-02-29").buys("converted", "2024-03-30", 4, 480_000, by="bob"),),
        {"registered": "2024-02-29", "confirmed": "2024-02-29", "converted": "2024-03-30"},
        ("entry", "bob"),
        ("2024-03-30 conversion entry 4 480000 EUR", "2025-04-29 churn entry 4"),
    ),
    Expected(
        "the last second of a year, and exactly 365 days later: not within 365",
        (
            trial("a40", "2024-12-31 23:59:59", "2025-01-01 00:00:00").buys(
                "converted", "2025-12-31 23:59:59", 6, 720_000
            ),
        ),
        {
            "registered": "2024-12-31 23:59:59",
            "confirmed": "2025-01-01 00:00:00",
            "converted": "2025-12-31 23:59:59",
        },
        ("entry", "ann"),
        ("2025-12-31 23:59:59 conversion entry 6 720000 EUR",),
    ),
    Expected(
        "beyond ten, below, and beyond again: twice an enterprise deal",
        (
            trial("a41", "2025-01-10", "2025-01-10")
            .buys("converted", "2025-01-30", 11, 1_320_000)
            .deed("reduced", "2025-03-30", seats=8)
            .buys("expanded", "2025-06-30", 14, 500_000, keeps_end=True),
        ),
        {"registered": "2025-01-10", "confirmed": "2025-01-10", "converted": "2025-01-30"},
        ("medium_enterprise", "ann"),
        (
            "2025-01-30 conversion medium_enterprise 11 1320000 EUR",
            "2025-01-30 enterprise medium_enterprise 11",
            "2025-03-30 contraction medium_enterprise 3",
            "2025-06-30 expansion medium_enterprise 6 500000 EUR",
            "2025-06-30 enterprise medium_enterprise 14",
            "2026-03-01 churn medium_enterprise 14",
        ),
    ),
    Expected(
        "revoked: gone at once, without a grace",
        (
            trial("a42", "2025-06-01", "2025-06-01")
            .buys("converted", "2025-06-10", 20, 2_400_000, by="bob")
            .deed("revoked", "2025-09-10"),
        ),
        {"registered": "2025-06-01", "confirmed": "2025-06-01", "converted": "2025-06-10"},
        ("medium_enterprise", "bob"),
        (
            "2025-06-10 conversion medium_enterprise 20 2400000 EUR",
            "2025-06-10 enterprise medium_enterprise 20",
            "2025-09-10 churn medium_enterprise 20",
        ),
    ),
    Expected(
        "suspended and reinstated: nothing changes",
        (
            trial("a43", "2025-06-02", "2025-06-02")
            .buys("converted", "2025-06-11", 10, 1_200_000)
            .deed("suspended", "2025-07-01")
            .deed("reinstated", "2025-07-05"),
        ),
        {"registered": "2025-06-02", "confirmed": "2025-06-02", "converted": "2025-06-11"},
        ("entry", "ann"),
        ("2025-06-11 conversion entry 10 1200000 EUR",),
    ),
    Expected(
        "renewed with fewer",
        (
            trial("a44", "2025-06-03", "2025-06-03")
            .buys("converted", "2025-06-12", 40, 4_800_000)
            .buys("renewed", "2026-06-01", 30, 3_600_000, starts="2026-06-12"),
        ),
        {"registered": "2025-06-03", "confirmed": "2025-06-03", "converted": "2025-06-12"},
        ("medium_enterprise", "ann"),
        (
            "2025-06-12 conversion medium_enterprise 40 4800000 EUR",
            "2025-06-12 enterprise medium_enterprise 40",
            "2026-06-01 renewal medium_enterprise 30 3600000 EUR",
            "2026-06-01 contraction medium_enterprise 10",
        ),
    ),
    Expected(
        "issued anew: no purchase; two clusters",
        (
            trial("a45", "2025-06-15", "2025-06-15")
            .uses("2025-06-16", 2, "new")
            .uses("2025-06-17", 2, "new", "two")
            .deed("reissued", "2025-06-20", edition="trial", seats=4),
        ),
        {"registered": "2025-06-15", "confirmed": "2025-06-15", "activated": "2025-06-16"},
        signals=("SEVERAL_CLUSTERS", *COMPANY),
    ),
    Expected(
        "handed over between two that are one: nothing",
        (
            Org("a46").deed("transferred", "2025-07-25", license="a47 license", seats=5, ends_at=None),
            Org("a47", merged_into="a46").buys("sold", "2025-06-25", 5, 600_000, by="bob"),
        ),
        {"direct": "2025-06-25"},
        ("entry", "bob"),
        ("2025-06-25 direct entry 5 600000 EUR",),
        source="sales",
    ),
)

UNCONFIRMED = (
    ("domain:a02.example", "DE", "page", "2025-01-10", Org("a02").registers("2025-01-10")),
    # Twice under one trial key: one customer, registered the first time.
    (
        "domain:a03.example",
        "DE",
        "page",
        "2025-01-11",
        Org("a03").registers("2025-01-11").registers("2025-01-20", "device_code"),
    ),
    # A private mailbox.
    (
        "address:" + "0" * 64,
        "FR",
        "device_code",
        "2025-01-12",
        Org("a04", "FR").registers("2025-01-12", "device_code", key="address:" + "0" * 64),
    ),
)
"""Registrations without an organisation: key, country, source, day, and the rows."""

# The end of a transferred license is that of the one who bought it: a year from 5 May, and from 25 June 2025.
for each in (each for customer in CUSTOMERS for each in customer.organizations):
    for row in each.rows:
        if getattr(row, "kind", None) == "transferred":
            row.ends_at = next(
                other.end
                for customer in CUSTOMERS
                for other in customer.organizations
                if other.name in ("a27", "a47") and other.rows[0].license_id == row.license_id
            )

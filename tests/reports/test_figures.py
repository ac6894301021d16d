"""The figures of the reports about tests.reports.customers: each was added up by hand from what stands there.

Who is behind a figure is named beside it, so that anybody can count again.
"""

from __future__ import annotations

from licensing.core.callers import OPERATOR
from licensing.core.funnels import By
from licensing.core.milestones import Aim, Status
from licensing.core.periods import Every, Period
from tests.reports.rows import at
from tests.support.worlds import World

ALL = Period(at("2024-01-01 00:00:00"), at("2026-07-01 00:00:00"))

FUNNELS = {
    # 37 registered: all but a23, a24, a25, a27, a30, a35 and a46, who never did. Not confirmed: a02, a03, a04.
    # Activated a01, a06, a07, a33, a34, a45; full a06, a07, a34; over a07, a34; quoted a08, a32. Direct: a10, a13.
    By.ALL: {"": (37, 34, 6, 3, 2, 2, 25, 2)},
    By.TIER: {
        # a01, a09, a11, a14, a18, a19, a22, a28, a29, a31, a32, a33, a37, a38, a39, a40, a43; direct a13.
        "entry": (18, 18, 2, 0, 0, 1, 17, 1),
        # a12, a16, a21, a26, a41, a42, a44; direct a10.
        "medium_enterprise": (8, 8, 0, 0, 0, 0, 7, 1),
        # a34.
        "large_enterprise": (1, 1, 1, 1, 1, 0, 1, 0),
        # a02 to a08, a20, a36, a45.
        "none": (10, 7, 3, 2, 1, 1, 0, 0),
    },
    By.COUNTRY: {
        "DE": (33, 31, 6, 3, 2, 2, 23, 2),
        "US": (2, 2, 0, 0, 0, 0, 2, 0),  # a12, a37
        "FR": (1, 0, 0, 0, 0, 0, 0, 0),  # a04
        "SE": (1, 1, 0, 0, 0, 0, 0, 0),  # a36
    },
    By.SALESPERSON: {
        # a09, a16, a19, a32, a34, a39, a42; a08 by his quote; direct a13.
        "bob": (9, 9, 1, 1, 1, 2, 7, 1),
        # a01, a11, a12, a14, a18, a21, a22, a26, a28, a29, a31, a33, a37, a38, a40, a41, a43, a44; direct a10.
        "ann": (19, 19, 2, 0, 0, 0, 18, 1),
        # a02 to a07, a20, a36, a45.
        "none": (9, 6, 3, 2, 1, 0, 0, 0),
    },
    By.SOURCE: {
        "page": (33, 31, 5, 2, 1, 2, 23, 2),
        "device_code": (2, 1, 1, 1, 1, 0, 1, 0),  # a04, a34
        "invitation": (1, 1, 0, 0, 0, 0, 1, 0),  # a14, by the registration of a15
        "sales": (1, 1, 0, 0, 0, 0, 0, 0),  # a36
    },
}

MOVEMENTS = [
    ("2024", "entry", "conversion", 1, 4, 480_000, "EUR"),  # a39
    ("2024", "entry", "direct", 2, 13, 1_080_000, "EUR"),  # a24 10, a25 3
    ("2024", "entry", "return", 1, 8, 800_000, "EUR"),  # a25
    ("2024", "entry", "churn", 1, 3, 0, ""),  # a25
    ("2024", "medium_enterprise", "direct", 1, 20, 2_000_000, "EUR"),  # a23
    ("2024", "medium_enterprise", "expansion", 1, 5, 0, ""),  # a24
    ("2024", "medium_enterprise", "enterprise", 2, 35, 0, ""),  # a23 20, a24 15
    ("2025", "entry", "conversion", 1, 1, 0, ""),  # a38
    # a01 5, a09 8, a11 3, a14 10, a18 6, a19 4, a22 9, a28 5, a29 10, a31 2, a32 3, a33 10, a37 5, a40 6, a43 10
    ("2025", "entry", "conversion", 15, 96, 9_910_000, "EUR"),
    ("2025", "entry", "direct", 2, 7, 840_000, "EUR"),  # a13 2, a46 5
    ("2025", "entry", "return", 1, 7, 840_000, "EUR"),  # a28
    ("2025", "entry", "expansion", 1, 3, 100_000, "USD"),  # a37
    ("2025", "entry", "churn", 4, 22, 0, ""),  # a24 5, a25 8, a28 5, a39 4
    ("2025", "entry", "refund", 1, 0, -100_000, "EUR"),  # a19
    # a16 15, a21 25, a41 11, a42 20, a44 40
    ("2025", "medium_enterprise", "conversion", 5, 111, 13_320_000, "EUR"),
    ("2025", "medium_enterprise", "conversion", 1, 11, 1_320_000, "USD"),  # a12
    ("2025", "medium_enterprise", "direct", 2, 62, 7_440_000, "EUR"),  # a10 12, a27 50
    ("2025", "medium_enterprise", "renewal", 2, 30, 3_940_000, "EUR"),  # a23 20, a29 10
    ("2025", "medium_enterprise", "expansion", 3, 56, 0, ""),  # a23 4, a26 50, a29 2
    ("2025", "medium_enterprise", "expansion", 3, 57, 5_690_000, "EUR"),  # a09 20, a22 31, a41 6
    ("2025", "medium_enterprise", "contraction", 2, 13, 0, ""),  # a24 10, a41 3
    ("2025", "medium_enterprise", "churn", 2, 70, 0, ""),  # a27 50, a42 20
    # a09 28, a10 12, a12 11, a16 15, a21 25, a22 40, a27 50, a29 12, a41 11 and 14, a42 20, a44 40
    ("2025", "medium_enterprise", "enterprise", 12, 278, 0, ""),
    ("2025", "large_enterprise", "conversion", 1, 101, 9_000_000, "EUR"),  # a34
    ("2025", "large_enterprise", "direct", 1, 120, 10_000_000, "USD"),  # a30
    ("2025", "large_enterprise", "enterprise", 2, 221, 0, ""),  # a30 120, a34 101
    ("2026", "entry", "renewal", 1, 5, 600_000, "EUR"),  # a01
    ("2026", "entry", "churn", 8, 33, 0, ""),  # a11 3, a13 2, a19 4, a31 2, a32 3, a33 10, a37 8, a38 1
    ("2026", "medium_enterprise", "conversion", 1, 0, 6_000_000, "EUR"),  # a26
    ("2026", "medium_enterprise", "renewal", 1, 30, 3_600_000, "EUR"),  # a44
    ("2026", "medium_enterprise", "contraction", 2, 18, 0, ""),  # a09 8, a44 10
    # a09 20, a10 12, a12 11, a16 15, a21 25, a22 40, a23 24, a29 12, a41 14
    ("2026", "medium_enterprise", "churn", 9, 173, 0, ""),
    ("2026", "large_enterprise", "churn", 1, 101, 0, ""),  # a34
]

QUARTERS = {
    "2024-Q2": (27, 27, 27),  # a23 20, a25 3, a39 4
    "2024-Q3": (37, 37, 47),  # those and a24 10; then a25 left with 3 and came back with 8, and a24 has 15
    "2024-Q4": (47, 47, 47),
    "2025-Q1": (47, 47, 51),  # a23 has four more
    "2025-Q2": (131, 122, 161),  # gone: a28 5, a39 4; more: a09 20, a22 31, a29 2, a41 6 on fewer that are kept
    "2025-Q3": (595, 515, 518),  # gone: a24 10, a27 50, a42 20; more: a37 3
    "2025-Q4": (581, 568, 568),  # gone: a24 5, a25 8
    "2026-Q1": (574, 509, 509),  # gone: a10 12, a16 15, a23 24, a41 14
    # gone: a09 28, a11 3, a12 11, a13 2, a19 4, a21 25, a22 40, a29 12, a31 2, a32 3, a33 10, a34 101, a37 8, a38 1;
    # a44 has ten fewer
    "2026-Q2": (509, 249, 249),
}

COHORTS = {
    # month: registered, converted, direct, within 30, 60, 90, 180, 365 days, median
    "2024-02": (1, 1, 0, 0, 1, 1, 1, 1, 30),  # a39 after exactly 30 days
    "2024-12": (3, 3, 0, 0, 2, 2, 2, 2, 46),  # a28 45, a29 46, a40 exactly 365
    "2025-01": (11, 4, 0, 1, 2, 3, 4, 4, None),  # a41 20, a01 55, a09 70, a14 130
    "2025-02": (6, 5, 0, 2, 2, 4, 5, 5, 61),  # a16 5, a22 24, a21 61, a19 84, a18 139
    "2025-03": (4, 2, 2, 2, 2, 2, 2, 2, 0),  # a11 and a12 on the day
    "2025-04": (4, 4, 0, 4, 4, 4, 4, 4, 23),  # a31 19, a32 23, a34 28, a33 29
    "2025-05": (3, 2, 0, 2, 2, 2, 2, 2, 1),  # a37, a38 after a day
    "2025-06": (4, 3, 0, 3, 3, 3, 3, 3, 9),  # a42, a43, a44 after nine
    "2025-08": (1, 1, 0, 0, 0, 0, 0, None, 273),  # a26; the month is not 365 days old
}


def test_the_funnels(counted: World) -> None:
    for by, expected in FUNNELS.items():
        lines = counted.house.reports.funnel(OPERATOR, ALL, by).lines
        assert {line[0]: line[2:10] for line in lines} == expected, by


def test_rates_by_tier_add_up_to_the_rate_of_all(counted: World) -> None:
    (whole,) = counted.house.reports.funnel(OPERATOR, ALL, By.ALL).lines
    tiers = counted.house.reports.funnel(OPERATOR, ALL, By.TIER).lines

    assert whole[-1] == round(25 / 37, 4)
    assert [line[-1] for line in tiers] == [round(count / 37, 4) for count in (17, 0, 7, 1)]


def test_the_movements_of_each_year(counted: World) -> None:
    lines = counted.house.reports.conversions(OPERATOR, ALL, Every.YEAR).lines

    assert [tuple(line) for line in lines] == MOVEMENTS


def test_the_retention_of_each_quarter(counted: World) -> None:
    lines = counted.house.reports.retention(OPERATOR, ALL, Every.QUARTER).lines

    assert {line[0]: line[1:4] for line in lines} == QUARTERS


def test_the_retention_of_twelve_months_is_told_when_they_are_over(counted: World) -> None:
    lines = {line[0]: line[1:4] for line in counted.house.reports.retention(OPERATOR, ALL, Every.YEAR).lines}

    # A year on, of the 47: a23's 20 of 24 are kept; gone are a24's 15, a25's 8, a39's 4.
    assert lines["2025-01"] == (47, 20, 24)
    assert lines["2025-08"] == (591, None, None)


def test_the_cohorts_and_the_time_to_convert(counted: World) -> None:
    report = counted.house.reports.cohorts(OPERATOR, ALL)

    assert {line[0]: (*line[1:9], line[-1]) for line in report.lines} == COHORTS
    # 35 could convert, and ten are open for longer than anybody took: half is the 18th conversion, after 55 days (a01).
    assert report.facts["median_days"] == 55


def test_the_leads(counted: World) -> None:
    lines = counted.house.reports.leads(OPERATOR, 100).lines

    assert [(line[1], line[3]) for line in lines] == [
        ("a07", 85),  # a fifth node 40, all four 20, growing 15, a company 10
        ("a06", 45),  # all four 20, growing 15, a company 10
        ("a08", 40),  # a quote 30, a company 10
        ("a45", 25),  # two clusters 15, a company 10
        ("a36", 10),  # of equal scores, who was active last
        ("a20", 10),
        ("a05", 10),
    ]


def test_the_first_two_milestones(counted: World) -> None:
    january, march = counted.house.milestones.every(OPERATOR)

    # a25 on 1 January 2024, a23 on the 10th with 20 seats; nobody else until the middle of March.
    for standings, targets in ((january, (3, 1)), (march, (10, 2))):
        told = {each.aim: (each.target, each.attained, each.status) for each in standings.targets}
        new, deals = targets
        assert told == {
            Aim.NEW_CUSTOMERS: (new, 2, Status.MISSED),
            Aim.ENTERPRISE_DEALS: (deals, 1, Status.MET if deals == 1 else Status.MISSED),
        }
    behind = counted.house.milestones.show(OPERATOR, january.milestone.id).behind
    assert [each.organization for each in behind[Aim.NEW_CUSTOMERS]] == ["a25", "a23"]


def test_a_rebuild_tells_the_same(counted: World) -> None:
    tables = ("journey", "movement", "funnel_tally", "movement_tally", "conversion_tally", "retention_tally")
    before = counted.rows()

    counted.house.rollups.rebuild()

    after = counted.rows()
    assert [after[table] for table in tables] == [before[table] for table in tables]

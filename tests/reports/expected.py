"""What the customers of `fixture` must count as: worked out by hand from docs/reports.md, never by running the code.

Prices are 100 minor units a seat, so that a sum can be checked at a glance. Each sum names who is behind it.
E, M and L are the tiers: 1 to 10, 11 to 100, and more than 100 live seats. A grace is 30 days; 2024 has a 29 February.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

E, M, L, NONE = "entry", "medium_enterprise", "large_enterprise", "none"


@dataclass(frozen=True, slots=True)
class Way:
    """How far she came, as the moments of the steps; None for a step that was not reached."""

    registered: str | None = None
    confirmed: str | None = None
    activated: str | None = None
    full: str | None = None
    over: str | None = None
    quoted: str | None = None
    converted: str | None = None
    direct: str | None = None
    country: str = "DE"
    source: str = "page"
    salesperson: str = NONE
    tier: str = NONE
    purchase: str | None = None


def way(*values: str | None, **named: str) -> Way:
    """The values are those of the fields in their order."""
    in_order: dict[str, Any] = dict(zip((each.name for each in fields(Way)), values, strict=False))
    return Way(**in_order, **named)


WAYS = {
    # Never confirmed: she is registered, and no more.
    "anna": way("2023-01-10"),
    # Never confirmed, twice under one trial key: one customer, as she came first, on the 11th.
    "bert": way("2023-01-11"),
    # Never confirmed, two private mailboxes: two customers, though they may be colleagues.
    "cleo": way("2023-01-12", country="US", source="device_code"),
    "dora": way("2023-01-12", country="US"),
    # Confirmed, and nothing else.
    "emil": way("2023-01-13", "2023-01-13"),
    # Three nodes: activated, not full.
    "fred": way("2023-01-14", "2023-01-14", "2023-01-15", country="FR", source="invitation"),
    # Four nodes on the 25th: full, not over.
    "gina": way("2023-01-15", "2023-01-15", "2023-01-16", "2023-01-25", country="US", source="device_code"),
    # Five nodes at once: activated, full and over in one second. Quoted by Bob, and never bought.
    "hugo": way("2023-01-16", "2023-01-16", "2023-01-17", "2023-01-17", "2023-01-17", "2023-02-01", salesperson="bob"),
    # Quoted without a check-in: quoted, not activated.
    "iris": way("2023-01-17", "2023-01-17", quoted="2023-02-02", source="import", salesperson="ann"),
    # The trial came before the registration: registered on the day of the trial; the registration says how she came.
    "john": way("2023-01-18", "2023-01-18", country="FR"),
    # A trial without registration came from sales.
    "kate": way("2023-01-19", "2023-01-19", country="US", source="sales"),
    # Her only sale was voided: an open trial, that went over its cap after all that.
    "tina": way(
        *("2023-02-18", "2023-02-18", "2023-04-01", "2023-04-01", "2023-04-01"), country="US", source="device_code"
    ),
    # All steps. That she registered again in June, from elsewhere, changes nothing.
    "lena": way(
        *("2023-02-01 09:00:00", "2023-02-01 09:10:00", "2023-02-02", "2023-02-10", "2023-02-20", "2023-02-25"),
        *("2023-03-10", None, "DE", "page", "ann", E, "lena-converted-20230310"),
    ),
    # Merged with Mara, who had a trial and bought, too: converted once, by the first of both.
    "mark": way(
        *("2023-02-02", "2023-02-02", None, None, None, None),
        *("2023-03-11", None, "DE", "invitation", "ann", E, "mark-converted-20230311"),
    ),
    # Merged with Nils, whose trial came first and whose cluster was full; the country is her own.
    "nora": way(
        *("2023-01-30", "2023-01-30", "2023-02-04", "2023-02-04", None, None),
        *("2023-03-12", None, "US", "device_code", "bob", M, "nora-converted-20230312"),
    ),
    # Trial, quote and sale in one second, the trial first in the ledger: converted, and quoted with it. Bob sold it.
    "paul": way(
        *("2023-02-14 10:00:00", "2023-03-13", None, None, None, "2023-03-13"),
        *("2023-03-13", None, "DE", "page", "bob", E, "paul-sold-20230313"),
    ),
    # Trial in the morning, sale in the evening: converted.
    "rosa": way(
        *("2023-02-16", "2023-03-14 08:00:00", None, None, None, None),
        *("2023-03-14 20:00:00", None, "FR", "invitation", "ann", E, "rosa-sold-20230314"),
    ),
    # The first sale was voided, so the second is the first: what she did until then counts. Bob sold that one.
    "ursa": way(
        *("2023-02-19", "2023-02-19", "2023-03-25", "2023-03-25", None, "2023-03-20"),
        *("2023-04-03", None, "US", "page", "bob", M, "ursa-converted-20230403"),
    ),
    # The tier of a customer is that of her first purchase, though she had 40 seats later.
    "vera": way(
        *("2023-02-20", "2023-02-20", None, None, None, None),
        *("2023-03-16", None, "DE", "page", "ann", E, "vera-converted-20230316"),
    ),
    "abel": way(
        *("2023-02-21", "2023-02-21", None, None, None, None),
        *("2023-03-17", None, "DE", "page", "ann", E, "abel-converted-20230317"),
    ),
    # Abel's license came to her: no purchase. When she renews it, she buys for the first time.
    "bela": way(
        *("2023-04-10", "2023-04-10", None, None, None, None),
        *("2024-03-10", None, "DE", "page", "bob", E, "bela-renewed-20240310"),
    ),
    "elsa": way(
        *("2023-02-22", "2023-02-22", None, None, None, None),
        *("2023-03-21", None, "FR", "invitation", "ann", E, "elsa-converted-20230321"),
    ),
    # Quote and six nodes came after the purchase: activated, but neither quoted nor full nor over.
    "finn": way(
        *("2023-02-23", "2023-02-23", "2023-04-02", None, None, None),
        *("2023-03-22", None, "US", "page", "bob", M, "finn-converted-20230322"),
    ),
    "ines": way(
        *("2023-03-01", "2023-03-01", None, None, None, None),
        *("2023-04-06", None, "DE", "page", "ann", E, "ines-converted-20230406"),
    ),
    # Nobody knows who sold it.
    "jule": way(
        *("2023-03-02", "2023-03-02", None, None, None, None),
        *("2023-04-07", None, "DE", "invitation", NONE, E, "jule-converted-20230407"),
    ),
    "nina": way(
        *("2023-03-03", "2023-03-03", None, None, None, None),
        *("2023-04-10", None, "US", "page", "ann", E, "nina-converted-20230410"),
    ),
    # Erased: dates and numbers stay.
    "otto": way(
        *("2023-03-04", "2023-03-04", None, None, None, None),
        *("2023-04-11", None, "FR", "page", "ann", E, "otto-converted-20230411"),
    ),
    # All on a leap day.
    "kurt": way(
        *("2024-02-29 10:00:00", "2024-02-29 11:00:00", None, None, None, None),
        *("2024-02-29", None, "US", "page", "ann", E, "kurt-converted-20240229"),
    ),
    # Registered in the last second of 2022, converted in the last of 2023.
    "lara": way(
        *("2022-12-31 23:59:59", "2023-01-01 00:00:00", None, None, None, None),
        *("2023-12-31 23:59:59", None, "FR", "page", "bob", E, "lara-converted-20231231"),
    ),
    # Registered in the first second of 2023, converted in the first of 2024.
    "mona": way(
        *("2023-01-01 00:00:00", "2023-01-01 00:00:00", None, None, None, None),
        *("2024-01-01 00:00:00", None, "FR", "page", "bob", E, "mona-converted-20240101"),
    ),
    # Bought two days before she registered: direct. Five nodes after the purchase: activated, neither full nor over.
    "olga": way(
        *("2023-02-12", "2023-02-12", "2023-02-13", None, None, None),
        *(None, "2023-02-10", "FR", "page", "ann", E, "olga-sold-20230210"),
    ),
    # Sale and trial in one second, the sale first in the ledger: direct.
    "quin": way(
        *("2023-02-15", "2023-03-13", None, None, None, None),
        *(None, "2023-03-13", "DE", "page", "bob", E, "quin-sold-20230313"),
    ),
    # Sale in the morning, trial in the evening: direct.
    "sven": way(
        *("2023-02-17", "2023-03-14 20:00:00", None, None, None, None),
        *(None, "2023-03-14 08:00:00", "FR", "page", "ann", E, "sven-sold-20230314"),
    ),
    # Never registered: in no funnel. Dean was merged into Cara.
    "cara": way(direct="2023-03-20", source="sales", salesperson="ann", tier=E, purchase="cara-sold-20230320"),
    "gwen": way(direct="2023-03-22", country="FR", source="sales", tier=E, purchase="gwen-sold-20230322"),
    "hank": way(
        *(None, None, None, None, None, None),
        *(None, "2023-04-05", "US", "sales", "bob", L, "hank-sold-20230405"),
    ),
    "petra": way(
        *(None, None, None, None, None, "2023-04-10"),
        *(None, "2023-04-12", "DE", "sales", "bob", E, "petra-sold-20230412"),
    ),
    "sara": way(quoted="2023-05-01", source="sales", salesperson="ann"),
    # Imported in 2023, and bought when they were sold. Yara's trial came two years after that: direct.
    "wade": way(direct="2021-06-01 00:00:00", country="FR", source="sales", tier=E, purchase="wade-imported-20210601"),
    # Sold long after the term was over.
    "theo": way(direct="2022-08-01 00:00:00", source="sales", tier=E, purchase="theo-imported-20220801"),
    "xena": way(direct="2021-06-01 00:00:00", country="FR", source="sales", tier=E, purchase="xena-imported-20210601"),
    "yara": way(
        *("2023-03-01", "2023-03-01", None, None, None, None),
        *(None, "2021-06-01 00:00:00", "FR", "page", NONE, E, "yara-imported-20210601"),
    ),
    # Her trial was there before the sale that was imported later: converted.
    "zora": way(
        *("2021-05-01", "2021-05-01", None, None, None, None),
        *("2021-06-01 00:00:00", None, "FR", "import", NONE, E, "zora-imported-20210601"),
    ),
}

SIGNALS = {
    "emil": {"COMPANY_DOMAIN"},
    "fred": set[str](),  # a private mailbox; fewer nodes than at first
    "gina": {"FULL", "GROWING", "COMPANY_DOMAIN", "MANY_CHECK_INS"},  # seen for exactly 30 days
    "hugo": {"FIFTH_NODE", "FULL", "COMPANY_DOMAIN", "ASKED_FOR_QUOTE"},
    "iris": {"COMPANY_DOMAIN", "ASKED_FOR_QUOTE"},
    "john": {"COMPANY_DOMAIN"},
    "kate": set[str](),
    "tina": {"FIFTH_NODE", "FULL", "SEVERAL_CLUSTERS", "COMPANY_DOMAIN"},
}
"""Of the open trials: what makes them leads."""

# The funnel of all time, by hand: registered, confirmed, activated, full, over, quoted, converted, direct.
#
# registered 35: anna bert cleo dora emil fred gina hugo iris john kate mona nora (13 in January 2023), lara, zora;
#   lena mark olga paul quin rosa sven tina ursa vera abel elsa finn (13 in February), yara ines jule nina otto (5 in
#   March), bela, kurt. In none: cara gwen hank petra sara theo wade xena.
# confirmed 31: all but anna bert cleo dora.    activated 9: fred gina hugo nora lena olga tina ursa finn.
# full 6: gina hugo nora lena tina ursa.        over 3: hugo lena tina.      quoted 5: hugo iris lena paul ursa.
# converted 19: mona nora lara zora, lena mark paul rosa ursa vera abel elsa finn, ines jule nina otto, bela, kurt.
# direct 4: olga quin sven yara.
FUNNEL = {
    ("all", ""): (35, 31, 9, 6, 3, 5, 19, 4),
    # mona lara zora lena mark olga paul quin rosa sven vera abel elsa yara ines jule nina otto bela kurt
    ("tier", E): (20, 20, 2, 1, 1, 2, 16, 4),
    ("tier", M): (3, 3, 3, 2, 0, 1, 3, 0),  # nora ursa finn
    ("tier", NONE): (12, 8, 4, 3, 2, 2, 0, 0),  # anna bert cleo dora emil fred gina hugo iris john kate tina
    # anna bert emil hugo iris lena mark paul quin vera abel ines jule bela
    ("country", "DE"): (14, 12, 2, 2, 2, 4, 8, 1),
    ("country", "FR"): (11, 11, 2, 0, 0, 0, 6, 3),  # fred john mona lara zora olga rosa sven elsa yara otto
    ("country", "US"): (10, 8, 5, 4, 1, 1, 5, 0),  # cleo dora gina kate nora tina ursa finn nina kurt
    # anna bert dora emil hugo john mona lara lena olga paul quin sven ursa vera abel finn yara ines nina otto bela kurt
    ("source", "page"): (23, 20, 5, 3, 2, 4, 13, 4),
    ("source", "device_code"): (4, 3, 3, 3, 1, 0, 1, 0),  # cleo gina nora tina
    ("source", "invitation"): (5, 5, 1, 0, 0, 0, 4, 0),  # fred mark rosa elsa jule
    ("source", "import"): (2, 2, 0, 0, 0, 1, 1, 0),  # iris zora
    ("source", "sales"): (1, 1, 0, 0, 0, 0, 0, 0),  # kate
    # iris lena mark olga rosa sven vera abel elsa ines nina otto kurt
    ("salesperson", "ann"): (13, 13, 2, 1, 1, 2, 10, 2),
    ("salesperson", "bob"): (9, 9, 4, 3, 1, 3, 7, 1),  # hugo mona nora lara paul quin ursa finn bela
    # anna bert cleo dora emil fred gina john kate tina zora yara jule
    ("salesperson", NONE): (13, 9, 3, 2, 1, 0, 2, 1),
}
FUNNEL_OF_MONTHS = {
    "2021-05": (1, 1, 0, 0, 0, 0, 1, 0),  # zora
    "2022-12": (1, 1, 0, 0, 0, 0, 1, 0),  # lara, by a second
    "2023-01": (13, 9, 4, 3, 1, 2, 2, 0),  # see above; converted nora and mona
    "2023-02": (13, 13, 5, 3, 2, 3, 9, 3),  # activated lena olga tina ursa finn; direct olga quin sven
    "2023-03": (5, 5, 0, 0, 0, 0, 4, 1),  # yara bought directly
    "2023-04": (1, 1, 0, 0, 0, 0, 1, 0),  # bela
    "2024-02": (1, 1, 0, 0, 0, 0, 1, 0),  # kurt
}

# Month of registration, whole days until the conversion: customers.
CONVERSIONS = {
    ("2021-05", 30): 1,  # zora: 1 May noon to 1 June midnight, 30 days and a half
    ("2022-12", 365): 1,  # lara: to the second
    ("2023-01", 365): 1,  # mona: to the second
    ("2023-01", 41): 1,  # nora: 30 January (of Nils) to 12 March
    ("2023-02", 24): 2,  # vera, abel
    ("2023-02", 26): 1,  # rosa: 16 February noon to 14 March 20:00
    ("2023-02", 27): 3,  # paul (14 February 10:00 to 13 March noon), elsa, finn
    ("2023-02", 37): 2,  # lena (1 February 9:00 to 10 March noon), mark
    ("2023-02", 43): 1,  # ursa: to the sale that was not voided
    ("2023-03", 36): 2,  # ines, jule
    ("2023-03", 38): 2,  # nina, otto
    ("2023-04", 335): 1,  # bela: to 10 March 2024, a month of 31 days less than a leap year
    ("2024-02", 0): 1,  # kurt
}

# Each customer's movements: day or moment, what, tier, seats, amount and currency where something was charged.
MOVEMENTS = {
    # 300 and 400 paid; the second term starts at the end of the first and has a seat more. Over on 1 June 2023.
    "wade": (
        *("2021-06-01 00:00:00 direct E 3 300 EUR", "2022-05-20 00:00:00 renewal E 3 400 EUR"),
        *("2022-05-20 00:00:00 expansion E 1", "2023-07-01 00:00:00 churn E 4"),
    ),
    # The term was over for more than 30 days when it was sold: it comes and goes in that second.
    "theo": ("2022-08-01 00:00:00 direct E 2 200 EUR", "2022-08-01 00:00:00 churn E 2"),
    # Overlapping terms are two licenses: 12 seats together, the first ends with 9 left. The second has no amount.
    "xena": (
        *("2021-06-01 00:00:00 direct E 3 300 USD", "2022-02-20 00:00:00 expansion M 9"),
        *("2022-02-20 00:00:00 enterprise M 12", "2022-07-01 00:00:00 contraction M 3"),
        "2023-03-31 00:00:00 churn E 9",
    ),
    # 31 days between the terms: another license, sold while the first is live.
    "yara": (
        *("2021-06-01 00:00:00 direct E 5 500 EUR", "2022-06-15 00:00:00 expansion E 5 500 EUR"),
        *("2022-07-01 00:00:00 contraction E 5", "2023-08-01 00:00:00 churn E 5"),
    ),
    # 30 days between them: the second continues the first.
    "zora": (
        *("2021-06-01 00:00:00 conversion E 5 500 EUR", "2022-06-20 00:00:00 renewal E 5"),
        "2023-07-31 00:00:00 churn E 5",
    ),
    "olga": ("2023-02-10 direct E 3 300 EUR", "2024-03-11 churn E 3"),
    "lena": ("2023-03-10 conversion E 5 500 EUR", "2024-03-01 renewal E 5 500 EUR", "2025-04-09 churn E 5"),
    # Mara's license ends first, on 1 February and 30 days.
    "mark": (
        *("2023-03-11 conversion E 8 800 EUR", "2023-05-02 expansion E 2 200 EUR"),
        *("2024-03-02 contraction E 2", "2024-04-10 churn E 8"),
    ),
    "nora": ("2023-03-12 conversion M 12 1200 USD", "2023-03-12 enterprise M 12", "2024-04-11 churn M 12"),
    "paul": ("2023-03-13 conversion E 2 200 EUR", "2024-04-12 churn E 2"),
    "quin": ("2023-03-13 direct E 4 400 EUR", "2024-04-12 churn E 4"),
    "rosa": ("2023-03-14 20:00:00 conversion E 1 100 EUR", "2024-04-13 20:00:00 churn E 1"),
    "sven": ("2023-03-14 08:00:00 direct E 1 100 EUR", "2024-04-13 08:00:00 churn E 1"),
    # Neither the voided sale of 7 seats nor its end is anywhere. (Nor is Tina's with its refund.)
    "ursa": (
        *("2023-04-03 conversion M 12 1200 EUR", "2023-04-03 enterprise M 12"),
        *("2023-05-10 refund M 0 -200 EUR", "2024-05-03 churn M 12"),
    ),
    # 9 to 40 seats; the refund is of the first sale, when 9 were few; renewed with 9 of the 40.
    "vera": (
        *("2023-03-16 conversion E 9 900 EUR", "2023-05-04 expansion M 31 3100 EUR", "2023-05-04 enterprise M 40"),
        *("2023-05-11 refund E 0 -300 EUR", "2024-03-05 renewal E 9 900 EUR", "2024-03-05 contraction M 31"),
        "2025-04-15 churn E 9",
    ),
    "abel": ("2023-03-17 conversion E 6 600 EUR", "2023-06-05 churn E 6"),
    # She had the 6 seats already when she bought.
    "bela": ("2023-06-05 expansion E 6", "2024-03-10 conversion E 0 600 EUR", "2025-04-16 churn E 6"),
    # Dean, to whom the license went, is Cara herself.
    "cara": ("2023-03-20 direct E 2 200 EUR", "2024-04-19 churn E 2"),
    # Over on 21 September and 30 days; back on 5 November.
    "elsa": (
        *("2023-03-21 conversion E 4 400 EUR", "2023-10-21 churn E 4"),
        *("2023-11-05 return E 6 600 EUR", "2024-12-05 churn E 6"),
    ),
    # 22 March 2024 and 30 days are 21 April at noon: Finn renews a second before that, Gwen on that second.
    "finn": (
        *("2023-03-22 conversion M 11 1100 USD", "2023-03-22 enterprise M 11"),
        *("2024-04-21 11:59:59 renewal M 11 1500 USD", "2024-04-21 11:59:59 expansion M 4", "2025-05-21 churn M 15"),
    ),
    "gwen": (
        *("2023-03-22 direct E 2 200 EUR", "2024-04-21 churn E 2"),
        *("2024-04-21 return E 2 200 EUR", "2025-05-21 churn E 2"),
    ),
    # Suspended in May, which changes nothing; revoked in August.
    "hank": ("2023-04-05 direct L 120 12000 USD", "2023-04-05 enterprise L 120", "2023-08-15 churn L 120"),
    "ines": (
        *("2023-04-06 conversion E 5 500 EUR", "2023-05-05 expansion E 2 200 USD"),
        *("2023-08-10 contraction E 1", "2024-05-06 churn E 6"),
    ),
    "jule": ("2023-04-07 conversion E 3", "2024-05-07 churn E 3"),
    # From 10 to 11, back to 10, and to 12: of enterprise scale twice.
    "nina": (
        *("2023-04-10 conversion E 10 1000 EUR", "2023-05-08 expansion M 1 100 EUR", "2023-05-08 enterprise M 11"),
        *("2023-06-12 contraction M 1", "2023-08-14 expansion M 2 200 EUR", "2023-08-14 enterprise M 12"),
        "2024-05-10 churn M 12",
    ),
    "otto": ("2023-04-11 conversion E 2 200 EUR", "2024-05-11 churn E 2"),
    "petra": ("2023-04-12 direct E 1 100 EUR", "2024-05-12 churn E 1"),
    "lara": ("2023-12-31 23:59:59 conversion E 3 300 EUR", "2025-01-30 23:59:59 churn E 3"),
    "mona": ("2024-01-01 00:00:00 conversion E 4 400 EUR", "2025-01-31 00:00:00 churn E 4"),
    # 28 February 2025 and 30 days.
    "kurt": ("2024-02-29 conversion E 10 1000 EUR", "2025-03-30 churn E 10"),
}

# By month, tier, kind and currency: movements, seats, amount.
MONTHS = {
    ("2021-06", E, "conversion", "EUR"): (1, 5, 500),  # zora
    ("2021-06", E, "direct", "EUR"): (2, 8, 800),  # wade 3, yara 5
    ("2021-06", E, "direct", "USD"): (1, 3, 300),  # xena
    ("2022-02", M, "expansion", ""): (1, 9, 0),  # xena
    ("2022-02", M, "enterprise", ""): (1, 12, 0),  # xena
    ("2022-05", E, "renewal", "EUR"): (1, 3, 400),  # wade
    ("2022-05", E, "expansion", ""): (1, 1, 0),  # wade
    ("2022-06", E, "expansion", "EUR"): (1, 5, 500),  # yara
    ("2022-06", E, "renewal", ""): (1, 5, 0),  # zora
    ("2022-07", M, "contraction", ""): (1, 3, 0),  # xena
    ("2022-07", E, "contraction", ""): (1, 5, 0),  # yara
    ("2022-08", E, "direct", "EUR"): (1, 2, 200),  # theo
    ("2022-08", E, "churn", ""): (1, 2, 0),  # theo
    ("2023-02", E, "direct", "EUR"): (1, 3, 300),  # olga
    ("2023-03", E, "conversion", "EUR"): (7, 35, 3500),  # lena 5, mark 8, paul 2, rosa 1, vera 9, abel 6, elsa 4
    ("2023-03", M, "conversion", "USD"): (2, 23, 2300),  # nora 12, finn 11
    ("2023-03", M, "enterprise", ""): (2, 23, 0),  # nora 12, finn 11
    ("2023-03", E, "direct", "EUR"): (4, 9, 900),  # quin 4, sven 1, cara 2, gwen 2
    ("2023-03", E, "churn", ""): (1, 9, 0),  # xena
    ("2023-04", E, "conversion", "EUR"): (3, 17, 1700),  # ines 5, nina 10, otto 2
    ("2023-04", E, "conversion", ""): (1, 3, 0),  # jule
    ("2023-04", M, "conversion", "EUR"): (1, 12, 1200),  # ursa
    ("2023-04", M, "enterprise", ""): (1, 12, 0),  # ursa
    ("2023-04", E, "direct", "EUR"): (1, 1, 100),  # petra
    ("2023-04", L, "direct", "USD"): (1, 120, 12000),  # hank
    ("2023-04", L, "enterprise", ""): (1, 120, 0),  # hank
    ("2023-05", E, "expansion", "EUR"): (1, 2, 200),  # mark
    ("2023-05", E, "expansion", "USD"): (1, 2, 200),  # ines
    ("2023-05", M, "expansion", "EUR"): (2, 32, 3200),  # vera 31, nina 1
    ("2023-05", M, "enterprise", ""): (2, 51, 0),  # vera 40, nina 11
    ("2023-05", E, "refund", "EUR"): (1, 0, -300),  # vera
    ("2023-05", M, "refund", "EUR"): (1, 0, -200),  # ursa
    ("2023-06", E, "churn", ""): (1, 6, 0),  # abel
    ("2023-06", E, "expansion", ""): (1, 6, 0),  # bela
    ("2023-06", M, "contraction", ""): (1, 1, 0),  # nina
    ("2023-07", E, "churn", ""): (2, 9, 0),  # wade 4, zora 5
    ("2023-08", E, "churn", ""): (1, 5, 0),  # yara
    ("2023-08", L, "churn", ""): (1, 120, 0),  # hank
    ("2023-08", E, "contraction", ""): (1, 1, 0),  # ines
    ("2023-08", M, "expansion", "EUR"): (1, 2, 200),  # nina
    ("2023-08", M, "enterprise", ""): (1, 12, 0),  # nina
    ("2023-10", E, "churn", ""): (1, 4, 0),  # elsa
    ("2023-11", E, "return", "EUR"): (1, 6, 600),  # elsa
    ("2023-12", E, "conversion", "EUR"): (1, 3, 300),  # lara
    ("2024-01", E, "conversion", "EUR"): (1, 4, 400),  # mona
    ("2024-02", E, "conversion", "EUR"): (1, 10, 1000),  # kurt
    ("2024-03", E, "conversion", "EUR"): (1, 0, 600),  # bela
    ("2024-03", E, "renewal", "EUR"): (2, 14, 1400),  # lena 5, vera 9
    ("2024-03", M, "contraction", ""): (1, 31, 0),  # vera
    ("2024-03", E, "contraction", ""): (1, 2, 0),  # mark
    ("2024-03", E, "churn", ""): (1, 3, 0),  # olga
    ("2024-04", E, "churn", ""): (7, 20, 0),  # mark 8, paul 2, quin 4, rosa 1, sven 1, cara 2, gwen 2
    ("2024-04", M, "churn", ""): (1, 12, 0),  # nora
    ("2024-04", M, "renewal", "USD"): (1, 11, 1500),  # finn
    ("2024-04", M, "expansion", ""): (1, 4, 0),  # finn
    ("2024-04", E, "return", "EUR"): (1, 2, 200),  # gwen
    ("2024-05", M, "churn", ""): (2, 24, 0),  # ursa 12, nina 12
    ("2024-05", E, "churn", ""): (4, 12, 0),  # ines 6, jule 3, otto 2, petra 1
    ("2024-12", E, "churn", ""): (1, 6, 0),  # elsa
    ("2025-01", E, "churn", ""): (2, 7, 0),  # lara 3, mona 4
    ("2025-03", E, "churn", ""): (1, 10, 0),  # kurt
    ("2025-04", E, "churn", ""): (3, 20, 0),  # lena 5, vera 9, bela 6
    ("2025-05", E, "churn", ""): (1, 2, 0),  # gwen
    ("2025-05", M, "churn", ""): (1, 15, 0),  # finn
}

# The first month of a span, and its length in months: seats when it starts, those kept, and those when it is over.
RETENTION = {
    # All four bought in the first second of June 2021: nobody had seats before it.
    ("2021-06", 1): None,
    ("2021-07", 1): (16, 16, 16),  # wade 3, xena 3, yara 5, zora 5
    ("2022-06", 1): (26, 26, 31),  # wade 4, xena 12, yara 5 then 10, zora 5
    ("2022-04", 3): (25, 25, 31),  # wade 3 then 4, xena 12, yara 5 then 10, zora 5
    # What ends in the first second of July was there when it started: wade 4, xena 12 then 9, yara 10 then 5, zora 5.
    ("2022-07", 1): (31, 23, 23),
    ("2022-08", 1): (23, 23, 23),  # wade 4, xena 9, yara 5, zora 5; theo's seats were never there
    ("2022-01", 12): (16, 16, 23),  # wade 3 then 4, xena 3 then 9, yara 5, zora 5
    ("2023-01", 12): (23, 0, 0),  # wade 4, xena 9, yara 5, zora 5; all gone by 2024
    # wade 4 and zora 5, who end; yara 5, olga 3, lena 5, mark 10, nora 12, paul 2, quin 4, rosa 1, sven 1, ursa 12,
    # vera 40, bela 6, cara 2, elsa 4, finn 11, gwen 2, hank 120, ines 7, jule 3, nina 10, otto 2, petra 1.
    ("2023-07", 1): (272, 263, 263),
    # Those 263: yara's 5 end in the first second of August, hank's 120 later; ines 7 then 6; nina 10 then 12.
    ("2023-08", 1): (263, 137, 139),
    ("2023-07", 3): (272, 137, 139),  # both months together; nothing happens in September
    ("2023-10", 1): (139, 135, 135),  # elsa's 4 end
    ("2023-11", 1): (135, 135, 135),  # elsa, who returns, had none when it started
    # olga 3, lena 5, mark 10, nora 12, paul 2, quin 4, rosa 1, sven 1, ursa 12, vera 40, bela 6, cara 2, elsa 6,
    # finn 11, gwen 2, ines 6, jule 3, nina 12, otto 2, petra 1, lara 3. Mona, who buys in
    # the first second of 2024, is new.
    ("2024-01", 1): (144, 144, 144),
    ("2024-01", 3): (144, 108, 108),  # without olga 3; mark 10 then 8, vera 40 then 9
    # Left in 2025: lena 5, vera 9, bela 6, gwen 2, lara 3 and finn, 11 then 15.
    ("2024-01", 12): (144, 36, 40),
    # Those 108, mona 4 and kurt 10; without mark 8, nora 12, paul 2, quin 4, rosa 1, sven 1, cara 2; finn 11 then 15;
    # gwen, whose seats end and return in one second, has kept them.
    ("2024-04", 1): (122, 92, 96),
    # Left in July: lena 5, vera 9, bela 6, elsa 6, gwen 2, lara 3, mona 4, kurt 10, and finn, 11 then 15.
    ("2024-04", 3): (122, 56, 60),
    # Of the 272, a year later: lena 5, vera 9 of 40, bela 6, elsa 4 then 6, gwen 2, and finn, 11 then 15.
    ("2023-07", 12): (272, 37, 43),
}

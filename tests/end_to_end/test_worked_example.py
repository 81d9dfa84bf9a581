"""The contract's worked example, asked over HTTP: exactly its amounts, dates and texts."""

from tests.support import HOME, Gateway


async def test_the_home_screen(gateway: Gateway) -> None:
    me = (await gateway.data(HOME))["me"]
    assert me["accountLabel"] == "L0048217"
    assert me["leaseHolder"] == {
        "firstName": "Élodie",
        "lastName": "MARTIN",
        "fullName": "Élodie MARTIN",
        "email": "elodie.martin@example.org",
        "phone": "0639981234",
        "birthDate": "1987-05-14",
    }
    assert me["lease"] == {
        "reference": "0048217/01",
        "status": "ACTIVE",
        "startsOn": "2019-09-01",
        "baseRent": {"amount": "412.37", "cents": 41237, "currency": "EUR"},
    }
    assert me["dwelling"] == {
        "reference": "5701-B-0034",
        "residence": "LES TILLEULS",
        "floor": 3,
        "rooms": 3,
        "livingArea": "67.50",
        "address": {"lines": ["12 RUE DES TILLEULS"], "postalCode": "57000", "town": "METZ"},
    }
    assert me["balance"] == {
        "amount": {"amount": "369.65", "cents": 36965, "currency": "EUR"},
        "due": {"amount": "57.10", "cents": 5710, "currency": "EUR"},
        "direction": "OWED",
        "freshness": {"source": "BILLING", "stale": False},
    }
    assert me["advisor"] == {
        "fullName": "Aurélie KLEIN",
        "phone": "0353012233",
        "email": "aurelie.klein@bailleur.example",
        "agency": {"name": "AGENCE DE METZ"},
    }
    assert {"label": "Astreinte technique", "topic": "ON_CALL", "phone": "0353019999"} in me["usefulContacts"]
    assert [contact["phone"] for contact in me["usefulContacts"][:4]] == ["15", "17", "18", "112"]
    assert {
        "reference": "OS-2026-004512",
        "title": "Remplacement mécanisme WC",
        "state": "APPOINTMENT_SET",
        "plannedFrom": None,
        "contractor": {"name": "Proxi-Plomb SARL", "phone": "0353014410"},
    } in me["works"]


async def test_the_notice_of_october(gateway: Gateway) -> None:
    me = (await gateway.data(HOME))["me"]
    notice = me["dueNotices"]["nodes"][0]
    assert (notice["period"], notice["issuedOn"], notice["dueOn"]) == ("2026-10", "2026-10-31", "2026-11-10")
    assert notice["amountDue"] == {"amount": "369.65", "cents": 36965}
    assert notice["periodTotal"] == {"amount": "312.55", "cents": 31255}
    assert [(line["code"], line["category"], line["amount"]["amount"]) for line in notice["lines"]] == [
        ("LOY", "RENT", "412.37"),
        ("PCG", "CHARGES", "78.20"),
        ("PEF", "WATER", "18.50"),
        ("PEC", "WATER", "24.10"),
        ("GAR", "PARKING", "38.00"),
        ("RLS", "BENEFIT", "-43.62"),
        ("APL", "BENEFIT", "-215.00"),
    ]


async def test_the_ledger_makes_the_balance(gateway: Gateway) -> None:
    data = await gateway.data(
        """{ me {
          balance { amount { formatted english: formatted(locale: EN) } freshness { asOf fetchedAt } }
          ledger(from: "2026-09-01") {
            nodes { kind label valueDate debit { amount } credit { amount } runningBalance { amount } rejectReason }
            pageInfo { hasNextPage }
          }
        } }"""
    )
    balance = data["me"]["balance"]
    assert balance["amount"] == {"formatted": "369,65\u00a0€", "english": "€369.65"}
    assert balance["freshness"] == {"asOf": "2026-11-03T03:30:00Z", "fetchedAt": "2026-11-03T09:00:00Z"}
    ledger = data["me"]["ledger"]
    assert ledger["pageInfo"] == {"hasNextPage": False}
    rows = [
        (
            entry["valueDate"],
            entry["kind"],
            (entry["debit"] or {}).get("amount"),
            (entry["credit"] or {}).get("amount"),
            entry["runningBalance"]["amount"],
            entry["rejectReason"],
        )
        for entry in ledger["nodes"]
    ]
    assert rows == [
        ("2026-10-31", "RENT_CALL", "312.55", None, "369.65", None),
        ("2026-10-20", "CARD", None, "255.45", "57.10", None),
        ("2026-10-09", "DIRECT_DEBIT_REJECTED", "312.55", None, "312.55", "AM04"),
        ("2026-10-05", "DIRECT_DEBIT", None, "312.55", "0.00", None),
        ("2026-09-30", "RENT_CALL", "312.55", None, "312.55", None),
    ]


async def test_the_water_of_october(gateway: Gateway) -> None:
    data = await gateway.data(
        """query($month: YearMonth) { me { waterConsumption(from: $month, to: $month) {
          from to coldTotal hotTotal unitPriceCold unitPriceHot asOf leakAlerts { kind }
          meters { serial kind location calendarYearToDate readings { readOn index method }
                   months { month volume estimated days buildingAverage } }
        } } }""",
        month="2026-10",
    )
    water = data["me"]["waterConsumption"]
    cold, hot = water.pop("meters")
    assert water == {
        "from": "2026-10",
        "to": "2026-10",
        "coldTotal": "6.425",
        "hotTotal": "3.242",
        "unitPriceCold": "4.1250",
        "unitPriceHot": "9.8700",
        "asOf": "2026-11-02",
        "leakAlerts": [],
    }
    assert cold == {
        "serial": "EF-18-204417",
        "kind": "COLD",
        "location": "CUISINE",
        "calendarYearToDate": "61.240",
        "readings": [
            {"readOn": "2026-10-01", "index": "312.481", "method": "REMOTE"},
            {"readOn": "2026-10-31", "index": "318.906", "method": "REMOTE"},
        ],
        "months": [{"month": "2026-10", "volume": "6.425", "estimated": False, "days": 31, "buildingAverage": "5.800"}],
    }
    assert [reading["index"] for reading in hot["readings"]] == ["142.770", "146.012"]


async def test_thirteen_months_unless_otherwise_said(gateway: Gateway) -> None:
    data = await gateway.data("{ me { waterConsumption { from to meters { months { month sameMonthLastYear } } } } }")
    water = data["me"]["waterConsumption"]
    assert (water["from"], water["to"]) == ("2025-11", "2026-11")
    assert all(len(meter["months"]) >= 12 for meter in water["meters"])

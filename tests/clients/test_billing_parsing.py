"""What becomes of billing's JSON: models by the contract's rules, or UpstreamMalformed."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clients.base import Answer
from gateway.clients.billing import parsing
from gateway.clients.billing.refusals import Ko, raise_for_ko, refusal_error, status_error
from gateway.errors import UpstreamClosed, UpstreamError, UpstreamMalformed, UpstreamUnavailable
from gateway.models.balance import AccountState, Balance, BalanceDirection
from gateway.models.dates import YearMonth
from gateway.models.due_notice import DueNoticeCategory, Receipt
from gateway.models.ledger import LedgerKind
from gateway.models.money import Money

NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)


def read(name: str) -> bytes:
    return (Path(__file__).parent.parent / "fixtures" / "billing" / name).read_bytes()


def balance(number: str) -> Balance:
    found = parsing.parse_balances("rechercherComptes", read("comptes.json"), NOW)[number]
    assert isinstance(found, Balance)
    return found


def test_the_worked_example_of_the_contract() -> None:
    example = balance("L0048217")
    assert (example.amount, example.due) == (Money.of("369.65"), Money.of("57.10"))
    assert (str(example.due.amount), example.due.cents) == ("57.10", 5710)
    assert example.direction is BalanceDirection.OWED
    assert example.freshness.as_of == datetime(2026, 11, 3, 3, 30, tzinfo=UTC)


def test_a_credit_a_settled_account_and_a_doubled_hour() -> None:
    credit, settled = balance("L0000002"), balance("L0000003")
    assert (credit.amount, credit.direction) == (Money.of("-12.30"), BalanceDirection.IN_CREDIT)
    assert (credit.state, credit.state_code) == (AccountState.OTHER, "GELE")
    assert credit.freshness.as_of == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert credit.next_direct_debit is not None
    assert credit.next_direct_debit.amount == Money.of("312.50")
    assert credit.payment_plan is not None
    assert (credit.payment_plan.remaining, credit.payment_plan.ends_on) == (Money.of("200.50"), date(2027, 3, 31))
    assert settled.direction is BalanceDirection.SETTLED
    assert (str(settled.amount.amount), str(settled.due.amount)) == ("0.00", "0.00")


def test_unknown_is_none_and_an_item_in_error_spoils_no_other() -> None:
    found = parsing.parse_balances("rechercherComptes", read("comptes.json"), NOW)
    assert found["L9999999"] is None
    assert isinstance(found["L0000004"], UpstreamMalformed)
    assert isinstance(found["L0000005"], UpstreamClosed)
    assert set(found) == {"L0048217", "L0000002", "L0000003", "L0000004", "L0000005", "L9999999"}


def test_the_notice_of_october() -> None:
    found = parsing.parse_due_notices("rechercherAvis", read("avis.json"), NOW)["L0048217"]
    assert isinstance(found, tuple)
    (notice,) = found
    assert (notice.number, notice.period) == ("AE-202610-0048217", YearMonth(2026, 10))
    assert (notice.issued_on, notice.due_on) == (date(2026, 10, 31), date(2026, 11, 10))
    assert (notice.previous_balance, notice.period_total, notice.amount_due) == tuple(
        map(Money.of, ("57.10", "312.55", "369.65"))
    )
    assert sum(line.amount.amount for line in notice.lines) == notice.period_total.amount
    assert [line.category for line in notice.lines][-2:] == [DueNoticeCategory.BENEFIT] * 2
    assert notice.lines[-1].amount == Money.of("-215.00")
    assert notice.receipt is Receipt.NONE


def test_the_ledger_of_october() -> None:
    page = parsing.parse_ledger_page("listerMouvements", read("mouvements.json"), NOW, "L0048217")
    assert not page.last
    rent, card, rejected = page.entries
    assert (rent.kind, rent.debit, rent.credit) == (LedgerKind.RENT_CALL, Money.of("312.55"), None)
    assert (card.kind, card.credit, card.running_balance) == (LedgerKind.CARD, Money.of("255.45"), Money.of("57.10"))
    assert (rejected.kind, rejected.reject_reason) == (LedgerKind.DIRECT_DEBIT_REJECTED, "AM04")
    assert rent.posted_at == datetime(2026, 10, 31, 3, 30, tzinfo=UTC)
    assert rent.period == YearMonth(2026, 10)


def test_an_entry_that_is_on_a_page_twice_is_there_once() -> None:
    page = json.loads(read("mouvements.json"))
    page["contenu"].append(page["contenu"][0] | {"libelle": "again"})
    entries = parsing.parse_ledger_page("listerMouvements", json.dumps(page).encode(), NOW, "L0048217").entries
    assert [entry.id[-2:] for entry in entries] == ["88", "87", "86"]
    assert entries[0].label == "Quittancement octobre 2026"


@pytest.mark.parametrize(
    ("entries", "page", "total", "whole"),
    [
        (3, 0, 5, True),  # there are more pages
        (2, 1, 5, True),  # the last one
        (0, 2, 5, True),  # beyond it
        (3, 1, 5, True),  # one was posted meanwhile
        (2, 0, 5, False),
        (1, 1, 5, False),
        (0, 0, 1, False),
    ],
)
def test_a_page_of_the_ledger_has_as_many_entries_as_it_says(entries: int, page: int, total: int, whole: bool) -> None:
    sent = json.loads(read("mouvements.json"))
    sent |= {"contenu": sent["contenu"][:entries], "page": page, "total": total}
    body = json.dumps(sent).encode()
    if whole:
        assert len(parsing.parse_ledger_page("listerMouvements", body, NOW, "L0048217").entries) == entries
    else:
        with pytest.raises(UpstreamMalformed) as caught:
            parsing.parse_ledger_page("listerMouvements", body, NOW, "L0048217")
        assert caught.value.passing


@pytest.mark.parametrize(
    ("status", "body", "error", "ours"),
    [
        (503, b'{"IsOnline":false,"MaintenancePageUrl":"","ErrorMessage":"x"}', UpstreamClosed, None),
        (503, b"<html></html>", UpstreamUnavailable, False),
        (500, b"<html></html>", UpstreamUnavailable, False),
        (429, b"too many", UpstreamUnavailable, False),
        (401, b'{"erreur":"JETON_EXPIRE"}', UpstreamUnavailable, False),
        (400, b'{"erreurs":[]}', UpstreamUnavailable, True),
        (404, b"<html></html>", UpstreamUnavailable, True),
        (204, b"", UpstreamMalformed, None),
    ],
)
def test_statuses(status: int, body: bytes, error: type[UpstreamError], ours: bool | None) -> None:
    raised = status_error("x", Answer(status, "text/html", body))
    assert type(raised) is error
    if isinstance(raised, UpstreamUnavailable):
        assert raised.ours is ours


def test_ko_comes_before_everything() -> None:
    with pytest.raises(Ko) as raised:
        raise_for_ko("x", b'{"statut": "KO", "code": "FAC-404", "comptes": "nonsense"}')
    assert raised.value.code == "FAC-404"
    raise_for_ko("x", b'{"libelle": "KO"}')
    assert isinstance(refusal_error("x", "FAC-503"), UpstreamClosed)
    assert isinstance(refusal_error("x", "<b>FAC</b>"), UpstreamUnavailable)
    assert "<b>" not in refusal_error("x", "<b>FAC</b>").detail


@pytest.mark.parametrize("bent", ['"solde":-21474836.48', '"solde":1e400', '"solde":0.001'])
def test_amounts_beyond_reason_are_malformed(bent: str) -> None:
    body = read("comptes.json").replace(b'"solde":-369.65', bent.encode())
    found = parsing.parse_balances("rechercherComptes", body, NOW)
    assert isinstance(found["L0048217"], UpstreamMalformed)
    assert isinstance(found["L0000002"], Balance)


@pytest.mark.parametrize("number", ['"NaN"', '"sNaN"', '"Infinity"', '"-1"', "-0.01"])
def test_what_is_no_amount_of_a_direct_debit_spoils_its_own_account_alone(number: str) -> None:
    body = read("comptes.json").replace(b'"montant":312.5', b'"montant":' + number.encode())
    assert number.encode() in body
    found = parsing.parse_balances("rechercherComptes", body, NOW)
    assert isinstance(found["L0000002"], UpstreamMalformed)
    assert isinstance(found["L0048217"], Balance)


def notices_of(*accounts: str, **changes: Any) -> dict[str, Any]:
    """The notice of October once for each account; the changes are those of the first account's."""
    notice = json.loads(read("avis.json"))["avis"][0]
    rows = [notice | {"id": f"AE-202610-{account[1:]}", "numeroCompte": account} for account in accounts]
    rows[0] |= changes
    return parsing.parse_due_notices("rechercherAvis", json.dumps({"avis": rows, "erreurs": []}).encode(), NOW)


LINE = {"rubrique": "LOY", "libelle": "Loyer principal", "debit": 412.37}


@pytest.mark.parametrize(
    "changes",
    [
        {"soldeAnterieur": "sNaN"},
        {"totalMois": 0.001},
        {"periode": 202613},
        {"periode": None},
        {"dateEmission": "2026-02-30"},
        {"lignes": None},
        {"lignes": {}},
        {"lignes": [None]},
        {"lignes": [LINE, LINE | {"debit": -1}]},
        {"lignes": [LINE | {"credit": 1}]},
        {"lignes": [LINE | {"debit": "NaN"}]},
        {"lignes": [LINE | {"libelle": None}]},
    ],
    ids=str,
)
def test_a_notice_in_error_spoils_its_own_account_alone(changes: dict[str, Any]) -> None:
    for _ in range(2):  # what is remembered of lines makes no difference
        found = notices_of("L0000001", "L0000002", "L0000001", **changes)
        assert isinstance(found["L0000001"], UpstreamMalformed)
        (other,) = found["L0000002"]
        assert (other.account_number, len(other.lines)) == ("L0000002", 7)


def test_a_notice_of_nobody_spoils_no_answer() -> None:
    assert set(notices_of("L0000001", "L0000002", numeroCompte=None)) == {"L0000002"}


def test_lines_are_those_of_their_own_notice() -> None:
    found = notices_of("L0000001", "L0000002", lignes=[LINE | {"debit": 412.38}])
    assert [line.amount for line in found["L0000001"][0].lines] == [Money.of("412.38")]
    assert found["L0000002"][0].lines[0].amount == Money.of("412.37")


@pytest.mark.parametrize("quantity", ["1e10000000", '"NaN"', "1e10", "0.0000001"])
def test_quantities_beyond_reason_are_malformed(quantity: str) -> None:
    body = read("avis.json").replace(b'"debit":412.37', b'"debit":412.37,"quantite":' + quantity.encode())
    assert isinstance(parsing.parse_due_notices("rechercherAvis", body, NOW)["L0048217"], UpstreamMalformed)


def test_somebody_elses_answer_is_malformed() -> None:
    account = json.dumps(json.loads(read("comptes.json"))["comptes"][0]).encode()
    notice = json.dumps(json.loads(read("avis.json"))["avis"][0]).encode()
    with pytest.raises(UpstreamMalformed):
        parsing.parse_balance("lireCompte", account, NOW, "L0000002")
    with pytest.raises(UpstreamMalformed):
        parsing.parse_due_notice("lireAvis", notice, NOW, "AE-202610-0000002")
    with pytest.raises(UpstreamMalformed):
        parsing.parse_ledger_page("listerMouvements", read("mouvements.json"), NOW, "L0000002")


@given(st.decimals(min_value=-(10**7), max_value=10**7, places=2, allow_nan=False))
def test_money_is_exact_and_never_negative_zero(amount: Decimal) -> None:
    money = Money.of(amount)
    assert money.amount == amount
    assert Decimal(money.cents) == amount * 100
    assert not str(Money.of(-money.amount).amount).startswith("-0.00")


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.sampled_from([202610, 202613, "2026-11-03", "2026-11-03T04:30:00", "2026-11-03T04:30:00Z", "L0048217", 1e300]),
)
NAMES = [
    "comptes",
    "erreurs",
    "avis",
    "contenu",
    "dernierePage",
    "numeroCompte",
    "solde",
    "soldeExigible",
    "dateArrete",
    "etat",
    "id",
    "periode",
    "lignes",
    "rubrique",
    "libelle",
    "debit",
    "credit",
    "dateValeur",
    "dateSaisie",
    "nature",
    "encaissements",
    "referenceExterne",
    "montant",
    "statut",
    "lot",
    "code",
]
documents = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=8)),
    max_leaves=25,
)
ACCOUNTS, NOTICES, LEDGER = (json.loads(read(name)) for name in ("comptes.json", "avis.json", "mouvements.json"))
SAMPLES = [ACCOUNTS, NOTICES, LEDGER, ACCOUNTS["comptes"][0], NOTICES["avis"][0]]


@st.composite
def bent(draw: st.DrawFn) -> Any:
    """A sample of the contract with one value somewhere replaced by anything."""
    document = json.loads(json.dumps(draw(st.sampled_from(SAMPLES))))
    place = document
    while True:
        key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if isinstance(place[key], (dict, list)) and place[key] and draw(st.booleans()):
            place = place[key]
            continue
        place[key] = draw(documents)
        return document


@pytest.mark.parametrize(
    "parse",
    [
        lambda body: parsing.parse_balances("x", body, NOW),
        lambda body: parsing.parse_balance("x", body, NOW, "L0048217"),
        lambda body: parsing.parse_due_notices("x", body, NOW),
        lambda body: parsing.parse_due_notice("x", body, NOW, "AE-202610-0048217"),
        lambda body: parsing.parse_ledger_page("x", body, NOW, "L0048217"),
        lambda body: parsing.parse_deposit_receipt("x", body),
        lambda body: parsing.parse_deposit_status("x", body, "ref"),
    ],
    ids=["balances", "balance", "notices", "notice", "ledger", "receipt", "deposit"],
)
@given(document=st.one_of(documents, bent()))
def test_whatever_the_legacy_system_sends_is_a_model_or_malformed(parse: Any, document: Any) -> None:
    try:
        parse(json.dumps(document).encode())
    except UpstreamMalformed:
        return

"""Billing's answers as models: items by account, codes translated. No I/O."""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TypeVar

import msgspec

from gateway.clients.billing import wire
from gateway.clients.billing.codes import (
    ACCOUNT_STATES,
    CATEGORIES,
    DEPOSIT_STATES,
    DOCUMENT_STATES,
    LEDGER_KINDS,
    PAYMENT_MODES,
    RECEIPTS,
)
from gateway.clients.billing.reading import (
    checked,
    debit_or_credit,
    decode,
    malformed,
    moment,
    owed,
    period,
    positive,
    quantity,
    text,
)
from gateway.clients.billing.refusals import UNKNOWN, refusal_error
from gateway.errors import UpstreamError, UpstreamMalformed
from gateway.models.balance import AccountState, Balance, PaymentPlan, PlannedDebit
from gateway.models.due_notice import DocumentState, DueNotice, DueNoticeCategory, DueNoticeLine, Receipt
from gateway.models.freshness import Freshness, SourceSystem
from gateway.models.lease import PaymentMode
from gateway.models.ledger import LedgerEntry, LedgerKind, LedgerPage
from gateway.models.money import Money
from gateway.models.payment import DepositReceipt, DepositState, DepositStatus

T = TypeVar("T")
M = TypeVar("M")


def parse_balance(operation: str, body: bytes | msgspec.Raw, fetched_at: datetime, account_number: str) -> Balance:
    """The rent account of that number."""
    compte = decode(operation, body, wire.Compte)
    if compte.numeroCompte != account_number:
        raise malformed(operation, "another account than asked for")
    return checked(operation, lambda: _balance(compte, fetched_at))


def parse_balances(operation: str, body: bytes, fetched_at: datetime) -> dict[str, Balance | UpstreamError | None]:
    """A batch of rent accounts by number, the first of several; None where said unknown."""
    answer = decode(operation, body, wire.ResultatComptes)
    found: dict[str, Balance | UpstreamError | None] = _errors(operation, answer.erreurs)
    for number, items in _by_account(operation, answer.comptes).items():
        found[number] = _outcome(partial(_parse_own_balance, operation, fetched_at, number), items[0])
    return found


def parse_ledger_page(operation: str, body: bytes, fetched_at: datetime, account_number: str) -> LedgerPage:
    """A page of an account's ledger, newest first; of an entry given twice, the first.

    Rows do not name their account, but their ids do: a page with somebody else's row is not to be trusted.
    """
    page = decode(operation, body, wire.PageMouvements)
    entries: dict[str, wire.Mouvement] = {}
    freshness = Freshness(SourceSystem.BILLING, fetched_at)
    for entry in page.contenu:
        if _is_of_another(entry.id, account_number):
            raise malformed(operation, "a row of another account")
        entries.setdefault(entry.id, entry)
    found = checked(operation, lambda: [_entry(entry, freshness) for entry in entries.values()])
    found.sort(key=lambda entry: (entry.posted_at, entry.id), reverse=True)
    return LedgerPage(tuple(found), page.dernierePage)


def parse_due_notice(
    operation: str, body: bytes | msgspec.Raw, fetched_at: datetime, number: str | None = None
) -> DueNotice:
    """A due notice with its lines; the one of that number, where one was asked for."""
    avis = decode(operation, body, wire.Avis)
    if number not in {None, avis.id}:
        raise malformed(operation, "another notice than asked for")
    return checked(operation, lambda: _due_notice(avis, fetched_at))


def parse_due_notices(
    operation: str, body: bytes, fetched_at: datetime
) -> dict[str, tuple[DueNotice, ...] | UpstreamError | None]:
    """A batch of notices by account, newest first; None where the account is said unknown, nothing where none exist."""

    def parse_all(items: list[msgspec.Raw]) -> tuple[DueNotice, ...]:
        notices = [parse_due_notice(operation, item, fetched_at) for item in items]
        unique = {notice.period: notice for notice in reversed(notices)}  # a period is unique: the first counts
        return tuple(sorted(unique.values(), key=lambda notice: notice.period, reverse=True))

    answer = decode(operation, body, wire.ResultatAvis)
    found: dict[str, tuple[DueNotice, ...] | UpstreamError | None] = {**_errors(operation, answer.erreurs)}
    for number, items in _by_account(operation, answer.avis).items():
        found[number] = _outcome(parse_all, items)
    return found


def parse_deposit_receipt(operation: str, body: bytes) -> DepositReceipt:
    """ACCEPTE or DOUBLON: either way billing has it."""
    depot = decode(operation, body, wire.Depot)
    if depot.statut not in {"ACCEPTE", "DOUBLON"}:
        raise malformed(operation, "neither ACCEPTE nor DOUBLON")
    return DepositReceipt(depot.lot, already_known=depot.statut == "DOUBLON")


def parse_deposit_status(operation: str, body: bytes, external_reference: str) -> DepositStatus | None:
    """The deposit of that reference; None where billing never received it."""
    answer = decode(operation, body, wire.ResultatEncaissements)
    found = (deposit for deposit in answer.encaissements if deposit.referenceExterne == external_reference)
    deposit = next(found, None)
    return None if deposit is None else checked(operation, lambda: _deposit_status(deposit))


def _parse_own_balance(operation: str, fetched_at: datetime, number: str, item: msgspec.Raw) -> Balance:
    return parse_balance(operation, item, fetched_at, number)


def _balance(compte: wire.Compte, fetched_at: datetime) -> Balance:
    debit, plan = compte.prochainPrelevement, compte.planApurement
    return Balance(
        account_number=compte.numeroCompte,
        amount=owed(compte.solde),
        due=owed(compte.soldeExigible),
        state=ACCOUNT_STATES.get(compte.etat.strip(), AccountState.OTHER),
        state_code=compte.etat.strip(),
        next_direct_debit=PlannedDebit(debit.date, positive(debit.montant)) if debit else None,
        payment_plan=PaymentPlan(positive(plan.mensualite), positive(plan.resteDu), plan.dateFin) if plan else None,
        freshness=Freshness(SourceSystem.BILLING, fetched_at, as_of=moment(compte.dateArrete)),
    )


def _entry(entry: wire.Mouvement, freshness: Freshness) -> LedgerEntry:
    debit, credit = debit_or_credit(entry.debit, entry.credit)
    return LedgerEntry(
        id=entry.id,
        value_date=entry.dateValeur,
        posted_at=moment(entry.dateSaisie),
        period=None if entry.periode is None else period(entry.periode),
        kind=LEDGER_KINDS.get(entry.nature.strip(), LedgerKind.OTHER),
        kind_code=entry.nature.strip(),
        label=entry.libelle.strip(),
        debit=debit,
        credit=credit,
        running_balance=None if entry.soldeApres is None else owed(entry.soldeApres),
        reject_reason=text(entry.motifRejet),
        external_reference=text(entry.referenceExterne),
        freshness=freshness,
    )


def _due_notice(avis: wire.Avis, fetched_at: datetime) -> DueNotice:
    return DueNotice(
        number=avis.id,
        account_number=avis.numeroCompte,
        period=period(avis.periode),
        issued_on=avis.dateEmission,
        due_on=avis.dateLimite,
        direct_debit_on=avis.datePrelevement,
        previous_balance=owed(avis.soldeAnterieur),
        period_total=owed(avis.totalMois),
        amount_due=owed(avis.netAPayer),
        payment_mode=PAYMENT_MODES.get(avis.mode.strip(), PaymentMode.OTHER),
        payment_mode_code=avis.mode.strip(),
        tip_reference=text(avis.referenceTip),
        sepa_mandate_reference=text(avis.rum),
        receipt=RECEIPTS.get((avis.quittance or "").strip(), Receipt.NONE),
        receipt_code=text(avis.quittance),
        document=DOCUMENT_STATES.get(avis.document.strip(), DocumentState.OTHER),
        document_code=avis.document.strip(),
        lines=tuple(map(_line, avis.lignes)),
        freshness=Freshness(SourceSystem.BILLING, fetched_at),
    )


def _line(line: wire.LigneAvis) -> DueNoticeLine:
    debit, credit = debit_or_credit(line.debit, line.credit)
    code = line.rubrique.strip()
    return DueNoticeLine(
        code=code,
        label=line.libelle.strip(),
        category=CATEGORIES.get(code, DueNoticeCategory.OTHER),
        amount=debit if debit is not None else Money.of(-credit.amount if credit else 0),
        quantity=None if line.quantite is None else quantity(line.quantite),
        unit=text(line.unite),
    )


def _deposit_status(deposit: wire.Encaissement) -> DepositStatus:
    return DepositStatus(
        external_reference=deposit.referenceExterne,
        account_number=deposit.numeroCompte,
        amount=positive(deposit.montant),
        state=DEPOSIT_STATES.get(deposit.statut.strip(), DepositState.OTHER),
        state_code=deposit.statut.strip(),
        lot=deposit.lot,
        entry_id=text(deposit.idMouvement),
        reject_reason=text(deposit.motifRejet),
    )


def _is_of_another(entry_id: str, account_number: str) -> bool:
    match = re.fullmatch(r"M([0-9]{7})-[0-9]+", entry_id)
    return match is not None and match[1] != account_number.removeprefix("L")


def _by_account(operation: str, items: Iterable[msgspec.Raw]) -> dict[str, list[msgspec.Raw]]:
    accounts: dict[str, list[msgspec.Raw]] = {}
    for item in items:
        with suppress(UpstreamMalformed):  # nobody's, so it spoils nobody's answer
            accounts.setdefault(decode(operation, item, wire.CleCompte).numeroCompte, []).append(item)
    return accounts


def _errors(operation: str, errors: Iterable[wire.ErreurCompte]) -> dict[str, M | UpstreamError | None]:
    found: dict[str, M | UpstreamError | None] = {}
    for error in errors:
        found.setdefault(error.numeroCompte, None if error.code == UNKNOWN else refusal_error(operation, error.code))
    return found


def _outcome(parse: Callable[[T], M], item: T) -> M | UpstreamError:
    try:
        return parse(item)
    except UpstreamMalformed as error:
        return error

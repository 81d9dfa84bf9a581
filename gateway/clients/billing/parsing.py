"""Billing's answers as models: items by account, codes translated. No I/O."""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from enum import Enum
from functools import lru_cache, partial
from operator import attrgetter
from typing import TypeVar

import msgspec

from gateway.clients.billing import wire
from gateway.clients.billing.codes import (
    ACCOUNT_STATES,
    DEPOSIT_STATES,
    DOCUMENT_STATES,
    LEDGER_KINDS,
    PAYMENT_MODES,
    RECEIPTS,
    Codes,
)
from gateway.clients.billing.lines import read_lines
from gateway.clients.billing.reading import (
    UNREADABLE,
    checked,
    debit_or_credit,
    decode,
    decoder_of,
    malformed,
    moment,
    owed,
    period,
    positive,
    text,
)
from gateway.clients.billing.refusals import UNKNOWN, refusal_error
from gateway.errors import UpstreamError, UpstreamMalformed
from gateway.models.balance import Balance, PaymentPlan, PlannedDebit
from gateway.models.dates import YearMonth
from gateway.models.due_notice import DueNotice
from gateway.models.freshness import Freshness, SourceSystem
from gateway.models.ledger import LedgerEntry, LedgerPage
from gateway.models.payment import DepositReceipt, DepositStatus

R = TypeVar("R", wire.Compte, wire.Avis)
M = TypeVar("M")
E = TypeVar("E", bound=Enum)


def parse_balance(operation: str, body: bytes, fetched_at: datetime, account_number: str) -> Balance:
    """The rent account of that number."""
    compte = decode(operation, body, wire.Compte)
    if compte.numeroCompte != account_number:
        raise malformed(operation, "another account than asked for")
    return checked(operation, _balance, fetched_at, compte)


def parse_balances(operation: str, body: bytes, fetched_at: datetime) -> dict[str, Balance | UpstreamError | None]:
    """A batch of rent accounts by number, the first of several; None where said unknown."""
    answer = decode(operation, body, wire.ResultatComptes)
    found: dict[str, Balance | UpstreamError | None] = _errors(operation, answer.erreurs)
    rows = _by_account(operation, answer.comptes, wire.Compte, partial(_balance, fetched_at))
    return found | {number: outcomes[0] for number, outcomes in rows.items()}


def parse_ledger_page(operation: str, body: bytes, fetched_at: datetime, account_number: str) -> LedgerPage:
    """A page of an account's ledger, newest first; of an entry given twice, the first.

    Rows do not name their account, but their ids do: a page with somebody else's row is not to be trusted. Nor is one
    with fewer entries than it says itself: among those that are missing may be a payment.
    """
    page = decode(operation, body, wire.PageMouvements)
    entries: dict[str, wire.Mouvement] = {}
    freshness = Freshness(SourceSystem.BILLING, fetched_at)
    for entry in page.contenu:
        if _is_of_another(entry.id, account_number):
            raise malformed(operation, "a row of another account")
        entries.setdefault(entry.id, entry)
    if len(entries) < min(page.taille, page.total - page.page * page.taille):
        raise UpstreamMalformed(SourceSystem.BILLING, operation, "fewer entries than it says", passing=True)
    found = checked(operation, lambda: [_entry(entry, freshness) for entry in entries.values()])
    found.sort(key=lambda entry: (entry.posted_at, entry.id), reverse=True)
    return LedgerPage(tuple(found), page.dernierePage)


def parse_due_notice(operation: str, body: bytes, fetched_at: datetime, number: str) -> DueNotice:
    """The due notice of that number, with its lines."""
    avis = decode(operation, body, wire.Avis)
    if avis.id != number:
        raise malformed(operation, "another notice than asked for")
    return checked(operation, _due_notice, operation, Freshness(SourceSystem.BILLING, fetched_at), avis)


def parse_due_notices(
    operation: str, body: bytes, fetched_at: datetime
) -> dict[str, tuple[DueNotice, ...] | UpstreamError | None]:
    """A batch of notices by account, newest first; None where the account is said unknown, nothing where none exist."""
    answer = decode(operation, body, wire.ResultatAvis)
    found: dict[str, tuple[DueNotice, ...] | UpstreamError | None] = _errors(operation, answer.erreurs)
    freshness = Freshness(SourceSystem.BILLING, fetched_at)
    rows = _by_account(operation, answer.avis, wire.Avis, partial(_due_notice, operation, freshness))
    return found | {number: _newest_first(outcomes) for number, outcomes in rows.items()}


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
    return None if deposit is None else checked(operation, _deposit_status, deposit)


def _balance(fetched_at: datetime, compte: wire.Compte) -> Balance:
    debit, plan = compte.prochainPrelevement, compte.planApurement
    return Balance(
        account_number=compte.numeroCompte,
        amount=owed(compte.solde),
        due=owed(compte.soldeExigible),
        state=ACCOUNT_STATES[compte.etat.strip()],
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
        kind=LEDGER_KINDS[entry.nature.strip()],
        kind_code=entry.nature.strip(),
        label=entry.libelle.strip(),
        debit=debit,
        credit=credit,
        running_balance=None if entry.soldeApres is None else owed(entry.soldeApres),
        reject_reason=text(entry.motifRejet),
        external_reference=text(entry.referenceExterne),
        freshness=freshness,
    )


def _newest_first(outcomes: Iterable[DueNotice | UpstreamMalformed]) -> tuple[DueNotice, ...] | UpstreamMalformed:
    unique: dict[YearMonth, DueNotice] = {}  # a period is unique: the first counts
    for outcome in outcomes:
        if isinstance(outcome, UpstreamMalformed):
            return outcome
        unique.setdefault(outcome.period, outcome)
    return tuple(sorted(unique.values(), key=attrgetter("period"), reverse=True))


def _due_notice(operation: str, freshness: Freshness, avis: wire.Avis) -> DueNotice:
    payment_mode, payment_mode_code = _payment_mode(avis.mode)
    receipt, receipt_code = _receipt(avis.quittance or "")
    document, document_code = _document(avis.document)
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
        payment_mode=payment_mode,
        payment_mode_code=payment_mode_code,
        tip_reference=None if avis.referenceTip is None else text(avis.referenceTip),
        sepa_mandate_reference=None if avis.rum is None else text(avis.rum),
        receipt=receipt,
        receipt_code=receipt_code or None,
        document=document,
        document_code=document_code,
        lines=read_lines(operation, bytes(avis.lignes)),
        freshness=freshness,
    )


def _coded(codes: Codes[E]) -> Callable[[str], tuple[E, str]]:
    """Looks codes up as they are written: what one means, and itself without blanks."""

    @lru_cache(maxsize=64)
    def read(written: str) -> tuple[E, str]:
        code = written.strip()
        return codes[code], code

    return read


_payment_mode, _receipt, _document = _coded(PAYMENT_MODES), _coded(RECEIPTS), _coded(DOCUMENT_STATES)


def _deposit_status(deposit: wire.Encaissement) -> DepositStatus:
    return DepositStatus(
        external_reference=deposit.referenceExterne,
        account_number=deposit.numeroCompte,
        amount=positive(deposit.montant),
        state=DEPOSIT_STATES[deposit.statut.strip()],
        state_code=deposit.statut.strip(),
        lot=deposit.lot,
        entry_id=text(deposit.idMouvement),
        reject_reason=text(deposit.motifRejet),
    )


def _is_of_another(entry_id: str, account_number: str) -> bool:
    match = re.fullmatch(r"M([0-9]{7})-[0-9]+", entry_id)
    return match is not None and match[1] != account_number.removeprefix("L")


def _by_account(
    operation: str, items: Iterable[msgspec.Raw], shape: type[R], build: Callable[[R], M]
) -> dict[str, list[M | UpstreamMalformed]]:
    """By account what its rows say, each a model or the error that it met."""
    accounts: dict[str, list[M | UpstreamMalformed]] = {}
    decoder: msgspec.json.Decoder[R] = decoder_of(shape)
    for item in items:
        account = None
        try:
            row = decoder.decode(item)
            account = row.numeroCompte
            outcome: M | UpstreamMalformed = build(row)
        except UpstreamMalformed as error:
            outcome = error
        except UNREADABLE as error:
            outcome = malformed(operation, f"no {shape.__name__}" if account is None else str(error))
        if account is None:
            with suppress(UpstreamMalformed):  # nobody's, so it spoils nobody's answer
                account = decode(operation, item, wire.CleCompte).numeroCompte
        if account is not None:
            accounts.setdefault(account, []).append(outcome)
    return accounts


def _errors(operation: str, errors: Iterable[wire.ErreurCompte]) -> dict[str, M | UpstreamError | None]:
    found: dict[str, M | UpstreamError | None] = {}
    for error in errors:
        found.setdefault(error.numeroCompte, None if error.code == UNKNOWN else refusal_error(operation, error.code))
    return found

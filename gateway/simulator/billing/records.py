"""The records of billing's answers: account, ledger entry, notice, payment."""

from datetime import datetime
from typing import Any

from gateway.simulator.billing.books import Balance, Deposit
from gateway.simulator.billing.values import amount, dumps, inverted, put
from gateway.simulator.landlord import Tenant
from gateway.simulator.landlord.accounts import Account, Entry, Line, Notice


def account(account: Account, balance: Balance, variety: int) -> str:
    """A Compte."""
    record: dict[str, Any] = {
        "numeroCompte": account.number,
        "solde": inverted(balance.cents),
        "soldeExigible": inverted(balance.due_cents),
        "dateArrete": f"{balance.computed_at:%Y-%m-%dT%H:%M:%S}",
        "etat": account.state_code,
    }
    upcoming = account.direct_debit_on
    debit = None
    if upcoming is not None and upcoming >= balance.computed_at.date() and balance.cents > 0:
        debit = {"date": upcoming.isoformat(), "montant": amount(balance.cents)}
    put(record, "prochainPrelevement", debit, null=variety % 2 == 0)
    plan = account.plan and {
        "mensualite": amount(account.plan.monthly_cents),
        "resteDu": amount(account.plan.remaining_cents),
        "dateFin": account.plan.end_date.isoformat(),
    }
    put(record, "planApurement", plan, null=variety % 2 == 1)
    return dumps(record)


def entry(entry: Entry, variety: int) -> str:
    """A Mouvement."""
    null = variety % 2 == 1
    record: dict[str, Any] = {
        "id": entry.id,
        "dateValeur": entry.value_date.isoformat(),
        "dateSaisie": f"{entry.posted_at:%Y-%m-%dT%H:%M:%S}",
    }
    put(record, "periode", entry.period and entry.period.number, null=null)
    record["nature"] = entry.kind
    record["libelle"] = entry.label
    put(record, "debit", None if entry.debit_cents is None else amount(entry.debit_cents), null=null)
    put(record, "credit", None if entry.credit_cents is None else amount(entry.credit_cents), null=null)
    record["soldeApres"] = inverted(entry.balance_after_cents)
    put(record, "motifRejet", entry.reject_reason, null=null)
    put(record, "referenceExterne", entry.external_reference, null=null)
    return dumps(record)


def notice(tenant: Tenant, notice: Notice, document: str) -> str:
    """An Avis, written once for each state of its document."""
    kept = tenant.fragments.get((notice.id, document))
    if kept is None:
        kept = dumps(_notice(notice, tenant.index) | {"document": document})
        tenant.fragments[notice.id, document] = kept
    return str(kept)


def deposit(deposit: Deposit, now: datetime) -> str:
    """An Encaissement."""
    status = deposit.status(now)
    record: dict[str, Any] = {
        "referenceExterne": deposit.reference,
        "numeroCompte": deposit.account_number,
        "montant": amount(deposit.cents),
        "mode": deposit.mode,
        "dateValeur": deposit.value_date.isoformat(),
        "statut": status,
        "lot": deposit.lot.code,
    }
    if status == "COMPTABILISE":
        record["idMouvement"] = deposit.entry_id
    elif status == "REJETE":
        record |= {"idMouvement": None, "motifRejet": deposit.reject_reason}
    return dumps(record)


def _notice(notice: Notice, variety: int) -> dict[str, Any]:
    null = variety % 2 == 1
    record: dict[str, Any] = {
        "id": notice.id,
        "numeroCompte": notice.account_number,
        "periode": notice.period.number,
        "dateEmission": notice.issued_on.isoformat(),
        "dateLimite": notice.due_on.isoformat(),
    }
    debit_on = notice.direct_debit_on
    put(record, "datePrelevement", debit_on and debit_on.isoformat(), null=null)
    record["soldeAnterieur"] = inverted(notice.previous_balance_cents)
    record["totalMois"] = inverted(notice.total_cents)
    record["netAPayer"] = inverted(notice.amount_due_cents)
    record["mode"] = notice.payment_mode
    put(record, "referenceTip", notice.tip_reference, null=null)
    put(record, "rum", notice.mandate_reference, null=null)
    put(record, "quittance", notice.receipt, null=null)
    record["lignes"] = [_line(line, null=null) for line in notice.lines]
    return record


def _line(line: Line, *, null: bool) -> dict[str, Any]:
    record: dict[str, Any] = {"rubrique": line.code, "libelle": line.label}
    put(record, "debit", None if line.debit_cents is None else amount(line.debit_cents), null=null)
    put(record, "credit", None if line.credit_cents is None else amount(line.credit_cents), null=null)
    quantity = line.quantity_thousandths
    put(record, "quantite", None if quantity is None else quantity / 1000, null=null)
    put(record, "unite", line.unit, null=null)
    return record

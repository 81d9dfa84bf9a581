"""The transactions of some days as a file, as a merchant gets it from the back office every night.

After the public description of the platform's reports: fields apart by ``;``, a line ``TITRE``, a line with the names
of the columns, a line for each transaction that exists, which an abandoned payment does not.
"""

import csv
import io
from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

from gateway.simulator.payment_page.forms import Shop
from gateway.simulator.payment_page.transactions import Transaction

COLUMNS: Final = (
    *("TRANSACTION_UUID", "TRANSACTION_ID", "ORDER_ID", "OPERATION_TYPE", "OPERATION_DIRECTION", "TRANSACTION_STATUS"),
    *("PAYMENT_DATE", "AMOUNT", "CURRENCY", "PAYMENT_METHOD"),
)
"""AMOUNT in the smallest unit of CURRENCY (a number of ISO 4217), PAYMENT_DATE in UTC, ISO 8601."""


def write_journal(transactions: Iterable[Transaction], shop: Shop, since: date, until: date, now: datetime) -> str:
    """The file of the transactions decided on these UTC days, both included."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(["TITRE", f"{now:%Y-%m-%dT%H:%MZ}", "V1", shop.site_id, shop.name.upper().replace(" ", "_")])
    writer.writerow(COLUMNS)
    writer.writerows(_row(each) for each in transactions if _exists(each, since, until))
    return text.getvalue()


def _exists(transaction: Transaction, since: date, until: date) -> bool:
    decided = transaction.decided_at
    return decided is not None and transaction.status != "ABANDONED" and since <= decided.date() <= until


def _row(transaction: Transaction) -> list[str]:
    return [
        transaction.uuid,
        transaction.form["vads_trans_id"],
        transaction.order_id,
        "SINGLE",
        transaction.direction,
        transaction.status or "",
        f"{transaction.decided_at:%Y-%m-%dT%H:%M:%SZ}",
        str(transaction.amount_cents),
        transaction.form["vads_currency"],
        transaction.brand,
    ]

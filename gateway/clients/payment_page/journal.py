"""The back office's nightly transaction report (journal des transactions): what the page itself holds to be paid."""

import csv
import io
from collections import defaultdict
from typing import Final

from gateway.clients.payment_page.form import EURO

_NEEDED: Final = ("ORDER_ID", "OPERATION_DIRECTION", "TRANSACTION_STATUS", "AMOUNT", "CURRENCY")
_PAID: Final = {"AUTHORISED", "CAPTURED", "ACCEPTED"}


class JournalMalformed(Exception):
    """The file is no such report; the text says where."""


def parse_journal(text: str) -> dict[str, int]:
    """Cents paid by order: debits less credits. 0 for orders of which nothing is paid. Raises JournalMalformed.

    Fields apart by `;`; lines before the one with the columns' names are titles.
    """
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=";")
    columns: list[str] | None = None
    paid: defaultdict[str, int] = defaultdict(int)
    try:
        for line in lines:
            if columns is None:
                columns = line if "ORDER_ID" in line else None
                _check(columns, lines.line_num)
            elif any(line):
                if len(line) != len(columns):
                    raise JournalMalformed(f"line {lines.line_num} has {len(line)} fields, not {len(columns)}")
                order_id, cents = _read(dict(zip(columns, line, strict=True)), lines.line_num)
                paid[order_id] += cents
    except csv.Error as error:
        raise JournalMalformed(f"line {lines.line_num} is not CSV") from error
    if columns is None:
        raise JournalMalformed("there is no line with the names of the columns")
    return dict(paid)


def _check(columns: list[str] | None, line: int) -> None:
    missing = [name for name in _NEEDED if name not in columns] if columns is not None else []
    if missing:
        raise JournalMalformed(f"line {line}: the column {missing[0]} is missing")


def _read(row: dict[str, str], line: int) -> tuple[str, int]:
    amount, direction = row.get("AMOUNT", ""), row.get("OPERATION_DIRECTION")
    if not (amount.isascii() and amount.isdecimal() and len(amount) <= 12) or direction not in {"DEBIT", "CREDIT"}:
        raise JournalMalformed(f"line {line}: AMOUNT or OPERATION_DIRECTION is not readable")
    if row.get("TRANSACTION_STATUS") not in _PAID or row.get("CURRENCY") != EURO:
        return row["ORDER_ID"], 0
    return row["ORDER_ID"], int(amount) if direction == "DEBIT" else -int(amount)

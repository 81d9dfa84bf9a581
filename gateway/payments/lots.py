"""Billing's booking runs (docs/legacy/README.md, 2.6): a payment is in the ledger once its run has taken place."""

import re
from datetime import UTC, date, datetime, time
from typing import Final

from gateway.models.dates import PARIS

_TIMES: Final = {"01": time(6, 30), "02": time(10, 30), "03": time(14, 30), "04": time(18, 30)}
_CODE: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})-(0[1-4])")


def run_of(lot: str) -> datetime | None:
    """When the run of that code (`20261104-03`) takes place; None for a code of another form."""
    day, found = day_of(lot), _CODE.fullmatch(lot)
    return None if day is None or found is None else datetime.combine(day, _TIMES[found[4]], PARIS).astimezone(UTC)


def day_of(lot: str) -> date | None:
    """The day of a run."""
    if (found := _CODE.fullmatch(lot)) is None:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None


def first_lot_of(day: date) -> str:
    """A code before which no run of that day comes."""
    return f"{day:%Y%m%d}-00"

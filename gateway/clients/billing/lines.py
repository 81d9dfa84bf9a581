"""The lines of due notices, read once where the same text comes again: most months cost what the month before did."""

from functools import lru_cache
from typing import Final

import msgspec

from gateway.clients.billing import wire
from gateway.clients.billing.codes import CATEGORIES
from gateway.clients.billing.reading import debit_or_credit, decode, quantity, text
from gateway.models.due_notice import DueNoticeLine
from gateway.models.money import Money

_MOST_KNOWN: Final = 2_048
_LONGEST_KNOWN: Final = 4_096
"""Bytes of a text that is remembered; texts are of some hundred bytes, and what is known of all then takes 5 MB."""


def read_lines(operation: str, written: bytes) -> tuple[DueNoticeLine, ...]:
    """The lines of one notice from their JSON."""
    return (_known_lines if len(written) <= _LONGEST_KNOWN else _lines)(operation, written)


def forget_lines() -> None:
    """Ends what is remembered of all lines."""
    _known_lines.cache_clear()
    _known_line.cache_clear()


def _lines(operation: str, written: bytes) -> tuple[DueNoticeLine, ...]:
    return tuple(
        [
            (_known_line if len(line) <= _LONGEST_KNOWN else _line)(operation, line)
            for line in map(bytes, decode(operation, written, list[msgspec.Raw]))
        ]
    )


def _line(operation: str, written: bytes) -> DueNoticeLine:
    line = decode(operation, written, wire.LigneAvis)
    debit, credit = debit_or_credit(line.debit, line.credit)
    code = line.rubrique.strip()
    return DueNoticeLine(
        code=code,
        label=line.libelle.strip(),
        category=CATEGORIES[code],
        amount=debit if debit is not None else Money(-credit.cents if credit else 0),
        quantity=None if line.quantite is None else quantity(line.quantite),
        unit=text(line.unite),
    )


_known_lines, _known_line = lru_cache(_MOST_KNOWN)(_lines), lru_cache(_MOST_KNOWN)(_line)

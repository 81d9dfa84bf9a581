"""What the texts of a SOAP answer mean: sentinels, dates, numbers (docs/legacy/README.md, 1.1 and 1.5).

Each form is a table from the text as sent to its value; None, the empty text and blanks are no value.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TypeVar

from gateway.models.dates import PARIS, YearMonth
from gateway.models.money import Money

_WINDOWS_1252 = {code: bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(0x80, 0xA0)}
_IS_WINDOWS_1252 = re.compile("[\x80-\x9f]")
_DECIMAL = re.compile(r"-?[0-9]{1,15}(?:,[0-9]{1,6})?")
_SEPARATED_DECIMAL = re.compile(r"-?[0-9]{1,3}(?:[ \u00a0][0-9]{3}){1,4}(?:,[0-9]{1,6})?")
_INTEGER = re.compile(r"-?[0-9]{1,9}")
_DATE = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
_MONTH = re.compile(r"([0-9]{2})/([0-9]{4})")
_MOMENT = re.compile(r"([0-9]{2}/[0-9]{2}/[0-9]{4}) ([0-9]{2}):([0-9]{2})")
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_PHONE = re.compile(r"\+?[0-9]{2,20}")
_NO_DATE = dt.date(1900, 1, 1)
_OPEN_END = dt.date(9999, 12, 31)
_LONGEST_KEPT = 40

V = TypeVar("V")
B = TypeVar("B")


class Unreadable(Exception):
    """A text that the contract forbids; the message holds nothing of it."""


class Values(dict[str | None, V]):
    """What texts mean, by the text as sent; `blank` where it is blank, empty or absent. A look-up raises Unreadable.

    Up to `kept` meanings are held at a time, which is for what repeats and is nobody's own.
    """

    __slots__ = ("_blank", "_kept", "_read")

    def __init__(self, read: Callable[[str], V], blank: V, *, kept: int = 0) -> None:
        super().__init__()
        self._read, self._blank, self._kept = read, blank, kept

    def __missing__(self, sent: str | None) -> V:
        text = trimmed(sent)
        value = self._blank if text is None else self._read(text)
        if self._kept and (sent is None or len(sent) <= _LONGEST_KEPT):
            if len(self) >= self._kept:
                self.clear()
            self[sent] = value
        return value


def trimmed(sent: str | None) -> str | None:
    """The text with Windows-1252 repaired and without the blanks around; None where nothing is left."""
    if not sent:
        return None
    if not sent.isascii() and _IS_WINDOWS_1252.search(sent):
        sent = sent.translate(_WINDOWS_1252)
    return sent.strip() or None


def coded(other: V, listed: Mapping[str, V]) -> Values[tuple[V, str | None]]:
    """Codes, with the text that they are written in; `other` where not listed, and where blank."""
    return _coded(other, listed, other)


def coded_or_none(other: V, listed: Mapping[str, V]) -> Values[tuple[V | None, str | None]]:
    """As `coded`, but a blank code is no value."""
    return _coded(other, listed, None)


def decimals(*null: str, kept: int = 0, made: Callable[[str], Decimal] = Decimal) -> Values[Decimal | None]:
    """Decimals with comma, `made` of them as Python writes them.

    `null` are the field's sentinels as written, without thousands separators.
    """

    def read(text: str) -> Decimal | None:
        plain = text if _DECIMAL.fullmatch(text) else _without_separators(text)
        return None if plain in null else made(plain.replace(",", "."))

    return Values(read, None, kept=kept)


def integers(*null: str) -> Values[int | None]:
    """Integers, leading zeros allowed; `null` are the field's sentinels as written."""

    def read(text: str) -> int | None:
        if text in null:
            return None
        if not _INTEGER.fullmatch(text):
            raise Unreadable("no integer")
        return int(text)

    return Values(read, None, kept=1024)


def _coded(other: V, listed: Mapping[str, V], blank: B) -> Values[tuple[V | B, str | None]]:
    def read(code: str) -> tuple[V | B, str | None]:
        return listed.get(code, other), code

    return Values(read, (blank, None), kept=256)


def _without_separators(text: str) -> str:
    if not _SEPARATED_DECIMAL.fullmatch(text):
        raise Unreadable("no number")
    return text.replace(" ", "").replace("\u00a0", "")


def _flag(text: str) -> bool:
    if text not in {"O", "N"}:
        raise Unreadable("neither O nor N")
    return text == "O"


def _date(text: str) -> dt.date | None:
    try:
        match = _DATE.fullmatch(text)
        day = dt.date(int(match[3]), int(match[2]), int(match[1])) if match else None
    except ValueError:
        day = None
    if day is None:
        raise Unreadable("no date")
    return None if day == _NO_DATE else day


def _end_date(text: str) -> dt.date | None:
    return None if (day := _date(text)) == _OPEN_END else day


def _moment(text: str) -> dt.datetime | None:
    if not (match := _MOMENT.fullmatch(text)):
        raise Unreadable("no date and time")
    if (day := _date(match[1])) is None:
        return None
    try:
        local = dt.datetime(day.year, day.month, day.day, int(match[2]), int(match[3]), tzinfo=PARIS)
        return local.astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise Unreadable("no date and time") from error


def _month(text: str) -> YearMonth | None:
    if not (match := _MONTH.fullmatch(text)) or not 1 <= int(match[1]) <= 12 or match[2] == "0000":
        raise Unreadable("no month")
    return None if text == "01/1900" else YearMonth(int(match[2]), int(match[1]))


def _time(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise Unreadable("no time")
    return text


def _money(text: str) -> Money:
    plain = text if _DECIMAL.fullmatch(text) else _without_separators(text)
    try:
        return Money.of(plain.replace(",", "."))
    except ValueError as error:
        raise Unreadable("no amount") from error


def _phone(text: str) -> str | None:
    digits = "".join(text.replace(".", " ").split())
    if digits == "0000000000":
        return None
    if not _PHONE.fullmatch(digits):
        raise Unreadable("no telephone number")
    return digits


def _email(text: str) -> str | None:
    return None if text.upper() == "NEANT" else text


FLAG: Values[bool | None] = Values(_flag, None, kept=64)
"""`O` or `N`."""
DATE: Values[dt.date | None] = Values(_date, None, kept=8192)
"""`JJ/MM/AAAA`; 01/01/1900 is no date."""
END_DATE: Values[dt.date | None] = Values(_end_date, None, kept=8192)
"""As a date; 31/12/9999 is an open end."""
MONTH: Values[YearMonth | None] = Values(_month, None, kept=1024)
"""`MM/AAAA`; 01/1900 is no month."""
MOMENT: Values[dt.datetime | None] = Values(_moment, None)
"""`JJ/MM/AAAA HH:MM`, Paris time, as UTC; of an hour that happens twice, the first."""
TIME: Values[str | None] = Values(_time, None, kept=1024)
"""`HH:MM`."""
INTEGER = integers()
"""An integer, leading zeros allowed."""
MONEY: Values[Money | None] = Values(_money, None)
"""A decimal of at most two places, in euros."""
PHONE: Values[str | None] = Values(_phone, None)
"""Digits only, a leading + stays; ten zeros are no number."""
EMAIL: Values[str | None] = Values(_email, None)
"""As typed; `NEANT` is none."""

"""The texts of a SOAP answer as typed values: blanks, sentinels, dates, numbers (docs/legacy/README.md, 1.1, 1.5)."""

import datetime as dt
import re
from collections.abc import Container
from decimal import Decimal

from lxml import etree

from gateway.errors import UpstreamMalformed
from gateway.models.dates import PARIS, YearMonth
from gateway.models.freshness import SourceSystem
from gateway.models.money import Money

NAMESPACE = "http://ws.gestion-locative.example/2013/03"

_TAG_START = len(NAMESPACE) + 2
_WINDOWS_1252 = {code: bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(0x80, 0xA0)}
_DECIMAL = re.compile(r"-?(?:[0-9]{1,15}|[0-9]{1,3}(?:[ \u00a0][0-9]{3}){1,4})(?:,[0-9]{1,6})?")
_INTEGER = re.compile(r"-?[0-9]{1,9}")
_DATE = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
_MONTH = re.compile(r"([0-9]{2})/([0-9]{4})")
_MOMENT = re.compile(r"([0-9]{2}/[0-9]{2}/[0-9]{4}) ([0-9]{2}):([0-9]{2})")
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_PHONE = re.compile(r"\+?[0-9]{2,20}")
_NO_DATE = dt.date(1900, 1, 1)
_OPEN_END = dt.date(9999, 12, 31)


class Element:
    """One element of an answer, its children by name. What the contract forbids raises UpstreamMalformed."""

    __slots__ = ("_children", "operation")

    def __init__(self, element: etree._Element, operation: str) -> None:
        self.operation = operation
        self._children: dict[str, list[etree._Element]] = {}
        for child in element:
            self._children.setdefault(child.tag[_TAG_START:], []).append(child)

    def malformed(self, name: str, why: str) -> UpstreamMalformed:
        """The error to raise for the child of that name; `why` holds nothing of its text."""
        return UpstreamMalformed(SourceSystem.PROPERTY_MANAGEMENT, self.operation, f"{name}: {why}")

    def children(self, name: str) -> list["Element"]:
        """Every child of that name."""
        return [Element(child, self.operation) for child in self._children.get(name, ())]

    def child(self, name: str) -> "Element | None":
        """The first child of that name."""
        found = self._children.get(name)
        return Element(found[0], self.operation) if found else None

    def text(self, name: str) -> str | None:
        """Trimmed text with Windows-1252 repaired; None where blank, empty or absent."""
        found = self._children.get(name)
        if not found or not (text := found[0].text):
            return None
        if not text.isascii():
            text = text.translate(_WINDOWS_1252)
        return text.strip() or None

    def texts(self, name: str) -> list[str]:
        """The texts of every child of that name, as `text`; blank ones left out."""
        texts = (child.text or "" for child in self._children.get(name, ()))
        return [text for text in (each.translate(_WINDOWS_1252).strip() for each in texts) if text]

    def required(self, name: str) -> str:
        """As `text`, never None."""
        if (text := self.text(name)) is None:
            raise self.malformed(name, "missing")
        return text

    def flag(self, name: str) -> bool | None:
        """`O` or `N`."""
        match self.text(name):
            case None:
                return None
            case "O":
                return True
            case "N":
                return False
        raise self.malformed(name, "neither O nor N")

    def date(self, name: str) -> dt.date | None:
        """`JJ/MM/AAAA`; 01/01/1900 is no date."""
        return None if (text := self.text(name)) is None else self._as_date(name, text)

    def required_date(self, name: str) -> dt.date:
        """As `date`, never None."""
        if (day := self.date(name)) is None:
            raise self.malformed(name, "missing")
        return day

    def end_date(self, name: str) -> dt.date | None:
        """As `date`; 31/12/9999 is an open end."""
        return None if (day := self.date(name)) == _OPEN_END else day

    def moment(self, name: str) -> dt.datetime | None:
        """`JJ/MM/AAAA HH:MM`, Paris time, as UTC; of an hour that happens twice, the first."""
        if (text := self.text(name)) is None:
            return None
        if not (match := _MOMENT.fullmatch(text)):
            raise self.malformed(name, "no date and time")
        day = self._as_date(name, match[1])
        if day is None:
            return None
        try:
            local = dt.datetime(day.year, day.month, day.day, int(match[2]), int(match[3]), tzinfo=PARIS)
            return local.astimezone(dt.UTC)
        except (ValueError, OverflowError) as error:
            raise self.malformed(name, "no date and time") from error

    def month(self, name: str) -> YearMonth | None:
        """`MM/AAAA`; 01/1900 is no month."""
        if (text := self.text(name)) is None:
            return None
        if not (match := _MONTH.fullmatch(text)) or not 1 <= int(match[1]) <= 12 or match[2] == "0000":
            raise self.malformed(name, "no month")
        return None if text == "01/1900" else YearMonth(int(match[2]), int(match[1]))

    def time(self, name: str) -> str | None:
        """`HH:MM`."""
        if (text := self.text(name)) is not None and not _TIME.fullmatch(text):
            raise self.malformed(name, "no time")
        return text

    def decimal(self, name: str, *, null: Container[str] = ()) -> Decimal | None:
        """A decimal with comma; `null` lists the field's sentinels as written, without thousands separators."""
        if (text := self.text(name)) is None:
            return None
        if not _DECIMAL.fullmatch(text):
            raise self.malformed(name, "no number")
        plain = text.replace(" ", "").replace("\u00a0", "")
        return None if plain in null else Decimal(plain.replace(",", "."))

    def money(self, name: str) -> Money | None:
        """A decimal of at most two places, in euros."""
        if (amount := self.decimal(name)) is None:
            return None
        try:
            return Money.of(amount)
        except ValueError as error:
            raise self.malformed(name, "no amount") from error

    def integer(self, name: str, *, null: Container[str] = ()) -> int | None:
        """An integer, leading zeros allowed; `null` lists the field's sentinels as written."""
        text = self.text(name)
        if text is None or text in null:
            return None
        if not _INTEGER.fullmatch(text):
            raise self.malformed(name, "no integer")
        return int(text)

    def phone(self, name: str) -> str | None:
        """Digits only, a leading + stays; ten zeros are no number."""
        if (text := self.text(name)) is None:
            return None
        digits = re.sub(r"[\s.]", "", text)
        if digits == "0000000000":
            return None
        if not _PHONE.fullmatch(digits):
            raise self.malformed(name, "no telephone number")
        return digits

    def email(self, name: str) -> str | None:
        """As typed; `NEANT` is none."""
        text = self.text(name)
        return None if text is None or text.upper() == "NEANT" else text

    def _as_date(self, name: str, text: str) -> dt.date | None:
        try:
            match = _DATE.fullmatch(text)
            day = dt.date(int(match[3]), int(match[2]), int(match[1])) if match else None
        except ValueError:
            day = None
        if day is None:
            raise self.malformed(name, "no date")
        return None if day == _NO_DATE else day

"""How property management writes values as text: padding, sentinels, commas, dates; nulls in three forms.

A fragment holds marks instead of the namespace prefix and of the white space between elements, so that it can be kept
and still look different in every answer.
"""

from datetime import date, datetime, time
from typing import Final
from xml.sax.saxutils import escape

from gateway.simulator.landlord.calendar import Month

PREFIX: Final = "\x01"
GAP: Final = "\x02"

KEY_WIDTHS: Final = {
    "RefContrat": 12,
    "NumeroCompte": 10,
    "RefLogement": 14,
    "CodeSecteur": 4,
    "CodeAgence": 4,
    "RefTravaux": 16,
}
_THOUSANDS: Final = (" ", "\u00a0", "")
_NO_EMAIL: Final = ("NEANT", "neant", "Neant")


def wire(text: str) -> str:
    """Text escaped, its Windows-1252 characters as the ISO-8859-1 controls they are sent as."""
    escaped = escape(text)
    return escaped if escaped.isascii() else escaped.encode("cp1252", "xmlcharrefreplace").decode("latin-1")


def element(tag: str, text: str) -> str:
    """One element with ready text or children."""
    return f"<{PREFIX}{tag}>{text}</{PREFIX}{tag}>{GAP}"


def key(tag: str, value: str) -> str:
    """A key, padded to its width."""
    return element(tag, wire(value).ljust(KEY_WIDTHS[tag]))


def decimal(value: int, scale: int, variety: int = 0) -> str:
    """A number of 10^-scale as text; the separator of thousands and missing decimals vary."""
    sign = "-" if value < 0 else ""
    whole, rest = divmod(abs(value), 10**scale)
    text = f"{whole:,}".replace(",", _THOUSANDS[variety % 3])
    if scale == 0 or (rest == 0 and variety % 4 == 3):
        return sign + text
    return f"{sign}{text},{rest:0{scale}d}"


class Fields:
    """Writes the fields of one item in order; ``variety`` decides how nulls and numbers look."""

    def __init__(self, variety: int) -> None:
        self._variety = variety
        self._parts: list[str] = []

    def __str__(self) -> str:
        return "".join(self._parts)

    def raw(self, xml: str) -> None:
        """Adds ready XML."""
        self._parts.append(xml)

    def key(self, tag: str, value: str) -> None:
        """A key of fixed width."""
        self._parts.append(key(tag, value))

    def text(self, tag: str, value: str | None, *, width: int = 0, required: bool = False) -> None:
        """Any text; null is empty, blank or absent."""
        if value is None:
            self._null(tag, "", required=required)
        else:
            self._parts.append(element(tag, wire(value).ljust(width)))

    def number(
        self, tag: str, value: int | None, sentinels: tuple[str, ...], *, scale: int = 0, digits: int = 1
    ) -> None:
        """A number with sentinels for null; ``digits`` keeps leading zeros of whole numbers."""
        if value is None:
            self._null(tag, sentinels[(self._variety // 3 + self._variety // 7) % len(sentinels)])
        elif scale == 0 and digits > 1:
            self._parts.append(element(tag, f"{value:0{digits}d}"))
        else:
            self._parts.append(element(tag, decimal(value, scale, self._variety)))

    def day(self, tag: str, value: date | None) -> None:
        """A date; null is 01/01/1900, blank or absent."""
        self._stamp(tag, f"{value:%d/%m/%Y}" if value else None, "01/01/1900")

    def open_end(self, tag: str, value: date | None) -> None:
        """An end date; no end is 31/12/9999."""
        self._parts.append(element(tag, f"{value:%d/%m/%Y}" if value else "31/12/9999"))

    def moment(self, tag: str, value: datetime | None) -> None:
        """A date and time; null is 01/01/1900 00:00, blank or absent."""
        self._stamp(tag, f"{value:%d/%m/%Y %H:%M}" if value else None, "01/01/1900 00:00")

    def month(self, tag: str, value: Month | None) -> None:
        """A month; null is 01/1900, blank or absent."""
        self._stamp(tag, month_text(value) if value else None, "01/1900")

    def clock(self, tag: str, value: time | None) -> None:
        """A time of day; null is blank or absent."""
        self._stamp(tag, f"{value:%H:%M}" if value is not None else None, "")

    def flag(self, tag: str, value: bool) -> None:
        """O or N."""
        self._parts.append(element(tag, "O" if value else "N"))

    def phone(self, tag: str, value: str | None) -> None:
        """A phone number with blanks, dots or nothing; null is 0000000000, blank or absent."""
        if value is None:
            self._null(tag, "0000000000")
        else:
            self._parts.append(element(tag, _phone(value, self._variety)))

    def email(self, tag: str, value: str | None) -> None:
        """An address, padded; null is NEANT in any case, or blank."""
        text = value if value is not None else (*_NO_EMAIL, "")[self._variety // 3 % 4]
        self._parts.append(element(tag, wire(text).ljust(30)))

    def _stamp(self, tag: str, text: str | None, sentinel: str) -> None:
        if text is None:
            self._null(tag, sentinel)
        else:
            self._parts.append(element(tag, text))

    def _null(self, tag: str, sentinel: str, *, required: bool = False) -> None:
        form = self._variety % 3
        if form == 0:
            self._parts.append(element(tag, sentinel))
        elif form == 1 or required:
            self._parts.append(element(tag, "    "))


def month_text(month: Month) -> str:
    """MM/AAAA."""
    return f"{month.month:02d}/{month.year}"


def _phone(digits: str, variety: int) -> str:
    if digits.startswith("+") or variety % 3 == 2:
        return digits
    pairs = (digits[place : place + 2] for place in range(0, len(digits), 2))
    return (" " if variety % 3 == 0 else ".").join(pairs)

"""The key by which property management compares names, and its repair of Windows-1252."""

import re
import unicodedata
from typing import Final

LAST_NAME_LENGTH: Final = 24
FIRST_NAME_LENGTH: Final = 16

_UNDEFINED: Final = {0x81, 0x8D, 0x8F, 0x90, 0x9D}
_REPAIR: Final = {code: bytes([code]).decode("cp1252") for code in range(0x80, 0xA0) if code not in _UNDEFINED}
_LIGATURES: Final = str.maketrans({"œ": "OE", "Œ": "OE", "æ": "AE", "Æ": "AE", "ß": "SS", "ẞ": "SS"})
_OTHERS: Final = re.compile(r"[^A-Z0-9]+")


def repaired(text: str) -> str:
    """The text with U+0080-U+009F read as the Windows-1252 characters they are."""
    return text.translate(_REPAIR)


def name_key(name: str | None) -> str:
    """The whole key of a name: no accents, upper-case, single blanks."""
    spelled = unicodedata.normalize("NFD", repaired(name or "").translate(_LIGATURES))
    plain = "".join(letter for letter in spelled if not unicodedata.combining(letter))
    return _OTHERS.sub(" ", plain.upper()).strip()


def last_name_key(name: str | None) -> str:
    """What counts of a last name."""
    return name_key(name)[:LAST_NAME_LENGTH].rstrip()


def first_name_key(name: str | None) -> str:
    """What counts of a first name."""
    return name_key(name)[:FIRST_NAME_LENGTH].rstrip()


def label_key(label: str) -> str:
    """An account label, upper-case without blanks."""
    return "".join(label.upper().split())

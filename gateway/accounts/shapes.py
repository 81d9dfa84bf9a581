"""The shape of what people type, looked at before anything else."""

import re
import unicodedata
from datetime import date
from typing import Final

from gateway.accounts.words import normalised_label
from gateway.errors import BadUserInput

LONGEST_LABEL: Final = 32
LONGEST_NAME: Final = 80
LONGEST_EMAIL: Final = 254
LONGEST_PHONE: Final = 32
LONGEST_MESSAGE: Final = 2_000
LONGEST_TYPED: Final = 1_024
"""Characters of a password or token that are looked at at all."""

_EMAIL: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


def read_label(text: str) -> str:
    """A label in its one spelling. Raises BadUserInput."""
    label = normalised_label(text) if len(text) <= 4 * LONGEST_LABEL else ""
    if not 1 <= len(label) <= LONGEST_LABEL or not is_clean(label):
        raise BadUserInput("account_label_malformed")
    return label


def read_name(text: str) -> str:
    """A first or last name, without blanks around. Raises BadUserInput."""
    name = text.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not is_clean(name):
        raise BadUserInput("name_malformed")
    return name


def read_email(text: str) -> str:
    """An e-mail address that mail servers take. Raises BadUserInput."""
    email = text.strip()
    if len(email) > LONGEST_EMAIL or not _EMAIL.fullmatch(email):
        raise BadUserInput("email_malformed")
    return email


def read_birth_date(day: date | None, today: date) -> date | None:
    """A day that somebody alive can be born on. Raises BadUserInput."""
    if day is not None and not date(1900, 1, 1) <= day <= today:
        raise BadUserInput("birth_date_malformed")
    return day


def read_password(text: str) -> str:
    """A password as it is hashed: NFKC, nothing cut off. Raises BadUserInput for what no password can be."""
    password = unicodedata.normalize("NFKC", text) if len(text) <= LONGEST_TYPED else ""
    if not password or "\0" in password or not _is_encodable(password):
        raise BadUserInput("password_malformed")
    return password


def read_text(text: str | None, longest: int) -> str | None:
    """Free text without blanks around, None where empty. Raises BadUserInput."""
    stripped = (text or "").strip()
    if len(stripped) > longest or not is_clean(stripped, lines=True):
        raise BadUserInput("text_malformed")
    return stripped or None


def is_clean(text: str, *, lines: bool = False) -> bool:
    """No control characters (line ends apart, where they may be) and nothing that cannot be written as UTF-8."""
    kept = text.replace("\r\n", "\n").replace("\n", " ") if lines else text
    return all(unicodedata.category(character)[0] != "C" for character in kept) and _is_encodable(text)


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

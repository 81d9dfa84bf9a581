"""What a password must be: the landlord's rules, and what attackers try first."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache
from importlib import resources
from typing import Final

from gateway.accounts.words import SHORTEST_WORD, spelled
from gateway.models.account import PasswordRule

MIN_LENGTH: Final = 8
MAX_LENGTH: Final = 256

_LOOKALIKES: Final = str.maketrans("0134578@$!|€", "oieastbasile")
_NOT_LETTERS: Final = re.compile(r"[^a-z]+")


def find_violations(
    password: str, *, personal: Iterable[str] = (), holds_name: Callable[[str], bool] = lambda _: False
) -> tuple[PasswordRule, ...]:
    """The rules that a password (NFKC) breaks.

    `personal` are labels and names that it must not hold; `holds_name` looks for names of which only digests are kept.
    """
    broken = {
        PasswordRule.MIN_LENGTH: len(password) < MIN_LENGTH,
        PasswordRule.MAX_LENGTH: len(password) > MAX_LENGTH,
        PasswordRule.DIGIT: not any(unicodedata.category(character) == "Nd" for character in password),
        PasswordRule.UPPERCASE: not any(unicodedata.category(character) == "Lu" for character in password),
        PasswordRule.SPECIAL_CHARACTER: not any(_is_special(character) for character in password),
        PasswordRule.TOO_COMMON: is_common(password),
        PasswordRule.CONTAINS_PERSONAL_DATA: _holds_any(password, personal)
        or (len(password) <= MAX_LENGTH and holds_name(password)),
    }
    return tuple(rule for rule, is_broken in broken.items() if is_broken)


def is_common(password: str) -> bool:
    """Whether the password is a common one, also with look-alikes for letters and things put before or after."""
    folded = password.casefold()
    plain = folded.translate(_LOOKALIKES)
    forms = {folded, plain, *(_NOT_LETTERS.sub("", form) for form in (folded, plain))}
    trimmed = re.sub(r"^[^a-z]+|[^a-z]+$", "", folded)
    forms |= {trimmed, trimmed.translate(_LOOKALIKES)}
    return not forms.isdisjoint(_common())


@cache
def _common() -> frozenset[str]:
    lines = resources.files("gateway.accounts").joinpath("common_passwords.txt").read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def _is_special(character: str) -> bool:
    # Neither letter nor digit; a blank counts, an accent on its own or a control character does not.
    return unicodedata.category(character)[0] in "PSZ"


def _holds_any(password: str, personal: Iterable[str]) -> bool:
    squeezed = spelled(password).replace(" ", "")
    words = (spelled(word).replace(" ", "") for word in personal)
    return any(len(word) >= SHORTEST_WORD and word in squeezed for word in words)

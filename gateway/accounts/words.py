"""How labels and names are spelled for comparing: without accents, case, blanks and punctuation."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from typing import Final

from gateway.sealing import Secrets

SHORTEST_WORD: Final = 3

_LIGATURES: Final = str.maketrans({"œ": "OE", "Œ": "OE", "æ": "AE", "Æ": "AE", "ß": "SS", "ẞ": "SS"})
_OTHERS: Final = re.compile(r"[^A-Z0-9]+")


def normalised_label(label: str) -> str:
    """An account label in its one spelling: NFKC, upper case, no blanks."""
    return "".join(unicodedata.normalize("NFKC", label).upper().split())


def spelled(text: str) -> str:
    """Upper-case letters A-Z and digits, words separated by single blanks."""
    apart = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
    plain = "".join(character for character in apart if not unicodedata.combining(character))
    return _OTHERS.sub(" ", plain.upper()).strip()


def name_words(*names: str | None) -> frozenset[str]:
    """The words of a person's names that are long enough to give somebody away."""
    words = " ".join(spelled(name) for name in names if name).split()
    return frozenset(word for word in words if len(word) >= SHORTEST_WORD)


def hash_words(secrets: Secrets, words: Iterable[str]) -> str:
    """Words as keyed digests with their lengths, for keeping: `5:3fa9… 6:…`."""
    return " ".join(sorted(f"{len(word)}:{secrets.digest('name-word', word)}" for word in words))


def holds_hashed_word(secrets: Secrets, text: str, hashed: str) -> bool:
    """Whether one of those words stands anywhere in the text."""
    kept = {(int(length), digest) for length, _, digest in (entry.partition(":") for entry in hashed.split())}
    squeezed = spelled(text).replace(" ", "")
    for length in {length for length, _ in kept}:
        for start in range(len(squeezed) - length + 1):
            for digest in secrets.digests("name-word", squeezed[start : start + length]):
                if (length, digest) in kept:
                    return True
    return False


def holder_hashes(secrets: Secrets, first_name: str | None, last_name: str, birth_date: date | None) -> str:
    """Digests that tell the same person from another, though one name (marriage) or a spelling has changed."""
    first, last = spelled(first_name or ""), spelled(last_name)
    marks = [f"name {first}/{last}"]
    if birth_date is not None:
        marks.append(f"birth {first}/{birth_date.isoformat()}")
    return " ".join(secrets.digest("holder", mark) for mark in marks)


def is_same_holder(
    secrets: Secrets, hashed: str, first_name: str | None, last_name: str, birth_date: date | None
) -> bool:
    """Whether the person is the one that `holder_hashes` was made of."""
    first, last = spelled(first_name or ""), spelled(last_name)
    marks = [f"name {first}/{last}"]
    if birth_date is not None:
        marks.append(f"birth {first}/{birth_date.isoformat()}")
    kept = set(hashed.split())
    return any(digest in kept for mark in marks for digest in secrets.digests("holder", mark))

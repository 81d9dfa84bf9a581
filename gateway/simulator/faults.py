"""Faults on demand: what goes wrong, for which operation, how often, how likely."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, NamedTuple

PROPERTY_OPERATIONS: Final = (
    *("OuvrirSession", "FermerSession", "IdentifierTitulaire", "RechercherContrats", "ConsulterContrats"),
    *("ConsulterLogements", "RelevesCompteurs", "ListerTravaux", "ConsulterConseillers", "ListerContacts"),
)
BILLING_OPERATIONS: Final = (
    *("creerJeton", "lireCompte", "rechercherComptes", "listerMouvements", "rechercherAvis", "lireAvis"),
    *("telechargerDocument", "deposerEncaissement", "suivreEncaissement", "sante"),
)
KINDS: Final[Mapping[str, frozenset[str]]] = {
    "hang": frozenset({"after", "seconds"}),
    "slow": frozenset({"seconds"}),
    "drip": frozenset({"seconds"}),
    "reset": frozenset({"after"}),
    "truncated": frozenset({"how", "share"}),
    "ko": frozenset({"code", "after"}),
    "rejected": frozenset({"reason"}),
    "soap_fault": frozenset({"code"}),
    "code": frozenset({"code"}),
    "item_code": frozenset({"code", "keys"}),
    "dropped": frozenset({"keys", "all"}),
    "doubled": frozenset({"keys", "conflicting"}),
    **dict.fromkeys(("html500", "html502", "html503"), frozenset({"after"})),
    **dict.fromkeys(("maintenance503", "too_many", "garbage", "empty"), frozenset()),
    **dict.fromkeys(("expired_session", "expired_token", "reordered", "foreign"), frozenset()),
}
"""The kinds of fault, and the details that each takes."""


@dataclass
class Fault:
    """One fault: its details depend on its kind (see the admin page)."""

    operation: str
    kind: str
    times: int | None = None
    probability: float = 1.0
    details: Mapping[str, Any] = field(default_factory=dict)


class Fired(dict[str, Fault]):
    """The faults that strike one call, by kind."""

    def detail(self, kind: str, name: str, default: Any = None) -> Any:
        """A detail of the fault of this kind."""
        return self[kind].details.get(name, default)

    def strikes(self, kind: str, *, after: bool) -> bool:
        """Whether there is a fault of this kind, and it comes before or after the work is done, as asked."""
        return kind in self and bool(self.detail(kind, "after", False)) == after


class Faults:
    """The faults in force for some operations."""

    def __init__(self, rng: Random, operations: Iterable[str], kinds: Mapping[str, frozenset[str]]) -> None:
        self.active: list[Fault] = []
        self._rng = rng
        self._operations = {"*", *operations}
        self._kinds = kinds

    def add(
        self, operation: str, kind: str, *, times: int | None = None, probability: float = 1.0, **details: object
    ) -> None:
        """Puts a fault in force; ValueError for an operation, kind or detail that there is not."""
        _check("operation", {operation}, self._operations)
        _check("kind of fault", {kind}, self._kinds)
        _check("detail", details, self._kinds[kind])
        self.active.append(Fault(operation, kind, times, probability, details))

    def clear(self) -> None:
        """Ends every fault."""
        self.active.clear()

    def strike(self, operation: str) -> Fired:
        """The faults that strike this call; each use is counted."""
        fired = Fired()
        for fault in self.active:
            concerned = fault.operation in {"*", operation} and fault.kind not in fired
            if concerned and (fault.probability >= 1 or self._rng.random() < fault.probability):
                fired[fault.kind] = fault
                if fault.times is not None:
                    fault.times -= 1
        if fired:
            self.active = [fault for fault in self.active if fault.times is None or fault.times > 0]
        return fired


class Item(NamedTuple):
    """An item of a list answer: its key, its text on the wire, its return code."""

    key: str
    text: str
    code: int = 0


def altered(items: list[Item], fired: Fired, foreign: Callable[[], Item | None], rng: Random) -> list[Item]:
    """The items after drops, repeats, strangers and disorder."""
    if "dropped" in fired:
        items = _dropped(items, fired.detail("dropped", "keys"), bool(fired.detail("dropped", "all", False)))
    if "doubled" in fired:
        conflicting = bool(fired.detail("doubled", "conflicting", False))
        items = [*items, *_copies(items, fired.detail("doubled", "keys"), foreign() if conflicting else None)]
    if "foreign" in fired:
        stranger = foreign()
        items = [*items, stranger] if stranger else items
    if "reordered" in fired:
        items = list(reversed(items))
        rng.shuffle(items)
    return items


def _check(what: str, given: Iterable[str], known: Iterable[str]) -> None:
    if unknown := set(given) - set(known):
        raise ValueError(f"unknown {what} {', '.join(sorted(unknown))}; known: {', '.join(sorted(known)) or 'none'}")


def _dropped(items: list[Item], keys: Iterable[str] | None, everything: bool) -> list[Item]:
    if everything:
        return []
    if keys is None:
        return items[1:]
    unwanted = tuple(keys)
    return [item for item in items if not _is_meant(item, unwanted)]


def _copies(items: list[Item], keys: Iterable[str] | None, stranger: Item | None) -> list[Item]:
    wanted = None if keys is None else tuple(keys)
    chosen = [item for item in items if wanted is None or _is_meant(item, wanted)]
    if stranger is None:
        return chosen
    return [Item(item.key, _disguised(stranger, item.key), item.code) for item in chosen]


def _is_meant(item: Item, keys: tuple[str, ...]) -> bool:
    """By its key or any other reference in it: a notice by account or id, works by dwelling or reference."""
    return item.key in keys or any(key in item.text for key in keys)


def _disguised(stranger: Item, key: str) -> str:
    """A stranger's text under another key: padded keys keep their width, numbers inside other ids follow."""
    padded = max(len(key), len(stranger.key))
    text = stranger.text.replace(stranger.key.ljust(padded), key.ljust(padded)).replace(stranger.key, key)
    theirs, ours = _NUMBER.search(stranger.key), _NUMBER.search(key)
    return text.replace(theirs[0], ours[0]) if theirs and ours else text


_NUMBER: Final = re.compile(r"(?<!\d)\d{7}(?!\d)")

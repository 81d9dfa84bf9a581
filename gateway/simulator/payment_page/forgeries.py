"""Notifications that a shop must not believe, made from a true one."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Final

from gateway.simulator.payment_page.signing import signed

FOREIGN_KEY: Final = "8877665544332211"

Fields = Mapping[str, str]


def forge(how: str, true: Fields, changes: Fields, key: str) -> dict[str, str]:
    """The forged fields; the true ones come with their signature; ValueError for a kind that there is not.

    changed    other values under the true signature; unless told, another amount
    added      a field more than was signed; unless told, ``vads_ext_info_note``
    removed    the fields named by the changes are gone; unless told, ``vads_auth_mode``
    unsigned   no signature
    foreign    changed or not, and signed with another shop's key
    sha1       changed or not, and signed with the protocol's old algorithm
    replayed   another order's number and transaction under the true signature
    signed     changed, and signed with the shop's own key: the page itself contradicts the form
    """
    if how not in FORGERIES:
        raise ValueError(f"unknown forgery {how!r}; known: {', '.join(sorted(FORGERIES))}")
    return FORGERIES[how](true, changes, key)


def _changed(true: Fields, changes: Fields, _key: str) -> dict[str, str]:
    return {**true, **(changes or _another_amount(true))}


def _added(true: Fields, changes: Fields, _key: str) -> dict[str, str]:
    return {**true, **(changes or {"vads_ext_info_note": "1"})}


def _removed(true: Fields, changes: Fields, _key: str) -> dict[str, str]:
    unwanted = set(changes or {"vads_auth_mode": ""})
    return {name: value for name, value in true.items() if name not in unwanted}


def _unsigned(true: Fields, changes: Fields, _key: str) -> dict[str, str]:
    return _removed({**true, **changes}, {"signature": ""}, "")


def _foreign(true: Fields, changes: Fields, _key: str) -> dict[str, str]:
    return signed({**true, **changes}, FOREIGN_KEY)


def _sha1(true: Fields, changes: Fields, key: str) -> dict[str, str]:
    fields = {**true, **changes}
    values = [fields[name] for name in sorted(fields) if name.startswith("vads_")]
    text = "+".join([*values, key]).encode()
    return {**fields, "signature": hashlib.sha1(text, usedforsecurity=False).hexdigest()}


def _replayed(true: Fields, changes: Fields, _key: str) -> dict[str, str]:
    other = {"vads_order_id": true.get("vads_order_id", "") + "-2", "vads_trans_id": "000000"}
    return {**true, **(changes or other)}


def _signed(true: Fields, changes: Fields, key: str) -> dict[str, str]:
    return signed({**true, **(changes or _another_amount(true))}, key)


def _another_amount(true: Fields) -> dict[str, str]:
    return {"vads_amount": str(int(true["vads_amount"]) + 1)}


FORGERIES: Final[Mapping[str, Callable[[Fields, Fields, str], dict[str, str]]]] = {
    "changed": _changed,
    "added": _added,
    "removed": _removed,
    "unsigned": _unsigned,
    "foreign": _foreign,
    "sha1": _sha1,
    "replayed": _replayed,
    "signed": _signed,
}

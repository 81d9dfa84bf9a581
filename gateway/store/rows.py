"""Rows of the tables as frozen dataclasses, one a table that is read, and how a result becomes one."""

from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import CursorResult, Row

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as stored; moments in milliseconds."""

    id: str
    label_key: str
    sealed: str
    password_hash: str
    name_hashes: str
    holder_hashes: str
    device_epoch: int
    created_at: int
    password_changed_at: int
    last_sign_in_at: int | None
    recheck_at: int
    closed_at: int | None


@dataclass(frozen=True, slots=True)
class GateRow:
    """What the gate knows of one label, or of one device with that label."""

    key: str
    label_key: str
    generation: int
    password_tries: int
    creation_tries: int
    failures_in_row: int
    held_until: int
    blocked_until: int
    last_try_at: int
    private_hold_at: int
    recent_tries: str


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session as stored."""

    id: str
    account_id: str
    client: str
    cookie_hash: str | None
    counter: int
    rotated_at: int
    created_at: int
    last_used_at: int
    renewal_only: int
    user_agent: str | None
    ended_at: int | None


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A mailed link as stored: the token's digest only."""

    id: str
    kind: str
    label_key: str
    token_hash: str
    sealed: str
    created_at: int
    expires_at: int
    tries: int
    used_at: int | None
    superseded_at: int | None


@dataclass(frozen=True, slots=True)
class WorkRow:
    """Something to do after the answer."""

    id: str
    kind: str
    label_key: str
    sealed: str | None
    created_at: int
    available_at: int
    attempts: int
    closed_at: int | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A mail to send."""

    id: str
    template: str
    label_key: str | None
    sealed: str | None
    created_at: int
    available_at: int
    attempts: int
    sent_at: int | None
    abandoned_at: int | None


@dataclass(frozen=True, slots=True)
class AssistanceRow:
    """A request for assistance; `sealed` is None once its contents are erased."""

    reference: str
    state: str
    label_key: str
    sealed: str | None
    created_at: int
    closed_at: int | None
    closed_by: str | None


@dataclass(frozen=True, slots=True)
class SigningKeyRow:
    """A key of the gateway's tokens."""

    kid: str
    active: int | None
    public_key: str
    sealed: str
    created_at: int
    retired_at: int | None


def one(kind: type[T], result: CursorResult[*tuple[object, ...]]) -> T | None:
    """The only row, or None."""
    row = result.one_or_none()
    return None if row is None else _built(kind, row)


def every(kind: type[T], result: CursorResult[*tuple[object, ...]]) -> list[T]:
    """All rows, in their order."""
    return [_built(kind, row) for row in result]


def _built(kind: type[T], row: Row[*tuple[object, ...]]) -> T:
    return kind(**row._mapping)

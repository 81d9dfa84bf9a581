"""The gate: how often a password or a creation may be tried for one label, or by one known device.

Key: a keyed digest of the normalised label, so that labels that do not exist count and block like those that do.

    OPEN      fewer than 3 password tries; sign in, create, reset
    HELD      10 minutes from the 3rd password try; create or reset
    BLOCKED   10 minutes from the 3rd creation; only the reset link and the assistance form
    CAPPED    24 password tries within 24 hours, or 100 failures in a row; create or reset

A try is spent before the password is looked at, in a transaction of its own: of any number of guesses at the same
time exactly 3 are verified, and who goes away or crashes in between has spent the try all the same.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Final

from gateway.accounts.moments import DAY, HOUR, MINUTE, moment_of
from gateway.accounts.store import Transaction, gate
from gateway.accounts.store.rows import GateRow
from gateway.accounts.tools import Tools
from gateway.models.account import AccountBlocked, PasswordAttemptsExhausted

RULES: Final = gate.GateRules(
    password_tries=3,
    creation_tries=3,
    hold_ms=10 * MINUTE,
    block_ms=10 * MINUTE,
    lapse_ms=24 * HOUR,
    window_tries=24,
    window_ms=24 * HOUR,
    failures_in_row=100,
    failures_lapse_ms=30 * DAY,
)
_LOOKS: Final = 10


class GateState(Enum):
    """What may be tried."""

    OPEN = "OPEN"
    HELD = "HELD"
    BLOCKED = "BLOCKED"
    CAPPED = "CAPPED"


@dataclass(frozen=True, slots=True)
class Standing:
    """A gate's state, and until when it lasts; None while OPEN, and where time alone does not end it."""

    state: GateState
    until: int | None

    @property
    def refusal(self) -> AccountBlocked | PasswordAttemptsExhausted:
        """What somebody is told who tries a password now."""
        if self.state is GateState.BLOCKED and self.until is not None:
            return AccountBlocked(moment_of(self.until))
        return PasswordAttemptsExhausted(self.until_moment)

    @property
    def until_moment(self) -> datetime | None:
        """`until` as a moment."""
        return None if self.until is None else moment_of(self.until)


@dataclass(frozen=True, slots=True)
class GateKeys:
    """The keys of one gate: `key` is today's, `older` stem from former secrets."""

    key: str
    label_key: str
    older: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Granted:
    """A try was granted `at` that moment: `tries_left` after it, and where the gate stands if it fails."""

    keys: GateKeys
    at: int
    generation: int
    tries_left: int
    standing: Standing


def label_gate(tools: Tools, label: str) -> GateKeys:
    """The gate that everybody shares who tries that label."""
    key, *older = tools.label_keys(label)
    return GateKeys(key, key, tuple(older))


def device_gate(tools: Tools, label: str, device: str) -> GateKeys:
    """The gate of one device that has signed in with that label before."""
    key, *older = tools.secrets.digests("device-gate", f"{label}/{device}")
    return GateKeys(key, tools.label_keys(label)[0], tuple(older))


async def reserve_password(tools: Tools, keys: GateKeys) -> Granted | Standing:
    """Spends one password try, committed when this returns; the standing where none is granted."""
    reserve = partial(gate.reserve_password, rules=RULES, key=keys.key, label_key=keys.label_key)
    refusing = frozenset(GateState) - {GateState.OPEN}
    return await _reserve(tools, keys, reserve, refusing, lambda row: RULES.password_tries - row.password_tries)


async def reserve_creation(tools: Tools, keys: GateKeys) -> Granted | Standing:
    """Spends one creation try, committed when this returns; the standing where none is granted."""
    reserve = partial(gate.reserve_creation, rules=RULES, key=keys.key)
    refusing = frozenset({GateState.BLOCKED})
    return await _reserve(tools, keys, reserve, refusing, lambda row: RULES.creation_tries - row.creation_tries)


async def clear(tx: Transaction, granted: Granted) -> bool:
    """A right password sets all counters to 0, unless a newer cycle has begun meanwhile."""
    return await gate.clear(tx, granted.keys.key, granted.generation)


async def release(tx: Transaction, tools: Tools, label: str) -> None:
    """A reset, a confirmed creation or staff open the label's gate and those of its devices, whatever their state."""
    await gate.release(tx, tools.label_keys(label))


def standing_of(row: GateRow, now: int) -> Standing:
    """Where a gate stands at that moment; the longest-lasting reason to refuse a password counts."""
    if row.blocked_until > now:
        return Standing(GateState.BLOCKED, row.blocked_until)
    if row.failures_in_row >= RULES.failures_in_row:
        return Standing(GateState.CAPPED, None)
    capped_until = _capped_until(row)
    if capped_until > max(now, row.held_until):
        return Standing(GateState.CAPPED, capped_until)
    if row.held_until > now:
        return Standing(GateState.HELD, row.held_until)
    return Standing(GateState.OPEN, None)


async def _reserve(
    tools: Tools,
    keys: GateKeys,
    reserve: Callable[..., Awaitable[GateRow | None]],
    refusing: frozenset[GateState],
    tries_left: Callable[[GateRow], int],
) -> Granted | Standing:
    for _ in range(_LOOKS):
        now = tools.now()
        async with tools.store.write() as tx:
            await _take_over(tx, keys)
            row = await reserve(tx, now=now)
        if row is not None:
            return Granted(keys, now, row.generation, tries_left(row), standing_of(row, now))
        async with tools.store.read() as tx:
            row = await gate.fetch(tx, keys.key)
        if row is not None and (standing := standing_of(row, now)).state in refusing:
            return standing
        # Cleared between the two statements: there is a try to be had now.
    raise RuntimeError("the gate was cleared under every look at it")


def _capped_until(row: GateRow) -> int:
    oldest = row.recent_tries[(RULES.window_tries - 1) * gate.DIGITS :]
    return int(oldest) + RULES.window_ms if oldest else 0


async def _take_over(tx: Transaction, keys: GateKeys) -> None:
    # While secrets are being rotated a row may still stand under the former key.
    for older in keys.older:
        await gate.rename(tx, older, keys.key, keys.label_key)

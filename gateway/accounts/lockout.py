"""The gate: how often a password or a creation may be tried for one label, or by one known device.

Key: a keyed digest of the normalised label, so that labels that do not exist count and block like those that do.

    OPEN      fewer than 3 password tries; sign in, create, reset
    HELD      10 minutes from the 3rd password try; create or reset
    BLOCKED   10 minutes from the 3rd creation; only the reset link and the assistance form
    CAPPED    24 password tries within 24 hours, or 100 failures in a row; create or reset

A try is spent before the password is looked at, in a transaction of its own: of any number of guesses at the same
time exactly 3 are verified, and who goes away or crashes in between has spent the try all the same.
"""

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Final

from gateway import metrics
from gateway.accounts.tools import Tools
from gateway.models.account import AccountBlocked, PasswordAttemptsExhausted
from gateway.moments import DAY, HOUR, MINUTE, moment_of
from gateway.store import Transaction, gate
from gateway.store.rows import GateRow

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
DEVICES_RULES: Final = replace(RULES, password_tries=1_000)
"""All known devices of a label together: never held, but capped like the label."""
_ALL_DEVICES: Final = "devices-gate"
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
    """The keys of one gate: `key` is today's, `older` stem from former secrets.

    `shared` is the gate of all known devices of a label, which counts the tries of each of them too.
    """

    key: str
    label_key: str
    older: tuple[str, ...] = ()
    shared: "GateKeys | None" = None


@dataclass(frozen=True, slots=True)
class Granted:
    """A try was granted `at` that moment: `tries_left` after it, and where the gate stands if it fails.

    `generations` are those of each row that counted it, by key.
    """

    keys: GateKeys
    at: int
    generations: tuple[tuple[str, int], ...]
    tries_left: int
    standing: Standing


def label_gate(tools: Tools, label: str) -> GateKeys:
    """The gate that everybody shares who tries that label."""
    key, *older = tools.label_keys(label)
    return GateKeys(key, key, tuple(older))


def device_gate(tools: Tools, label: str, device: str) -> GateKeys:
    """The gate of one device that has signed in with that label before."""
    label_key = tools.label_keys(label)[0]
    all_devices, *all_older = tools.secrets.digests(_ALL_DEVICES, label)
    key, *older = tools.secrets.digests("device-gate", f"{label}/{device}")
    return GateKeys(key, label_key, tuple(older), GateKeys(all_devices, label_key, tuple(all_older)))


async def reserve_password(tools: Tools, keys: GateKeys) -> Granted | Standing:
    """Spends one password try, committed when this returns; the standing where none is granted."""
    # All write the shared row first, so that no two wait for each other.
    steps = [_password_step(keys.shared, DEVICES_RULES)] if keys.shared else []
    refusing = frozenset(GateState) - {GateState.OPEN}
    steps.append(_password_step(keys, RULES))
    outcome = await _reserve(tools, steps, refusing, lambda row: RULES.password_tries - row.password_tries)
    return _told("password", outcome)


async def reserve_creation(tools: Tools, keys: GateKeys) -> Granted | Standing:
    """Spends one creation try, committed when this returns; the standing where none is granted."""
    step = _Step(keys, partial(gate.reserve_creation, rules=RULES, key=keys.key))
    refusing = frozenset({GateState.BLOCKED})
    outcome = await _reserve(tools, [step], refusing, lambda row: RULES.creation_tries - row.creation_tries)
    return _told("creation", outcome)


async def clear(tx: Transaction, granted: Granted) -> bool:
    """A right password sets all counters to 0, unless a newer cycle has begun meanwhile."""
    metrics.gate_event("cleared")
    cleared = [await gate.clear(tx, key, generation) for key, generation in granted.generations]
    return cleared[-1]


async def release(tx: Transaction, tools: Tools, label: str) -> None:
    """A reset, a confirmed creation or staff open the label's gate and those of its devices, whatever their state."""
    metrics.gate_event("released")
    await gate.release(tx, tools.label_keys(label), first=tools.secrets.digests(_ALL_DEVICES, label))


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


@dataclass(frozen=True, slots=True)
class _Step:
    keys: GateKeys
    reserve: Callable[..., Awaitable[GateRow | None]]


class _NotGranted(Exception):
    """One of the rows grants nothing; what the others counted is rolled back."""


def _password_step(keys: GateKeys, rules: gate.GateRules) -> _Step:
    return _Step(keys, partial(gate.reserve_password, rules=rules, key=keys.key, label_key=keys.label_key))


async def _reserve(
    tools: Tools, steps: Sequence[_Step], refusing: frozenset[GateState], tries_left: Callable[[GateRow], int]
) -> Granted | Standing:
    for _ in range(_LOOKS):
        now = tools.now()
        try:
            rows = await _spend(tools, steps, now)
        except _NotGranted:
            standing = await _look(tools, steps, now)
            if standing.state in refusing:
                return standing
            continue  # cleared between the two statements: there is a try to be had now
        generations = tuple((row.key, row.generation) for row in rows)
        return Granted(steps[-1].keys, now, generations, tries_left(rows[-1]), _longest(rows, now))
    raise RuntimeError("the gate was cleared under every look at it")


def _told(tried: str, outcome: Granted | Standing) -> Granted | Standing:
    met = "granted" if isinstance(outcome, Granted) else outcome.state.value.lower()
    metrics.gate_event(f"{tried}_{met}")
    return outcome


async def _spend(tools: Tools, steps: Sequence[_Step], now: int) -> list[GateRow]:
    rows = []
    await _take_over(tools, steps)
    async with tools.store.write() as tx:
        for step in steps:
            if (row := await step.reserve(tx, now=now)) is None:
                raise _NotGranted
            rows.append(row)
    return rows


async def _look(tools: Tools, steps: Sequence[_Step], now: int) -> Standing:
    async with tools.store.read() as tx:
        found = [await gate.fetch(tx, step.keys.key) for step in steps]
    return _longest([row for row in found if row is not None], now)


def _longest(rows: Sequence[GateRow], now: int) -> Standing:
    standings = [standing_of(row, now) for row in rows] or [Standing(GateState.OPEN, None)]
    return max(standings, key=_length)


def _length(standing: Standing) -> float:
    if standing.until is not None:
        return standing.until
    return 0 if standing.state is GateState.OPEN else math.inf


def _capped_until(row: GateRow) -> int:
    oldest = row.recent_tries[(RULES.window_tries - 1) * gate.DIGITS :]
    return int(oldest) + RULES.window_ms if oldest else 0


async def _take_over(tools: Tools, steps: Sequence[_Step]) -> None:
    # While secrets are being rotated a row may still stand under the former key.
    if not any(step.keys.older for step in steps):
        return
    async with tools.store.write() as tx:
        for step in steps:
            for older in step.keys.older:
                await gate.rename(tx, older, step.keys.key, step.keys.label_key)

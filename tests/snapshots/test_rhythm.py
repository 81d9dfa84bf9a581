"""How long values hold, over nights, changes of clocks and computations that come late."""

from datetime import UTC, datetime, time, timedelta

import pytest

from gateway.models.balance import AccountState, Balance
from gateway.models.dates import PARIS
from gateway.models.freshness import Freshness, SourceSystem
from gateway.models.money import Money
from gateway.snapshots.rhythm import next_at, until_balances_are_computed, until_meters_are_read


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-03T04:29:59", "2026-11-03T04:30"),
        ("2026-11-03T04:30:00", "2026-11-04T04:30"),
        ("2026-11-03T23:59:59", "2026-11-04T04:30"),
        ("2026-10-24T12:00", "2026-10-25T04:30"),  # the night of 25 hours
        ("2026-03-28T12:00", "2026-03-29T04:30"),  # the night of 23 hours
        ("2026-12-31T12:00", "2027-01-01T04:30"),
    ],
)
def test_the_next_time_of_the_clock(now: str, expected: str) -> None:
    assert next_at(time(4, 30), paris(now)) == paris(expected)


def balance(as_of: str) -> Balance:
    freshness = Freshness(SourceSystem.BILLING, paris(as_of), as_of=paris(as_of))
    zero = Money.of(0)
    return Balance("L0000001", zero, zero, AccountState.OPEN, "OUVERT", None, None, freshness)


def test_a_balance_of_this_morning_holds_until_tomorrow() -> None:
    asked_at = paris("2026-11-03T10:00")
    assert until_balances_are_computed(asked_at, balance("2026-11-03T04:30")) == paris("2026-11-04T04:30")
    assert until_balances_are_computed(asked_at, None) == paris("2026-11-04T04:30")


def test_a_balance_that_was_not_computed_is_asked_for_again_soon() -> None:
    asked_at = paris("2026-11-03T04:31")
    assert until_balances_are_computed(asked_at, balance("2026-11-02T04:30")) == asked_at + timedelta(minutes=5)
    before = paris("2026-11-03T04:28")
    assert until_balances_are_computed(before, balance("2026-11-02T04:30")) == paris("2026-11-03T04:30")


def test_meters_hold_until_property_management_opens() -> None:
    assert until_meters_are_read(paris("2026-11-03T21:59"), None) == paris("2026-11-04T05:00")

"""Small rules of the models: months, money, node ids, closures."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.models.closure import Closure
from gateway.models.dates import PARIS, YearMonth
from gateway.models.money import Money
from gateway.models.node import node_id, parse_node_id

months = st.builds(YearMonth, st.integers(1900, 2100), st.integers(1, 12))


@given(months, st.integers(-500, 500))
def test_months_add_up(month: YearMonth, number: int) -> None:
    assert month.months_until(month.plus(number)) == number
    assert YearMonth.parse(str(month)) == month


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "2026-00", "26-01", "2026-1", "0000-01", "2026-01-01", "٢٠٢٦-٠١"]
)
def test_what_is_no_month(text: str) -> None:
    with pytest.raises(ValueError, match="YYYY-MM"):
        YearMonth.parse(text)


@pytest.mark.parametrize("value", ["0.001", "NaN", "Infinity", "1e400", "1e999999"])
def test_what_is_no_amount(value: str) -> None:
    with pytest.raises(ValueError, match=r"amount|decimals"):
        Money.of(value)


@given(st.text(min_size=1).filter(lambda kind: ":" not in kind), st.text())
def test_node_ids_are_read_back(kind: str, key: str) -> None:
    try:
        written = node_id(kind, key)
    except UnicodeEncodeError:
        return
    assert parse_node_id(written) == (kind, key)


@given(st.text())
def test_anything_else_is_no_node_id(text: str) -> None:
    parsed = parse_node_id(text)
    assert parsed is None or node_id(*parsed) == text


def paris(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=PARIS)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("written", "now", "begins", "ends"),
    [
        ("22:00-05:00", paris(2026, 11, 3, 10), paris(2026, 11, 3, 22), paris(2026, 11, 4, 5)),
        ("22:00-05:00", paris(2026, 11, 3, 22), paris(2026, 11, 3, 22), paris(2026, 11, 4, 5)),
        ("22:00-05:00", paris(2026, 11, 4, 4, 59), paris(2026, 11, 3, 22), paris(2026, 11, 4, 5)),
        ("22:00-05:00", paris(2026, 11, 4, 5), paris(2026, 11, 4, 22), paris(2026, 11, 5, 5)),
        ("25,26,27 22:00-05:00", paris(2026, 11, 3, 10), paris(2026, 11, 25, 22), paris(2026, 11, 26, 5)),
        ("25,26,27 22:00-05:00", paris(2026, 11, 28, 1), paris(2026, 11, 27, 22), paris(2026, 11, 28, 5)),
        ("31 12:00-13:00", paris(2026, 11, 3), paris(2026, 12, 31, 12), paris(2026, 12, 31, 13)),
        # Clocks go back in the night of 25 October 2026: that closure lasts eight hours.
        (
            "22:00-05:00",
            paris(2026, 10, 24, 12),
            datetime(2026, 10, 24, 20, tzinfo=UTC),
            datetime(2026, 10, 25, 4, tzinfo=UTC),
        ),
    ],
)
def test_the_closure_that_is_on_or_comes_next(written: str, now: datetime, begins: datetime, ends: datetime) -> None:
    window = Closure.parse(written).current_or_next(now.astimezone(UTC))
    assert (window.from_at, window.to_at) == (begins, ends)


@pytest.mark.parametrize(
    "written", ["22:00", "25 22:00", "22:00-22:00", "32 22:00-05:00", "0 22:00-05:00", "22:00-25:00"]
)
def test_what_is_no_closure(written: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Closure.parse(written)


def test_a_month_holds_its_days() -> None:
    assert YearMonth.of(date(2026, 2, 28)) == YearMonth(2026, 2)

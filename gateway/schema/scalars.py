"""The graph's scalars: what they look like and which models they stand for."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

import strawberry
from strawberry.schema.config import StrawberryConfig

from gateway.execution import TextOf, Texts, decimal_text
from gateway.models.dates import YearMonth

MOST_REMEMBERED: Final = 4_096
"""How many months are remembered, as they are written and as they are read: everybody has the same ones."""


_month_of = lru_cache(MOST_REMEMBERED)(YearMonth.parse)  # what is no month is not remembered


def config() -> StrawberryConfig:
    """Strawberry's configuration: the Python types that are scalars here."""
    return StrawberryConfig(
        scalar_map={
            date: strawberry.scalar(
                name="Date",
                description="A civil date in Europe/Paris, `2026-11-03`.",
                serialize=date.isoformat,
                parse_value=_parse_date,
            ),
            datetime: strawberry.scalar(
                name="DateTime",
                description="A moment in UTC, `2026-11-03T03:30:00Z`.",
                serialize=TextOf(datetime, _write_moment),
                parse_value=_parse_moment,
            ),
            YearMonth: strawberry.scalar(
                name="YearMonth",
                description="A calendar month, `2026-11`.",
                serialize=TextOf(YearMonth, Texts(str, MOST_REMEMBERED).__getitem__),
                parse_value=_parse_month,
            ),
            Decimal: strawberry.scalar(
                name="Decimal",
                description='A decimal number as a string, never a float: `"312.55"`.',
                serialize=decimal_text,
                parse_value=_parse_decimal,
            ),
        }
    )


def _write_moment(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _parse_date(value: Any) -> date:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise ValueError("a date is written YYYY-MM-DD, for example 2026-11-03")
    return date.fromisoformat(value)


def _parse_moment(value: Any) -> datetime:
    if not isinstance(value, str) or len(value) > 40:
        raise ValueError("a moment is written 2026-11-03T03:30:00Z")
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("a moment needs its offset from UTC")
    return moment.astimezone(UTC)


def _parse_month(value: Any) -> YearMonth:
    return _month_of(value if isinstance(value, str) else "")


def _parse_decimal(value: Any) -> Decimal:
    if not isinstance(value, str) or not re.fullmatch(r"-?\d{1,15}(\.\d{1,6})?", value, re.ASCII):
        raise ValueError('a decimal is written as a string with a point, for example "312.55"')
    return Decimal(value)

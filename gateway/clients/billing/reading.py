"""Billing's values as typed ones: decoding, signs, amounts, moments, periods (docs/legacy/README.md, 2.4). No I/O."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

import msgspec

from gateway.errors import UpstreamMalformed
from gateway.models.dates import PARIS, YearMonth
from gateway.models.freshness import SourceSystem
from gateway.models.money import Money

T = TypeVar("T")
M = TypeVar("M")


def decode(operation: str, body: bytes | msgspec.Raw, shape: type[T]) -> T:
    """The JSON in that shape, or UpstreamMalformed."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(operation, f"no {shape.__name__}") from error


def checked(operation: str, build: Callable[[], M]) -> M:
    """What `build` makes; a ValueError on the way is UpstreamMalformed."""
    try:
        return build()
    except (ValueError, OverflowError) as error:
        raise malformed(operation, str(error)) from error


def malformed(operation: str, detail: str) -> UpstreamMalformed:
    """The error to raise; `detail` holds nothing of the answer."""
    return UpstreamMalformed(SourceSystem.BILLING, operation, detail)


def owed(amount: Decimal) -> Money:
    """Billing writes what the tenant owes as negative; the graph as positive."""
    return Money.of(-amount)


def positive(amount: Decimal) -> Money:
    """An amount that must not be negative."""
    if amount < 0:
        raise ValueError("a negative amount")
    return Money.of(amount)


def debit_or_credit(debit: Decimal | None, credit: Decimal | None) -> tuple[Money | None, Money | None]:
    """The one of both that an entry or line has; the other is None."""
    if (debit is None) == (credit is None):
        raise ValueError("not one of debit and credit")
    return None if debit is None else positive(debit), None if credit is None else positive(credit)


def quantity(number: Decimal) -> Decimal:
    """A finite number of at most nine digits and six decimals."""
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -6 or number.adjusted() >= 9:
        raise ValueError("a quantity out of range")
    return number


def moment(local: datetime) -> datetime:
    """Paris time without offset; of an hour that happens twice, the first."""
    if local.tzinfo is not None:
        raise ValueError("a moment with an offset")
    return local.replace(tzinfo=PARIS).astimezone(UTC)


def period(number: int) -> YearMonth:
    """`202610` as a month."""
    return YearMonth.parse(f"{number // 100:04d}-{number % 100:02d}")


def text(written: str | None) -> str | None:
    """Trimmed; None where blank or absent."""
    return (written or "").strip() or None

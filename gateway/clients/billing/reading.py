"""Billing's values as typed ones: decoding, signs, amounts, moments, periods (docs/legacy/README.md, 2.4). No I/O."""

from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, ParamSpec, TypeVar

import msgspec

from gateway.errors import UpstreamMalformed
from gateway.models.dates import PARIS, YearMonth
from gateway.models.freshness import SourceSystem
from gateway.models.money import Money

T = TypeVar("T")
M = TypeVar("M")
P = ParamSpec("P")


def decode(operation: str, body: bytes | msgspec.Raw, shape: type[T]) -> T:
    """The JSON in that shape, or UpstreamMalformed."""
    try:
        decoder: msgspec.json.Decoder[T] = _decoder(shape)  # type: ignore[arg-type]  # a class can be hashed
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(operation, f"no {shape.__name__}") from error


def checked(operation: str, build: Callable[P, M], *args: P.args, **kwargs: P.kwargs) -> M:
    """What `build` makes of the arguments; a ValueError on the way is UpstreamMalformed."""
    try:
        return build(*args, **kwargs)
    except (ValueError, ArithmeticError) as error:
        raise malformed(operation, str(error)) from error


def malformed(operation: str, detail: str) -> UpstreamMalformed:
    """The error to raise; `detail` holds nothing of the answer."""
    return UpstreamMalformed(SourceSystem.BILLING, operation, detail)


def owed(amount: Decimal) -> Money:
    """Billing writes what the tenant owes as negative; the graph as positive."""
    return _owed(str(amount))  # by its text, since not every Decimal can be looked up


def positive(amount: Decimal) -> Money:
    """An amount that must not be negative."""
    money = Money.of(amount)
    if money.cents < 0:
        raise ValueError("a negative amount")
    return money


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


@lru_cache(maxsize=1024)
def moment(local: datetime) -> datetime:
    """Paris time without offset; of an hour that happens twice, the first."""
    if local.tzinfo is not None:
        raise ValueError("a moment with an offset")
    return local.replace(tzinfo=PARIS).astimezone(UTC)


@lru_cache(maxsize=1024)
def period(number: int) -> YearMonth:
    """`202610` as a month."""
    return YearMonth.parse(f"{number // 100:04d}-{number % 100:02d}")


def text(written: str | None) -> str | None:
    """Trimmed; None where blank or absent."""
    return (written or "").strip() or None


@lru_cache(maxsize=4096)
def _owed(amount: str) -> Money:
    return Money.of(Decimal(amount).copy_negate())


@cache
def _decoder(shape: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(shape)

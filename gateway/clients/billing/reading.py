"""Billing's values as typed ones: decoding, signs, amounts, moments, periods (docs/legacy/README.md, 2.4). No I/O."""

from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, Final, ParamSpec, TypeVar

import msgspec

from gateway.errors import UpstreamMalformed
from gateway.models.dates import PARIS, YearMonth
from gateway.models.freshness import SourceSystem
from gateway.models.money import Money

T = TypeVar("T")
M = TypeVar("M")
P = ParamSpec("P")

NOT_JSON: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
UNREADABLE: Final = (*NOT_JSON, ValueError, ArithmeticError)
"""What decoding and building raise for an item that is not what the contract says."""


def decode(operation: str, body: bytes | msgspec.Raw, shape: type[T]) -> T:
    """The JSON in that shape, or UpstreamMalformed."""
    try:
        decoder: msgspec.json.Decoder[T] = decoder_of(shape)  # type: ignore[arg-type]  # a class can be hashed
        return decoder.decode(body)
    except NOT_JSON as error:
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


def owed(amount: Any) -> Money:
    """Billing writes what the tenant owes as negative; the graph as positive. ValueError for what is no amount.

    `decode` has done so already where a shape says `Any` and the number has decimals.
    """
    return amount if type(amount) is Money else _owed(str(amount))  # by its text: not every Decimal can be looked up


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
    try:
        return Money.of(Decimal(amount).copy_negate())
    except ArithmeticError:
        raise ValueError("no amount") from None


@cache
def decoder_of(shape: Hashable) -> msgspec.json.Decoder[Any]:
    """Reads JSON of that shape; numbers with decimals that it calls `Any` are amounts, and become what is owed."""
    return msgspec.json.Decoder(shape, float_hook=_owed)

"""Amounts of money: exact, in euros, two decimals."""

from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from enum import Enum
from typing import Final

from msgspec import Struct

_CENT = Decimal("0.01")
_HUNDRED = Decimal(100)
_MOST_CENTS: Final = 2**31 - 1  # what a GraphQL Int can hold; no rent account comes near
# Anything that it would have to round is an error: an amount of cents needs no more than ten digits.
_EXACT = Context(prec=12, Emin=-99, Emax=99, traps=[Inexact, InvalidOperation, Overflow])
_multiply, _whole = _EXACT.multiply, _EXACT.to_integral_exact  # looked up once: a context is slow at that


class Locale(Enum):
    """The languages that amounts and messages are written in."""

    FR = "FR"
    EN = "EN"


class Money(Struct, frozen=True, gc=False, array_like=True):
    """An amount in euros, in integer cents.

    Signed from the tenant's side of the counter: a positive balance is owed by the tenant.
    """

    cents: int

    @classmethod
    def of(cls, value: Decimal | int | str) -> "Money":
        """Exactly `value` euros; ValueError where that would lose something, is out of range or is no number."""
        try:
            cents = int(_whole(_multiply(Decimal(value) if isinstance(value, str) else value, _HUNDRED)))
        except (ArithmeticError, ValueError):
            raise ValueError("no amount of at most two decimals") from None
        if not -_MOST_CENTS <= cents <= _MOST_CENTS:
            raise ValueError("amount out of range")
        return cls(cents)

    @property
    def amount(self) -> Decimal:
        """The same in euros, scale 2, never negative zero."""
        return _CENT * self.cents

    @property
    def currency(self) -> str:
        """ISO 4217; the landlord deals in euros only."""
        return "EUR"

"""Amounts of money: exact, in euros, two decimals."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from enum import Enum

_CENT = Decimal("0.01")
_MOST = Decimal("21474836.47")  # what a GraphQL Int can hold in cents; no rent account comes near


class Locale(Enum):
    """The languages that amounts and messages are written in."""

    FR = "FR"
    EN = "EN"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in euros, scale 2, never negative zero.

    Signed from the tenant's side of the counter: a positive balance is owed by the tenant.
    """

    amount: Decimal

    @classmethod
    def of(cls, value: Decimal | int | str) -> "Money":
        """Exactly `value`, written with two decimals; ValueError where that would lose something or it is no number."""
        amount = Decimal(value)
        if not amount.is_finite():
            raise ValueError("not a finite amount")
        with localcontext(prec=max(28, len(amount.as_tuple().digits) + 4)):
            try:
                rounded = amount.quantize(_CENT, rounding=ROUND_HALF_EVEN)
            except ArithmeticError as error:
                raise ValueError("amount out of range") from error
        if rounded != amount:
            raise ValueError("more than two decimals")
        if abs(rounded) > _MOST:
            raise ValueError("amount out of range")
        return cls(rounded if rounded else Decimal("0.00"))

    @property
    def cents(self) -> int:
        """The amount in integer cents."""
        return int(self.amount.scaleb(2))

    @property
    def currency(self) -> str:
        """ISO 4217; the landlord deals in euros only."""
        return "EUR"

"""Amounts as people write them."""

from babel.numbers import format_currency

from gateway.context import Context
from gateway.models.money import Locale, Money

_LOCALES = {Locale.FR: "fr_FR", Locale.EN: "en_GB"}


def resolve_formatted(_: Context, money: Money, locale: Locale | None = Locale.FR) -> str:
    """`369,65 €` or `€369.65`."""
    return format_currency(money.amount, money.currency, locale=_LOCALES[locale or Locale.FR])

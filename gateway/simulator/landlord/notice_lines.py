"""The lines of due notices: rent, charges, water, benefits, adjustments."""

import random

from gateway.simulator.landlord.accounts import Line
from gateway.simulator.landlord.calendar import Month
from gateway.simulator.landlord.cases import Case
from gateway.simulator.landlord.dice import dice


class NoticeLines:
    """What one tenant is charged each month."""

    def __init__(self, seed: int, index: int, rent_cents: int | None) -> None:
        rng = dice(seed, index, "lines")
        self._index = index
        self._usual = tuple(_usual(rng, index, rent_cents or 45_000))
        self._cold = rng.randrange(1_500, 3_500)

    def of(self, month: Month, *, plan_cents: int = 0) -> tuple[Line, ...]:
        """The lines of one month."""
        lines = [*self._usual, self._cold_water(month)]
        if month.month == 3:
            lines.append(Line("RGC", "Régularisation de charges – année précédente", None, 4_218))
        if month.month == 6 and self._index % 2:
            lines.append(Line("RGE", "Régularisation eau", 1_753, None, 4_250, "m3"))
        if month.month == 9 and self._index % 3 == 0:
            lines.append(Line("RAP", "Rappel de loyer", 612, None))
        if plan_cents:
            lines.append(Line("PLA", "Plan d’apurement", plan_cents, None))
        if Case.UNKNOWN_BILLING_CODES.applies_to(self._index):
            lines.append(Line("ZZT", "Taxe d’œuvre nouvelle", 100, None))
        return tuple(lines)

    def _cold_water(self, month: Month) -> Line:
        if not Case.QUANTITIES.applies_to(self._index):
            return Line("PEF", "Provision eau froide", self._cold, None)
        quantity = 3_000 + (month.serial * 377) % 5_000
        return Line("PEF", "Provision eau froide", self._cold, None, quantity, "m3")


def _usual(rng: random.Random, index: int, rent_cents: int) -> list[Line]:
    lines = [
        Line("LOY", "Loyer principal", rent_cents, None),
        Line("PCG", "Provisions charges générales", rng.randrange(4_000, 11_000), None),
    ]
    if index % 4 != 3:
        lines.append(Line("PEC", "Provision eau chaude", rng.randrange(1_500, 4_000), None))
    else:
        lines.append(Line("PCH", "Provision chauffage", rng.randrange(3_000, 9_000), None))
    if index % 3 == 0:
        lines.append(Line("GAR", "Garage", 3_800, None))
    if index % 11 == 3:
        lines.append(Line("SLS", "Supplément de loyer de solidarité", 5_210, None))
    if index % 5 == 1:
        lines.append(Line("RLS", "Réduction de loyer de solidarité", None, 4_362))
        lines.append(Line("APL", "APL", None, rng.randrange(8_000, 21_000)))
    if index % 13 == 6:
        lines.append(Line("DIV", "Badge d'accès – 2 € / mois", 200, None))
    return lines

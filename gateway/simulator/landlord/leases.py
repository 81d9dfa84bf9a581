"""Leases: dates, state, rent, way of payment."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from gateway.simulator.landlord import places
from gateway.simulator.landlord.cases import Case
from gateway.simulator.landlord.dice import dice


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease; codes raw, money in cents, null as None."""

    reference: str
    account_number: str
    dwelling_reference: str
    sector: str
    agency: str
    start_date: date
    end_date: date | None
    notice_date: date | None
    state_code: str
    payment_mode: str
    paid_in_arrears: bool
    rent_cents: int | None
    deposit_cents: int | None


_MODES: Final = ("PRL", "PRL", "CBE", "VIR", "PRL", "TIP", "CHQ", "ESP")


def lease_of(seed: int, index: int) -> Lease:
    """The lease of the tenant at this index."""
    rng = dice(seed, index, "lease")
    number = places.number_of(index)
    position = places.sector_position_of(index)
    rent = rng.randrange(28_000, 89_000)
    start = date(2004, 1, 1) + timedelta(days=rng.randrange(7_000))
    if Case.NEW_ACCOUNT.applies_to(index):
        start = date(2026, 10, 20)
    state, end, notice = _state(rng, index)
    nameless = Case.NO_RENT.applies_to(index)
    return Lease(
        reference=f"{number:07d}/01",
        account_number=f"L{number:07d}",
        dwelling_reference=places.dwelling_reference_of(index),
        sector=places.sector_code(position),
        agency=places.town_of_sector(position).agency,
        start_date=start,
        end_date=end,
        notice_date=notice,
        state_code=state,
        payment_mode="CRY" if Case.UNKNOWN_PAYMENT_MODE.applies_to(index) else _MODES[index % len(_MODES)],
        paid_in_arrears=index % 5 != 0,
        rent_cents=None if nameless else rent,
        deposit_cents=None if nameless else rent * 3 if index % 50 == 1 else rent,
    )


def _state(rng: random.Random, index: int) -> tuple[str, date | None, date | None]:
    if Case.NEW_ACCOUNT.applies_to(index):
        return "A", None, None
    if Case.LEASE_ENDED.applies_to(index):
        end = date(2026, 1, 31) + timedelta(days=rng.randrange(200))
        return "R", end, end - timedelta(days=90)
    if Case.NOTICE_GIVEN.applies_to(index):
        notice = date(2026, 9, 15) + timedelta(days=rng.randrange(40))
        return "P", notice + timedelta(days=90), notice
    if Case.UNKNOWN_LEASE_STATE.applies_to(index):
        return "X", None, None
    return "A", None, None

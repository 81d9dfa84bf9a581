"""Works: of one dwelling, of common parts, of whole buildings."""

import random
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Final

from gateway.simulator.landlord.dice import dice

BUSY_BUILDING_EVERY: Final = 50
"""One building in so many has works enough for several pages."""
BUSY_BUILDING_AT: Final = 3
BUSY_BUILDING_WORKS: Final = 30


@dataclass(frozen=True, slots=True)
class Works:
    """Works, whatever dwelling they are listed under; codes raw, null as None."""

    reference: str
    scope_code: str
    nature_code: str
    nature_label: str | None
    description: str | None
    state_code: str
    priority_code: str | None
    contractor_name: str | None
    contractor_phone: str | None
    requested_on: date
    planned_from: date | None = None
    planned_to: date | None = None
    appointment_on: date | None = None
    appointment_from: time | None = None
    appointment_to: time | None = None
    started_on: date | None = None
    completed_on: date | None = None


# The last of each list is not in the contract's code lists.
_NATURES: Final = (
    ("PLB", "Plomberie", "Remplacement du mécanisme de chasse d’eau"),
    ("ELE", "Électricité", "Remise aux normes du tableau – coût 145 €"),
    ("CHF", "Chauffage", "Remplacement du cœur de chauffe"),
    ("MEN", "Menuiserie", "Réglage de la porte-fenêtre"),
    ("RAV", "Ravalement", "Façade nord : piochage & enduit"),
    ("VMC", "Ventilation", "Nettoyage des bouches d'extraction"),
    ("ASC", "Ascenseur", "Remplacement du câble de l’ascenseur"),
    ("PEI", "Peinture", "Peinture de la cage d’escalier"),
    ("DES", None, None),
)
_STATES: Final = ("010", "020", "030", "040", "050", "060", "090", "075")
_PRIORITIES: Final = ("U24", "U72", "NOR", "PRG", "ZZZ", None)
_CONTRACTORS: Final = (
    ("Proxi-Plomb SARL", "0353014410"),
    ("Électricité de l’Est", "0353014411"),
    ("Lœuillet & Fils", None),
    (None, None),
)


def works_of_dwelling(seed: int, index: int) -> tuple[Works, ...]:
    """The works of one dwelling only."""
    rng = dice(seed, index, "works")
    amount = index % 4
    return tuple(_works(rng, f"OS-{2024 + n % 3}-{index * 4 + n:06d}", "L", index + n * 3) for n in range(amount))


def works_of_building(seed: int, building: int) -> tuple[Works, ...]:
    """The works on common parts or the whole building, listed under every dwelling of it."""
    rng = dice(seed, "building", building, "works")
    busy = building % BUSY_BUILDING_EVERY == BUSY_BUILDING_AT
    amount = BUSY_BUILDING_WORKS if busy else building % 3
    scopes = ("C", "I", "X") if busy else ("C", "I")
    return tuple(
        _works(rng, f"OB-{2025 + n % 2}-{building * 40 + n:06d}", scopes[n % len(scopes)], building + n)
        for n in range(amount)
    )


def _works(rng: random.Random, reference: str, scope: str, pick: int) -> Works:
    nature, label, description = _NATURES[pick % len(_NATURES)]
    state = _STATES[(pick + pick // 9) % len(_STATES)]
    contractor, phone = _CONTRACTORS[pick % len(_CONTRACTORS)]
    requested = date(2025, 2, 1) + timedelta(days=rng.randrange(620))
    planned = requested + timedelta(days=rng.randrange(5, 60)) if state != "010" else None
    started = planned if state in {"040", "050", "060"} else None
    appointment = planned if state in {"030", "075"} and scope == "L" else None
    return Works(
        reference=reference,
        scope_code=scope,
        nature_code=nature,
        nature_label=label,
        description=description,
        state_code=state,
        priority_code=_PRIORITIES[pick // 2 % len(_PRIORITIES)],
        contractor_name=contractor,
        contractor_phone=phone,
        requested_on=requested,
        planned_from=planned,
        planned_to=planned + timedelta(days=rng.randrange(1, 20)) if planned and pick % 3 else None,
        appointment_on=appointment,
        appointment_from=time(8 + pick % 6) if appointment else None,
        appointment_to=time(12 + pick % 6) if appointment and pick % 2 else None,
        started_on=started,
        completed_on=started + timedelta(days=3) if started and state != "040" else None,
    )

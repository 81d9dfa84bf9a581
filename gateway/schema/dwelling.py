"""The dwelling."""

from decimal import Decimal

from gateway.models import dwelling
from gateway.models.dates import YearMonth
from gateway.schema.common import Address, Freshness
from gateway.schema.fields import described, plain, shows

described(
    dwelling.Construction,
    "What kind of building.",
    BLOCK="A flat in a block (collectif).",
    HOUSE="A single house (individuel).",
    OTHER="A kind that this version does not know.",
)


@shows(dwelling.Dwelling, "The dwelling let by the lease (logement).")
class Dwelling:
    """The dwelling."""

    reference: str = plain("The landlord's reference.")
    residence: str | None = plain("Name of the residence.")
    building: str | None = plain("Building.")
    staircase: str | None = plain("Staircase.")
    floor: int | None = plain("0 is the ground floor, -1 the basement.")
    door: str | None = plain("Door.")
    address: Address | None = plain("Postal address.")
    kind: str | None = plain("Type by number of main rooms: T1, T1B (T1 bis), T2 … T7.")
    rooms: int | None = plain("Main rooms.")
    living_area: Decimal | None = plain("Living area in square metres.")
    construction: dwelling.Construction | None = plain("Flat or house.")
    built_in: int | None = plain("Year of construction.")
    energy_class: str | None = plain("Energy performance class, A to G; null where not assessed.")
    energy_assessed_in: YearMonth | None = plain("When energy performance was assessed.")
    rpls_id: str | None = plain("Number in the national register of social housing (RPLS), leading zeros kept.")
    freshness: Freshness = plain("Where this comes from and how old it is.")

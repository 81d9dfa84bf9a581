"""The contract's worked example: Mme Élodie Martin, as of 3 November 2026 (fictional)."""

from datetime import date, datetime, time
from typing import Final

from gateway.simulator.landlord.accounts import Account, Entry, Line, Notice, chained
from gateway.simulator.landlord.calendar import LAST_MONTH, Month, months
from gateway.simulator.landlord.dwellings import Dwelling
from gateway.simulator.landlord.leases import Lease
from gateway.simulator.landlord.people import Holder
from gateway.simulator.landlord.places import EXAMPLE_DWELLING
from gateway.simulator.landlord.water import Alert, Meter, Reading, Water, WaterMonth
from gateway.simulator.landlord.works import Works

EXAMPLE_LABEL: Final = "L0048217"
EXAMPLE_LEASE: Final = "0048217/01"

LEASE: Final = Lease(
    reference=EXAMPLE_LEASE,
    account_number=EXAMPLE_LABEL,
    dwelling_reference=EXAMPLE_DWELLING,
    sector="MZ3",
    agency="57A",
    start_date=date(2019, 9, 1),
    end_date=None,
    notice_date=None,
    state_code="A",
    payment_mode="CBE",
    paid_in_arrears=True,
    rent_cents=41_237,
    deposit_cents=123_450,
)
HOLDERS: Final = (Holder("2", "MARTIN", "Élodie", date(1987, 5, 14), True, "elodie.martin@example.org", "0639981234"),)
DWELLING: Final = Dwelling(
    reference=EXAMPLE_DWELLING,
    rpls_id="0057123456",
    insee_code="57463",
    residence="LES TILLEULS",
    building="B",
    staircase="2",
    floor=3,
    door="34",
    address_line1="12 RUE DES TILLEULS",
    address_line2=None,
    postcode="57000",
    city="METZ",
    type_code="T3",
    construction_code="C",
    rooms=3,
    area_hundredths=6_750,
    energy_class="D",
    energy_month=Month(2022, 6),
    build_year=1974,
    sector="MZ3",
    agency="57A",
)
WORKS: Final = (
    Works(
        reference="OS-2026-004512",
        scope_code="L",
        nature_code="PLB",
        nature_label="Remplacement mécanisme WC",  # the contract quotes it behind its code, as it does contacts' labels
        description=None,
        state_code="030",
        priority_code="NOR",
        contractor_name="Proxi-Plomb SARL",
        contractor_phone="0353014410",
        requested_on=date(2026, 10, 12),
        appointment_on=date(2026, 11, 25),
        appointment_from=time(8, 0),
        appointment_to=time(12, 0),
    ),
)

# Litres by month, January 2025 to October 2026; 2026 sums up to the example's 61,240 m³.
_COLD: Final = (
    *(6_120, 5_540, 6_310, 5_980, 6_450, 6_020, 5_870, 5_210, 6_180, 6_290, 6_115, 6_580),
    *(6_480, 5_720, 6_205, 5_910, 6_340, 5_865, 6_150, 5_480, 6_665, 6_425),
)
_HOT: Final = (
    *(3_410, 3_120, 3_290, 2_980, 2_870, 2_640, 2_410, 2_050, 2_760, 3_020, 3_180, 3_450),
    *(3_520, 3_150, 3_240, 3_010, 2_905, 2_610, 2_380, 1_990, 2_815, 3_242),
)
_FIRST_WATER_MONTH: Final = Month(2025, 1)


def water() -> Water:
    """Her two meters, cold and hot, with their months from January 2025."""
    alert = Alert("AUC", "pas de fuite", None, None, None)
    cold = _meter("EF-18-204417", "EF", "CUISINE", _COLD, 318_906, 5_800)
    hot = _meter("EC-18-204418", "EC", "SALLE D'EAU", _HOT, 146_012, 2_950)
    return Water(41_250, 98_700, (_alerted(cold, alert), hot))


def _meter(serial: str, fluid: str, location: str, litres: tuple[int, ...], final: int, average: int) -> Meter:
    index = final - sum(litres)
    readings: list[Reading] = []
    counted: list[WaterMonth] = []
    for month, spent in zip(months(_FIRST_WATER_MONTH, LAST_MONTH), litres, strict=True):
        readings.append(Reading(month.first_day, index, "R"))
        index += spent
        readings.append(Reading(month.last_day, index, "R"))
        swing = 0 if month == LAST_MONTH else month.serial * 57 % 400 - 200
        counted.append(WaterMonth(month, spent, False, month.days, average + swing))
    return Meter(serial, fluid, location, True, "M3", date(2018, 3, 12), None, tuple(readings), tuple(counted), ())


def _alerted(meter: Meter, alert: Alert) -> Meter:
    return Meter(
        meter.serial,
        meter.fluid_code,
        meter.location,
        meter.remotely_read,
        meter.unit,
        meter.installed_on,
        meter.removed_on,
        meter.readings,
        meter.months,
        (alert,),
    )


_LINES: Final = (
    Line("LOY", "Loyer principal", 41_237, None),
    Line("PCG", "Provisions charges générales", 7_820, None),
    Line("PEF", "Provision eau froide", 1_850, None),
    Line("PEC", "Provision eau chaude", 2_410, None),
    Line("GAR", "Garage", 3_800, None),
    Line("RLS", "Réduction de loyer de solidarité", None, 4_362),
    Line("APL", "APL", None, 21_500),
)


def account() -> Account:
    """Her account: billing keeps her ledger from 30 September 2026 on, her notices from September 2025 on."""
    return Account(
        number=EXAMPLE_LABEL,
        state_code="OUVERT",
        entries=chained(_entries()),
        notices=tuple(_notice(month) for month in reversed(list(months(Month(2025, 9), LAST_MONTH)))),
    )


def _entries() -> list[Entry]:
    call, card = 31_255, 25_545
    september, october = Month(2026, 9), Month(2026, 10)

    def entry(
        number: int, posted: str, kind: str, label: str, cents: int, period: Month | None, reason: str | None = None
    ) -> Entry:
        at = datetime.fromisoformat(posted)
        debit, credit = (cents, None) if cents > 0 else (None, -cents)
        return Entry(f"M0048217-{number:06d}", at.date(), at, period, kind, label, debit, credit, reason)

    return [
        entry(84, "2026-09-30T04:30", "QUI", "Quittancement septembre 2026", call, september),
        entry(85, "2026-10-05T06:30", "PRL", "Prélèvement", -call, None),
        entry(86, "2026-10-09T10:30", "REJ", "Rejet de prélèvement", call, None, "AM04"),
        entry(87, "2026-10-20T14:30", "CBE", "Paiement carte bancaire", -card, None),
        entry(88, "2026-10-31T04:30", "QUI", "Quittancement octobre 2026", call, october),
    ]


def _notice(month: Month) -> Notice:
    latest, september = month == LAST_MONTH, month == Month(2026, 9)
    following = month.plus(1).first_day
    return Notice(
        id=f"AE-{month.number}-0048217",
        account_number=EXAMPLE_LABEL,
        period=month,
        issued_on=month.last_day,
        due_on=following.replace(day=10),
        direct_debit_on=None if latest else following.replace(day=5),
        previous_balance_cents=5_710 if latest else 0,
        payment_mode="CBE" if latest else "PRL",
        tip_reference=None,
        mandate_reference=None if latest else "RUM-0048217-01",
        receipt="AUCUNE" if latest else "PARTIELLE" if september else "TOTALE",
        document="DISPONIBLE",
        lines=_LINES,
    )

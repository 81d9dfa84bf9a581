"""What the clients say of every tenant is what the landlord knows, field by field."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import TypeVar

from gateway.errors import UpstreamUnavailable
from gateway.models.advisor import Absence, Advisor, Agency, Contact, ContactTopic, HalfDay, OpeningHours, Replacement
from gateway.models.balance import AccountState, Balance, PaymentPlan, PlannedDebit
from gateway.models.dates import PARIS, YearMonth
from gateway.models.due_notice import DocumentState, DueNotice, DueNoticeCategory, DueNoticeLine, Receipt
from gateway.models.dwelling import Address, Construction, Dwelling
from gateway.models.freshness import Freshness, SourceSystem
from gateway.models.lease import CoHolder, Identification, Lease, LeaseHolder, LeaseStatus, PaymentMode, Title
from gateway.models.ledger import LedgerEntry, LedgerKind
from gateway.models.money import Money
from gateway.models.water import (
    LeakAlert,
    LeakKind,
    ReadingMethod,
    WaterConsumption,
    WaterKind,
    WaterMeter,
    WaterMonth,
    WaterReading,
)
from gateway.models.work import Appointment, Contractor, Trade, Work, WorkPriority, WorkScope, WorkState
from gateway.simulator import Simulator
from gateway.simulator.landlord import Tenant, accounts, advisors, agencies, dwellings, water, works
from gateway.simulator.landlord.people import Holder
from tests.support import Clients, HeldClock

E = TypeVar("E", bound=Enum)

# docs/legacy/README.md, section 3, written out by hand: the client's own tables are under test.
TITLES = {"1": "MR", "2": "MRS"}
LEASE_STATUSES = {"A": "ACTIVE", "P": "NOTICE_GIVEN", "R": "ENDED"}
PAYMENT_MODES = {
    "PRL": "DIRECT_DEBIT",
    "CBE": "CARD",
    "VIR": "TRANSFER",
    "TIP": "TIP",
    "CHQ": "CHEQUE",
    "ESP": "CASH",
}
CONSTRUCTIONS = {"C": "BLOCK", "I": "HOUSE"}
FLUIDS = {"EF": "COLD", "EC": "HOT"}
READING_METHODS = {"R": "REMOTE", "M": "MANUAL", "E": "ESTIMATED", "A": "MISSING"}
LEAKS = {"FUI": "LEAK", "SUR": "HIGH", "RET": "REVERSE", "NOS": "NO_SIGNAL"}
SCOPES = {"L": "DWELLING", "C": "COMMON", "I": "BUILDING"}
TRADES = {
    "PLB": "PLUMBING",
    "ELE": "ELECTRICITY",
    "CHF": "HEATING",
    "MEN": "JOINERY",
    "RAV": "FACADE",
    "VMC": "VENTILATION",
    "ASC": "LIFT",
    "PEI": "PAINTING",
}
WORK_STATES = {
    "010": "REQUESTED",
    "020": "ORDERED",
    "030": "APPOINTMENT_SET",
    "040": "IN_PROGRESS",
    "050": "DONE",
    "060": "VERIFIED",
    "090": "CANCELLED",
}
PRIORITIES = {"U24": "URGENT_24H", "U72": "URGENT_72H", "NOR": "NORMAL", "PRG": "PROGRAMMED"}
TOPICS = {
    "AST": "ON_CALL",
    "ASC": "LIFT",
    "CHF": "HEATING",
    "ROB": "PLUMBING",
    "ANT": "TV",
    "GAZ": "GAS",
    "ELE": "ELECTRICITY",
    "GAR": "CARETAKER",
}
ACCOUNT_STATES = {"OUVERT": "OPEN", "CLOS": "CLOSED"}
LEDGER_KINDS = {
    "QUI": "RENT_CALL",
    "PRL": "DIRECT_DEBIT",
    "CBE": "CARD",
    "VIR": "TRANSFER",
    "TIP": "TIP",
    "CHQ": "CHEQUE",
    "ESP": "CASH",
    "APL": "HOUSING_BENEFIT",
    "REJ": "DIRECT_DEBIT_REJECTED",
    "RGC": "CHARGE_ADJUSTMENT",
    "RGE": "WATER_ADJUSTMENT",
    "SLS": "SOLIDARITY_SURCHARGE",
    "DDG": "DEPOSIT",
    "RBT": "REFUND",
    "ANV": "WRITE_OFF",
}
CATEGORIES = {
    "LOY": "RENT",
    "PCG": "CHARGES",
    "PEF": "WATER",
    "PEC": "WATER",
    "PCH": "HEATING",
    "GAR": "PARKING",
    "SLS": "SURCHARGE",
    "RLS": "BENEFIT",
    "APL": "BENEFIT",
    "RGC": "ADJUSTMENT",
    "RGE": "ADJUSTMENT",
    "RAP": "ADJUSTMENT",
    "PLA": "PAYMENT_PLAN",
    "DIV": "MISC",
}
DOCUMENTS = {"DISPONIBLE": "AVAILABLE", "EN_COURS": "PENDING", "ABSENT": "MISSING"}
RECEIPTS = {"AUCUNE": "NONE", "PARTIELLE": "PARTIAL", "TOTALE": "FULL"}

FROM, TO = YearMonth(2025, 10), YearMonth(2026, 10)  # thirteen months: the last has its counterpart a year before
SINCE = date(2025, 6, 1)  # some works are older
READ_UNTIL = date(2026, 11, 2)
BALANCED_AT = datetime(2026, 11, 3, 4, 30)  # noqa: DTZ001 -- as billing writes it


def same(found: object, known: object) -> None:
    """Fails with the first difference alone where both are by key."""
    if isinstance(found, Mapping) and isinstance(known, Mapping):
        assert sorted(found) == sorted(known)
        for key, value in known.items():
            assert found[key] == value, key
    else:
        assert found == known


def member(kind: type[E], names: Mapping[str, str], code: str | None) -> E:
    """Codes that the contract does not list are OTHER."""
    return kind["OTHER" if code is None else names.get(code, "OTHER")]


def member_or_none(kind: type[E], names: Mapping[str, str], code: str | None) -> E | None:
    return None if code is None else member(kind, names, code)


def number(value: int | None, parts: int) -> Decimal | None:
    return None if value is None else Decimal(value) / parts


def euros(cents: int) -> Money:
    return Money(cents)


def euros_or_none(cents: int | None) -> Money | None:
    return None if cents is None else euros(cents)


def hour(value: time | None) -> str | None:
    return None if value is None else f"{value:%H:%M}"


def utc(local: datetime) -> datetime:
    return local.replace(tzinfo=PARIS).astimezone(UTC)


def from_property(clock: HeldClock) -> Freshness:
    return Freshness(SourceSystem.PROPERTY_MANAGEMENT, clock())


def known_address(line1: str | None, line2: str | None, postcode: str | None, city: str | None) -> Address:
    assert postcode is not None
    assert city is not None
    return Address(tuple(line for line in (line1, line2) if line is not None), postcode, city)


def known_lease(tenant: Tenant, freshness: Freshness) -> Lease:
    known = tenant.lease
    return Lease(
        reference=known.reference,
        account_number=known.account_number,
        dwelling_reference=known.dwelling_reference,
        sector=known.sector,
        agency_code=known.agency,
        starts_on=known.start_date,
        ends_on=known.end_date,
        notice_given_on=known.notice_date,
        status=member(LeaseStatus, LEASE_STATUSES, known.state_code),
        status_code=known.state_code,
        payment_mode=member(PaymentMode, PAYMENT_MODES, known.payment_mode),
        payment_mode_code=known.payment_mode,
        paid_in_arrears=known.paid_in_arrears,
        base_rent=euros_or_none(known.rent_cents),
        deposit=euros_or_none(known.deposit_cents),
        holder=known_holder(tenant, freshness),
        freshness=freshness,
    )


def known_holder(tenant: Tenant, freshness: Freshness) -> LeaseHolder:
    principal = tenant.principal
    return LeaseHolder(
        title=title(principal),
        title_code=principal.title_code,
        first_name=principal.first_name,
        last_name=principal.last_name,
        birth_date=principal.birth_date,
        email=principal.email,
        phone=principal.phone,
        co_holders=tuple(
            CoHolder(title(other), other.title_code, other.first_name, other.last_name)
            for other in tenant.holders
            if not other.is_principal
        ),
        freshness=freshness,
    )


def title(holder: Holder) -> Title | None:
    return member_or_none(Title, TITLES, holder.title_code)


def known_dwelling(known: dwellings.Dwelling | None, freshness: Freshness) -> Dwelling | None:
    if known is None:
        return None
    assessed = known.energy_month
    return Dwelling(
        reference=known.reference,
        rpls_id=known.rpls_id,
        residence=known.residence,
        building=known.building,
        staircase=known.staircase,
        floor=known.floor,
        door=known.door,
        address=known_address(known.address_line1, known.address_line2, known.postcode, known.city),
        kind=known.type_code,
        rooms=known.rooms,
        living_area=number(known.area_hundredths, 100),
        construction=member(Construction, CONSTRUCTIONS, known.construction_code),
        construction_code=known.construction_code,
        built_in=known.build_year,
        energy_class=known.energy_class,
        energy_assessed_in=None if assessed is None else YearMonth(assessed.year, assessed.month),
        freshness=freshness,
    )


def known_water(known: water.Water, freshness: Freshness) -> WaterConsumption:
    kinds = list(FLUIDS)
    meters = sorted(
        known.meters,
        key=lambda meter: (
            kinds.index(meter.fluid_code) if meter.fluid_code in kinds else len(kinds),
            meter.installed_on or date.min,
            meter.serial,
        ),
    )
    return WaterConsumption(
        from_month=FROM,
        to_month=TO,
        unit_price_cold=number(known.cold_price, 10_000),
        unit_price_hot=number(known.hot_price, 10_000),
        as_of=READ_UNTIL,
        meters=tuple(map(known_meter, meters)),
        leak_alerts=by_meter(alert for meter in meters for alert in known_alerts(meter)),
        freshness=freshness,
    )


def known_meter(known: water.Meter) -> WaterMeter:
    litres = {YearMonth(each.month.year, each.month.month): each.litres for each in known.months}
    this_year = sum(spent for month, spent in litres.items() if YearMonth(2026, 1) <= month <= TO)
    return WaterMeter(
        serial=known.serial,
        kind=member(WaterKind, FLUIDS, known.fluid_code),
        kind_code=known.fluid_code,
        location=known.location,
        remotely_read=known.remotely_read,
        installed_on=known.installed_on,
        removed_on=known.removed_on,
        readings=tuple(
            WaterReading(
                read_on=reading.day,
                index=number(reading.index_litres, 1000),
                method=member(ReadingMethod, READING_METHODS, reading.method),
                method_code=reading.method,
            )
            for reading in known.readings
            if FROM <= YearMonth.of(reading.day) <= TO
        ),
        months=tuple(
            WaterMonth(
                month=month,
                volume=Decimal(spent.litres) / 1000,
                estimated=spent.estimated,
                days=spent.days,
                same_month_last_year=number(litres[FROM], 1000) if month == TO and FROM in litres else None,
                building_average=number(spent.building_average_litres, 1000),
            )
            for month, spent in zip(litres, known.months, strict=True)
            if FROM <= month <= TO
        ),
        calendar_year_to_date=number(this_year, 1000) if known.total_known else None,
    )


def known_alerts(meter: water.Meter) -> list[LeakAlert]:
    return [
        LeakAlert(
            kind=member(LeakKind, LEAKS, alert.code),
            kind_code=alert.code,
            meter_serial=meter.serial,
            since=alert.since,
            litres_per_hour=number(alert.litres_per_hour_hundredths, 100),
            open=alert.state != "F",
        )
        for alert in meter.alerts
        if alert.code != "AUC" and (alert.label or "").lower() != "pas de fuite"
    ]


def by_meter(alerts: Iterable[LeakAlert]) -> tuple[LeakAlert, ...]:
    return tuple(sorted(alerts, key=lambda alert: (alert.meter_serial, alert.kind_code or "")))


def known_work(known: works.Works, dwelling: str, freshness: Freshness) -> Work:
    appointment = None
    if known.appointment_on is not None:
        appointment = Appointment(known.appointment_on, hour(known.appointment_from), hour(known.appointment_to))
    contractor = None
    if known.contractor_name is not None:
        contractor = Contractor(known.contractor_name, known.contractor_phone)
    return Work(
        reference=known.reference,
        dwelling_reference=dwelling,
        title=known.nature_label or known.description or known.reference,
        description=known.description,
        trade=member(Trade, TRADES, known.nature_code),
        trade_code=known.nature_code,
        scope=member(WorkScope, SCOPES, known.scope_code),
        scope_code=known.scope_code,
        state=member(WorkState, WORK_STATES, known.state_code),
        state_code=known.state_code,
        priority=member_or_none(WorkPriority, PRIORITIES, known.priority_code),
        priority_code=known.priority_code,
        requested_on=known.requested_on,
        planned_from=known.planned_from,
        planned_to=known.planned_to,
        started_on=known.started_on,
        completed_on=known.completed_on,
        appointment=appointment,
        contractor=contractor,
        freshness=freshness,
    )


def known_advisor(known: advisors.Advisor | None, freshness: Freshness) -> Advisor | None:
    assert known is not None
    if known.code is None:
        return None
    assert known.last_name is not None
    absence = None
    if known.absent_from is not None and known.absent_to is not None:
        replacement = None
        if known.replacement_name is not None:
            replacement = Replacement(known.replacement_name, known.replacement_phone, known.replacement_email)
        absence = Absence(known.absent_from, known.absent_to, replacement)
    return Advisor(
        code=known.code,
        sector=known.sector,
        first_name=known.first_name,
        last_name=known.last_name,
        phone=known.phone,
        email=known.email,
        office_hours=known.office_hours,
        absence=absence,
        agency_code=known.agency,
        freshness=freshness,
    )


def known_agency(known: agencies.Agency | None, clock: HeldClock) -> Agency:
    assert known is not None
    freshness = Freshness(SourceSystem.PROPERTY_MANAGEMENT, clock())

    def half_day(hours: tuple[time, time] | None) -> HalfDay | None:
        return None if hours is None else HalfDay(f"{hours[0]:%H:%M}", f"{hours[1]:%H:%M}")

    contacts = [
        Contact(
            label=contact.label or contact.topic_code,
            topic=member(ContactTopic, TOPICS, contact.topic_code),
            topic_code=contact.topic_code,
            phone=contact.phone or "",
            emergency=contact.emergency,
            available_round_the_clock=contact.available_24h,
            notes=contact.notes,
            freshness=freshness,
        )
        for contact in known.contacts
        if has_number(contact)
    ]
    return Agency(
        code=known.code,
        name=known.name,
        address=known_address(known.address_line1, known.address_line2, known.postcode, known.city),
        phone=known.phone,
        email=known.email,
        opening_hours=tuple(
            OpeningHours(hours.day, half_day(hours.morning), half_day(hours.afternoon)) for hours in known.opening_hours
        ),
        contacts=tuple(sorted(contacts, key=lambda contact: (not contact.emergency, contact.label))),
        freshness=freshness,
    )


def has_number(contact: agencies.UsefulContact) -> bool:
    return contact.phone not in {None, "0000000000"}


def known_balance(known: accounts.Account, clock: HeldClock) -> Balance:
    cents = [entry.balance_after_cents for entry in known.entries if entry.posted_at <= BALANCED_AT][-1]
    not_yet_due = sum(notice.total_cents for notice in known.notices if notice.due_on >= BALANCED_AT.date())
    planned_on, plan = known.direct_debit_on, known.plan
    return Balance(
        account_number=known.number,
        amount=euros(cents),
        due=euros(cents if cents <= 0 else max(0, cents - max(0, not_yet_due))),
        state=member(AccountState, ACCOUNT_STATES, known.state_code),
        state_code=known.state_code,
        next_direct_debit=PlannedDebit(planned_on, euros(cents)) if planned_on and cents > 0 else None,
        payment_plan=None
        if plan is None
        else PaymentPlan(euros(plan.monthly_cents), euros(plan.remaining_cents), plan.end_date),
        freshness=Freshness(SourceSystem.BILLING, clock(), as_of=utc(BALANCED_AT)),
    )


def known_entry(known: accounts.Entry, clock: HeldClock) -> LedgerEntry:
    return LedgerEntry(
        id=known.id,
        value_date=known.value_date,
        posted_at=utc(known.posted_at),
        period=None if known.period is None else YearMonth(known.period.year, known.period.month),
        kind=member(LedgerKind, LEDGER_KINDS, known.kind),
        kind_code=known.kind,
        label=known.label,
        debit=euros_or_none(known.debit_cents),
        credit=euros_or_none(known.credit_cents),
        running_balance=euros(known.balance_after_cents),
        reject_reason=known.reject_reason,
        external_reference=known.external_reference,
        freshness=Freshness(SourceSystem.BILLING, clock()),
    )


def known_notice(known: accounts.Notice, clock: HeldClock) -> DueNotice:
    return DueNotice(
        number=known.id,
        account_number=known.account_number,
        period=YearMonth(known.period.year, known.period.month),
        issued_on=known.issued_on,
        due_on=known.due_on,
        direct_debit_on=known.direct_debit_on,
        previous_balance=euros(known.previous_balance_cents),
        period_total=euros(known.total_cents),
        amount_due=euros(known.amount_due_cents),
        payment_mode=member(PaymentMode, PAYMENT_MODES, known.payment_mode),
        payment_mode_code=known.payment_mode,
        tip_reference=known.tip_reference,
        sepa_mandate_reference=known.mandate_reference,
        receipt=Receipt[RECEIPTS[known.receipt or "AUCUNE"]],
        receipt_code=known.receipt,
        document=member(DocumentState, DOCUMENTS, known.document),
        document_code=known.document,
        lines=tuple(
            DueNoticeLine(
                code=line.code,
                label=line.label,
                category=member(DueNoticeCategory, CATEGORIES, line.code),
                amount=euros((line.debit_cents or 0) - (line.credit_cents or 0)),
                quantity=number(line.quantity_thousandths, 1000),
                unit=line.unit,
            )
            for line in known.lines
        ),
        freshness=Freshness(SourceSystem.BILLING, clock()),
    )


async def test_leases_with_their_holders(simulator: Simulator, clients: Clients, clock: HeldClock) -> None:
    known = {tenant.lease_reference: known_lease(tenant, from_property(clock)) for tenant in simulator.landlord.tenants}
    same(await clients.property_management.fetch_leases(list(known)), known)


async def test_principal_holders_are_identified_and_co_holders_told_apart(
    simulator: Simulator, clients: Clients
) -> None:
    identify = clients.property_management.fetch_identification
    for tenant in simulator.landlord.tenants:
        principal = tenant.principal
        for holder in (holder for holder in tenant.holders if holder.first_name):
            found = await identify(tenant.account_number, holder.last_name, holder.first_name or "", holder.birth_date)
            if holder is principal:
                assert found == Identification(tenant.lease_reference, tenant.account_number)
            else:
                assert found == Identification(None, None, not_principal=True)
        assert await identify(tenant.account_number, f"X{principal.last_name}", "Nobody", None) is None


async def test_dwellings(simulator: Simulator, clients: Clients, clock: HeldClock) -> None:
    known = {
        tenant.dwelling_reference: known_dwelling(tenant.dwelling, from_property(clock))
        for tenant in simulator.landlord.tenants
    }
    assert None in known.values()
    same(await clients.property_management.fetch_dwellings(list(known)), known)


async def test_water(simulator: Simulator, clients: Clients, clock: HeldClock) -> None:
    tenants = simulator.landlord.tenants
    found = await clients.property_management.fetch_water([each.dwelling_reference for each in tenants], FROM, TO)
    down = 0
    for tenant in tenants:
        outcome = found[tenant.dwelling_reference]
        if tenant.dwelling is None:
            assert outcome is None
        elif tenant.water.feed_down:
            assert isinstance(outcome, UpstreamUnavailable)
            down += 1
        else:
            assert isinstance(outcome, WaterConsumption)
            known = known_water(tenant.water, from_property(clock))
            for meter, known_one in zip(outcome.meters, known.meters, strict=True):
                same(meter, known_one)
            same(by_meter(outcome.leak_alerts), known.leak_alerts)
            assert (outcome.unit_price_cold, outcome.unit_price_hot) == (known.unit_price_cold, known.unit_price_hot)
            assert (outcome.from_month, outcome.to_month, outcome.as_of) == (FROM, TO, READ_UNTIL)
            same(outcome.freshness, known.freshness)
            for kind, total in (("EF", outcome.cold_total), ("EC", outcome.hot_total)):
                meters = [meter for meter in tenant.water.meters if meter.fluid_code == kind]
                assert total == Decimal(sum(each.litres for meter in meters for each in spent(meter))) / 1000
    assert down


def spent(meter: water.Meter) -> list[water.WaterMonth]:
    return [each for each in meter.months if FROM <= (each.month.year, each.month.month) <= TO]


async def test_works(simulator: Simulator, clients: Clients, clock: HeldClock) -> None:
    known: dict[str, tuple[Work, ...]] = {}
    for tenant in simulator.landlord.tenants:
        of_tenant = () if tenant.dwelling is None else tenant.works
        wanted = sorted(
            (work for work in of_tenant if work.requested_on >= SINCE),
            key=lambda work: (-work.requested_on.toordinal(), work.reference),
        )
        reference = tenant.dwelling_reference
        known[reference] = tuple(known_work(work, reference, from_property(clock)) for work in wanted)
    same(await clients.property_management.fetch_works(list(known), SINCE), known)


async def test_advisors(simulator: Simulator, clients: Clients, clock: HeldClock) -> None:
    sectors = sorted({tenant.sector for tenant in simulator.landlord.tenants})
    known = {sector: known_advisor(simulator.landlord.advisor(sector), from_property(clock)) for sector in sectors}
    assert None in known.values()
    same(await clients.property_management.fetch_advisors(sectors), known)


async def test_agencies_with_hours_and_contacts(simulator: Simulator, clients: Clients, clock: HeldClock) -> None:
    codes = sorted({tenant.agency for tenant in simulator.landlord.tenants})
    assert len(codes) == 8
    for code in codes:
        same(await clients.property_management.fetch_agency(code), known_agency(simulator.landlord.agency(code), clock))


async def test_balances(simulator: Simulator, clients: Clients, clock: HeldClock) -> None:
    tenants = simulator.landlord.tenants
    known = {tenant.account_number: known_balance(tenant.account, clock) for tenant in tenants}
    assert any(balance.next_direct_debit for balance in known.values())
    assert any(balance.payment_plan for balance in known.values())
    same(await clients.billing.fetch_balances(list(known)), known)
    for tenant in tenants[:30]:
        same(await clients.billing.fetch_balance(tenant.account_number), known[tenant.account_number])


async def test_ledgers(simulator: Simulator, clients: Clients, clock: HeldClock) -> None:
    simulator.set_rate_limits(False)  # a ledger has no batch, and the clock stands still

    async def ledger(account_number: str) -> list[LedgerEntry]:
        entries: list[LedgerEntry] = []
        for number in range(10):
            page = await clients.billing.fetch_ledger_page(account_number, number)
            assert page is not None
            entries += page.entries
            if page.last:
                break
        return entries

    tenants = simulator.landlord.tenants
    found = await asyncio.gather(*(ledger(tenant.account_number) for tenant in tenants))
    assert max(map(len, found)) > 50
    for tenant, entries in zip(tenants, found, strict=True):
        known = sorted(tenant.account.entries, key=lambda entry: (entry.posted_at, entry.id), reverse=True)
        assert len(entries) == len(known), tenant
        for entry, known_one in zip(entries, known, strict=True):
            same(entry, known_entry(known_one, clock))


async def test_due_notices(simulator: Simulator, clients: Clients, clock: HeldClock) -> None:
    tenants = simulator.landlord.tenants
    known = {
        tenant.account_number: tuple(known_notice(notice, clock) for notice in tenant.account.notices)
        for tenant in tenants
    }
    assert () in known.values()
    same(await clients.billing.fetch_due_notices(list(known), YearMonth(1900, 1)), known)
    latest = [notices[0] for notices in known.values() if notices]
    for notice in latest[:30]:
        same(await clients.billing.fetch_due_notice(notice.number), notice)
    recent = await clients.billing.fetch_due_notices(list(known), YearMonth(2026, 10))
    same(recent, {key: tuple(each for each in notices if each.period >= (2026, 10)) for key, notices in known.items()})


def test_every_code_of_the_contract_occurs(simulator: Simulator) -> None:
    """Otherwise the tests above would not see it translated wrongly."""
    tenants: Sequence[Tenant] = simulator.landlord.tenants

    def codes(of: Callable[[Tenant], Iterable[str | None]]) -> set[str | None]:
        return {code for tenant in tenants for code in of(tenant)}

    occurring: list[tuple[Mapping[str, str], Callable[[Tenant], Iterable[str | None]]]] = [
        (TITLES, lambda t: [holder.title_code for holder in t.holders]),
        (LEASE_STATUSES, lambda t: [t.lease.state_code]),
        (PAYMENT_MODES, lambda t: [t.lease.payment_mode]),
        (PAYMENT_MODES, lambda t: [notice.payment_mode for notice in t.account.notices]),
        (CONSTRUCTIONS, lambda t: [] if t.dwelling is None else [t.dwelling.construction_code]),
        (FLUIDS, lambda t: [meter.fluid_code for meter in t.water.meters]),
        (READING_METHODS, lambda t: [reading.method for meter in t.water.meters for reading in meter.readings]),
        (LEAKS, lambda t: [alert.code for meter in t.water.meters for alert in meter.alerts]),
        (SCOPES, lambda t: [work.scope_code for work in t.works]),
        (TRADES, lambda t: [work.nature_code for work in t.works]),
        (WORK_STATES, lambda t: [work.state_code for work in t.works]),
        (PRIORITIES, lambda t: [work.priority_code for work in t.works]),
        (ACCOUNT_STATES, lambda t: [t.account.state_code]),
        (LEDGER_KINDS, lambda t: [entry.kind for entry in t.account.entries]),
        (CATEGORIES, lambda t: [line.code for notice in t.account.notices for line in notice.lines]),
        (DOCUMENTS, lambda t: [notice.document for notice in t.account.notices]),
        (RECEIPTS, lambda t: [notice.receipt for notice in t.account.notices]),
    ]
    for names, of in occurring:
        assert set(names) - codes(of) == set()
    known = [simulator.landlord.agency(code) for code in {tenant.agency for tenant in tenants}]
    reachable = {contact.topic_code for agency in known if agency for contact in agency.contacts if has_number(contact)}
    assert set(TOPICS) <= reachable

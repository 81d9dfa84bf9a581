"""What the Python peers show: the types of graph.graphql; dates, months and decimals as the texts that they answer."""

from dataclasses import dataclass
from enum import Enum
from typing import NewType

Date = NewType("Date", str)
YearMonth = NewType("YearMonth", str)
Number = NewType("Number", str)


def _enum(name: str, values: str) -> type[Enum]:
    return Enum(name, {value: value for value in values.split()})  # type: ignore[return-value]


LeaseStatus = _enum("LeaseStatus", "ACTIVE NOTICE_GIVEN ENDED OTHER")
BalanceDirection = _enum("BalanceDirection", "OWED SETTLED IN_CREDIT")
SourceSystem = _enum("SourceSystem", "PROPERTY_MANAGEMENT BILLING GATEWAY")
DueNoticeCategory = _enum(
    "DueNoticeCategory",
    "RENT CHARGES WATER HEATING PARKING SURCHARGE BENEFIT ADJUSTMENT PAYMENT_PLAN MISC OTHER",
)
WaterKind = _enum("WaterKind", "COLD HOT OTHER")
ContactTopic = _enum("ContactTopic", "NATIONAL ON_CALL LIFT HEATING PLUMBING TV GAS ELECTRICITY CARETAKER OTHER")
WorkState = _enum("WorkState", "REQUESTED ORDERED APPOINTMENT_SET IN_PROGRESS DONE VERIFIED CANCELLED OTHER")


@dataclass
class Money:
    amount: Number
    cents: int
    currency: str


@dataclass
class LeaseHolder:
    first_name: str | None
    last_name: str
    full_name: str
    birth_date: Date | None
    email: str | None
    phone: str | None


@dataclass
class Lease:
    reference: str
    status: LeaseStatus
    starts_on: Date | None
    ends_on: Date | None
    base_rent: Money | None


@dataclass
class Address:
    lines: list[str]
    postal_code: str
    town: str


@dataclass
class Dwelling:
    reference: str
    residence: str | None
    floor: int | None
    rooms: int | None
    living_area: Number | None
    address: Address | None


@dataclass
class Freshness:
    source: SourceSystem
    stale: bool


@dataclass
class Balance:
    amount: Money
    due: Money
    direction: BalanceDirection
    freshness: Freshness


@dataclass
class DueNoticeLine:
    code: str
    label: str
    category: DueNoticeCategory
    amount: Money
    quantity: Number | None
    unit: str | None


@dataclass
class DueNotice:
    number: str
    period: YearMonth
    issued_on: Date | None
    due_on: Date | None
    previous_balance: Money
    period_total: Money
    amount_due: Money
    lines: list[DueNoticeLine]


@dataclass
class DueNoticeConnection:
    nodes: list[DueNotice]


@dataclass
class WaterMonth:
    month: YearMonth
    volume: Number
    estimated: bool


@dataclass
class WaterMeter:
    serial: str
    kind: WaterKind
    months: list[WaterMonth]


@dataclass
class WaterConsumption:
    cold_total: Number
    hot_total: Number
    meters: list[WaterMeter]


@dataclass
class Agency:
    name: str


@dataclass
class Contact:
    label: str
    topic: ContactTopic
    phone: str


@dataclass
class Contractor:
    name: str
    phone: str | None


@dataclass
class Work:
    reference: str
    title: str
    state: WorkState
    planned_from: Date | None
    contractor: Contractor | None

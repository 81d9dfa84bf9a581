"""Leases (contrats) and the people who hold them (titulaires)."""

from datetime import date
from enum import Enum

from msgspec import Struct

from gateway.models.freshness import Freshness
from gateway.models.money import Money


class Title(Enum):
    """Civility of a lease holder."""

    MRS = "MRS"
    MR = "MR"
    OTHER = "OTHER"


class LeaseStatus(Enum):
    """Where a lease stands in its life."""

    ACTIVE = "ACTIVE"
    NOTICE_GIVEN = "NOTICE_GIVEN"
    ENDED = "ENDED"
    OTHER = "OTHER"


class PaymentMode(Enum):
    """How the rent is paid."""

    DIRECT_DEBIT = "DIRECT_DEBIT"
    CARD = "CARD"
    TRANSFER = "TRANSFER"
    TIP = "TIP"
    CHEQUE = "CHEQUE"
    CASH = "CASH"
    OTHER = "OTHER"


class CoHolder(Struct, frozen=True, gc=False, array_like=True):
    """Another holder of the same lease; the graph shows the name only."""

    title: Title | None
    title_code: str | None
    first_name: str | None
    last_name: str

    @property
    def full_name(self) -> str:
        """First and last name as the system has them; always there."""
        return full_name(self.first_name, self.last_name)


class LeaseHolder(Struct, frozen=True, gc=False, array_like=True):
    """The principal holder of a lease, and the other holders beside."""

    title: Title | None
    title_code: str | None
    first_name: str | None
    last_name: str
    birth_date: date | None
    email: str | None
    phone: str | None
    co_holders: tuple[CoHolder, ...]
    freshness: Freshness

    @property
    def full_name(self) -> str:
        """First and last name as the system has them; always there."""
        return full_name(self.first_name, self.last_name)


class Lease(Struct, frozen=True, gc=False, array_like=True):
    """A lease; `dwelling_reference`, `sector` and `agency_code` are the keys of what hangs on it."""

    reference: str
    account_number: str | None
    dwelling_reference: str | None
    sector: str | None
    agency_code: str | None
    starts_on: date | None
    ends_on: date | None
    notice_given_on: date | None
    status: LeaseStatus
    status_code: str | None
    payment_mode: PaymentMode
    payment_mode_code: str | None
    paid_in_arrears: bool | None
    base_rent: Money | None
    deposit: Money | None
    holder: LeaseHolder
    freshness: Freshness

    def has_ended(self, today: date) -> bool:
        """Whether the tenant lives there no more."""
        return self.status is LeaseStatus.ENDED or (self.ends_on is not None and self.ends_on < today)


class Identification(Struct, frozen=True, gc=False, array_like=True):
    """What property management says of a label and a name: the lease, or why not.

    `not_principal` is true where the name is that of another holder of the lease than the principal one.
    """

    lease_reference: str | None
    account_number: str | None
    not_principal: bool = False


class LeaseSearchPage(Struct, frozen=True, gc=False, array_like=True):
    """Lease references in ascending order; `resume_key` asks for the next page, None at the end."""

    references: tuple[str, ...]
    resume_key: str | None


def full_name(first_name: str | None, last_name: str) -> str:
    """« Élodie MARTIN », or the last name alone (companies)."""
    return f"{first_name} {last_name}" if first_name else last_name

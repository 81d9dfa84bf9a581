"""Lease and lease holder."""

from datetime import date

from gateway.models import lease
from gateway.schema.common import Freshness, Money
from gateway.schema.fields import described, plain, shows

described(lease.Title, "Civility.", MRS="Madame.", MR="Monsieur.", OTHER="Anything else.")
described(
    lease.LeaseStatus,
    "Where a lease stands.",
    ACTIVE="In force.",
    NOTICE_GIVEN="Notice has been given; still in force.",
    ENDED="Over.",
    OTHER="A state that this version does not know.",
)


@shows(lease.CoHolder, "Another holder of the same lease.")
class CoHolder:
    """A co-holder."""

    title: lease.Title | None = plain("Civility, where known.")
    first_name: str | None = plain("First name; null for companies.")
    last_name: str = plain("Last name.")
    full_name: str = plain("First and last name, always there.")


@shows(lease.LeaseHolder, "The principal holder of the lease (titulaire).")
class LeaseHolder:
    """The lease holder."""

    title: lease.Title | None = plain("Civility, where known.")
    first_name: str | None = plain("First name; null for companies.")
    last_name: str = plain("Last name.")
    full_name: str = plain("First and last name, always there.")
    birth_date: date | None = plain("Date of birth, where known.")
    email: str | None = plain("The mail address that property management has.")
    phone: str | None = plain("The telephone number that property management has; digits only.")
    co_holders: list[CoHolder] = plain("The other holders of the lease.", size=3)
    freshness: Freshness = plain("Where this comes from and how old it is.")


@shows(lease.Lease, "The lease (contrat).")
class Lease:
    """The lease."""

    reference: str = plain("Its reference, `0048217/01`.")
    status: lease.LeaseStatus = plain("Where it stands.")
    starts_on: date | None = plain("First day.")
    ends_on: date | None = plain("Last day; null while open-ended.")
    notice_given_on: date | None = plain("The day on which notice was given.")
    base_rent: Money | None = plain("Principal rent a month, without charges.")
    deposit: Money | None = plain("Deposit held by the landlord.")
    payment_mode: lease.PaymentMode = plain("How the rent is paid.")
    paid_in_arrears: bool | None = plain("True where a month is paid at its end (terme échu).")
    sector: str | None = plain("The landlord's sector, which decides on the advisor.")
    freshness: Freshness = plain("Where this comes from and how old it is.")

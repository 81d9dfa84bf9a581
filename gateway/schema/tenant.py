"""The tenant: everything that one lease leads to."""

from gateway.models import tenant
from gateway.resolvers.account import resolve_account
from gateway.resolvers.advisor import resolve_advisor, resolve_useful_contacts
from gateway.resolvers.balance import resolve_balance, resolve_due_notices, resolve_ledger
from gateway.resolvers.lease import resolve_dwelling, resolve_lease, resolve_lease_holder
from gateway.resolvers.payment import resolve_payments
from gateway.resolvers.water import resolve_water_consumption
from gateway.resolvers.work import resolve_works
from gateway.schema.account import Account
from gateway.schema.advisor import Advisor, Contact
from gateway.schema.balance import Balance, DueNotice, LedgerEntry
from gateway.schema.common import Connection, Node
from gateway.schema.dwelling import Dwelling
from gateway.schema.fields import fetched, plain, shows
from gateway.schema.lease import Lease, LeaseHolder
from gateway.schema.payment import Payment
from gateway.schema.water import WaterConsumption
from gateway.schema.work import Work

_FIRST = "How many, 1 to 100."
_AFTER = "The `endCursor` of the page before."


@shows(tenant.Tenant, "A tenant: one lease and everything that it leads to. Each field fails alone.")
class Tenant(Node):
    """A tenant."""

    account_label: str = plain("Intitulé de compte, as printed on the lease and on every due notice.")
    account: Account | None = fetched(resolve_account, "The on-line account.")
    lease_holder: LeaseHolder | None = fetched(resolve_lease_holder, "The principal holder of the lease.", calls=1)
    lease: Lease | None = fetched(resolve_lease, "The lease.", calls=1)
    dwelling: Dwelling | None = fetched(resolve_dwelling, "The dwelling.", calls=1)
    balance: Balance | None = fetched(resolve_balance, "The rent account's balance.", calls=1)
    ledger: Connection[LedgerEntry] | None = fetched(
        resolve_ledger,
        "Mouvements: what makes the balance, newest first.",
        calls=3,  # a page of ours may lie on three of billing's
        size=20,
        first=_FIRST,
        after=_AFTER,
        from_="Earliest value date, included.",
        to="Latest value date, included.",
    )
    due_notices: Connection[DueNotice] | None = fetched(
        resolve_due_notices,
        "Avis d'échéance, newest first; billing keeps 36.",
        calls=1,
        size=12,
        first=_FIRST,
        after=_AFTER,
    )
    water_consumption: WaterConsumption | None = fetched(
        resolve_water_consumption,
        "Water over at most 13 months; the last 13, the current one included, where nothing is said. Null once the "
        "lease has ended.",
        calls=1,
        from_="First month.",
        to="Last month, included.",
    )
    advisor: Advisor | None = fetched(
        resolve_advisor,
        "Conseiller(ère) habitat; null while the post is vacant, or once the lease has ended.",
        calls=1,
    )
    useful_contacts: list[Contact] | None = fetched(
        resolve_useful_contacts,
        "Whom to call: national emergency numbers, then the agency's contacts.",
        calls=1,
        size=12,
    )
    works: list[Work] | None = fetched(
        resolve_works,
        "Works requested within the last 24 months, newest first. Null once the lease has ended.",
        calls=1,
        size=20,
        states="Only works in one of these states; all where null.",
    )
    payments: Connection[Payment] = fetched(
        resolve_payments, "Rent paid on line, newest first.", size=10, first=_FIRST, after=_AFTER
    )

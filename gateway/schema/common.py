"""Types that many nouns share: nodes, money, freshness, addresses, connections."""

from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

import strawberry

from gateway.execution import InstanceOf
from gateway.models import dwelling, freshness, lease, money, page
from gateway.resolvers.money import resolve_formatted
from gateway.schema.fields import described, fetched, plain, shows

T = TypeVar("T")

described(
    money.Locale, "The languages of amounts and messages.", FR="French, as in France.", EN="English, day before month."
)
described(
    freshness.SourceSystem,
    "The systems that values come from.",
    PROPERTY_MANAGEMENT="Property management (gestion locative): leases, dwellings, meters, works, people.",
    BILLING="Billing (facturation): balances, ledger, due notices, payments.",
    GATEWAY="This gateway itself: accounts, payments on their way, advice.",
)
described(
    lease.PaymentMode,
    "How the rent is paid.",
    DIRECT_DEBIT="SEPA direct debit (prélèvement).",
    CARD="Bank card, on line.",
    TRANSFER="Bank transfer.",
    TIP="Titre interbancaire de paiement, the slip below the notice.",
    CHEQUE="Cheque.",
    CASH="Cash.",
    OTHER="A way that this version does not know.",
)


@strawberry.interface(description="Something that has an id of its own and can be asked for again by it.")
class Node:
    """An object with an id."""

    id: strawberry.ID = plain("Opaque and unique across the graph; not to be taken apart.")


@shows(money.Money, "An amount of money, signed from the tenant's side: what the tenant owes is positive.")
class Money:
    """An amount in euros."""

    amount: Decimal = plain('Exact, two decimals: `"369.65"`.')
    cents: int = plain("The same in integer cents: 36965.")
    currency: str = plain("ISO 4217; always EUR.")
    formatted: str = fetched(
        resolve_formatted,
        "As people write it, `369,65 €`, with the no-break spaces that typography asks for.",
        locale="The language to write it in.",
    )


@shows(freshness.Freshness, "Where a value comes from and how old it is.")
class Freshness:
    """Source and age of a value."""

    source: freshness.SourceSystem = plain("The system that said it.")
    fetched_at: datetime = plain("When the gateway read it there.")
    as_of: datetime | None = plain("The moment that the system says its value is of, where it says one.")
    stale: bool = plain("True for the last known value, shown because the system could not be asked now.")


@shows(dwelling.Address, "A French postal address.")
class Address:
    """A postal address."""

    lines: list[str] = plain("Street and complement, one or two lines.")
    postal_code: str = plain("Five digits.")
    town: str = plain("The town's name in capitals, as the post likes it.")


@shows(page.PageInfo, "Where a page lies in its list.")
class PageInfo:
    """Relay's page information."""

    has_next_page: bool = plain("Whether more follows; ask again with `after: endCursor`.")
    has_previous_page: bool = plain("Whether something comes before this page.")
    start_cursor: str | None = plain("The first item's cursor; null on an empty page.")
    end_cursor: str | None = plain("The last item's cursor; null on an empty page.")


@strawberry.type(description="An item of a list with the cursor that stands for its place.")
class Edge(Generic[T]):
    """An item of a connection."""

    is_type_of = InstanceOf(page.Edge)

    cursor: str = plain("Opaque; to be given as `after`.")
    node: T = plain("The item itself.")


@strawberry.type(description="A page of a list. Ask for at most 100 items at a time.")
class Connection(Generic[T]):
    """A page of a list, Relay's way."""

    is_type_of = InstanceOf(page.Page)

    edges: list[Edge[T]] = plain("The items with their cursors.")
    nodes: list[T] = plain("The items alone.")
    page_info: PageInfo = plain("Where this page lies in the list.")

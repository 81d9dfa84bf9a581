"""The loaders of one request: each key once, by the request's deadline. The shelves below ask for many at once."""

from collections.abc import Hashable
from datetime import datetime
from typing import Any, Generic, TypeVar

from gateway.models.advisor import Advisor, Agency
from gateway.models.balance import Balance
from gateway.models.due_notice import DueNotice
from gateway.models.dwelling import Dwelling
from gateway.models.lease import Lease
from gateway.models.ledger import LedgerPage
from gateway.models.water import WaterConsumption
from gateway.models.work import Work
from gateway.snapshots import Shelf, Snapshots
from gateway.snapshots.kinds import LedgerKey, WaterKey, WorksKey
from gateway.snapshots.waiting import Wait
from gateway.soon import Soon

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Loader(Generic[K, V]):
    """Loads values of one shelf by key; what a request has seen of a key stays so for this request."""

    __slots__ = ("_known", "_not_before", "_shelf", "_until")

    def __init__(self, shelf: Shelf[K, V], until: float, not_before: datetime | None) -> None:
        self._shelf, self._until, self._not_before = shelf, until, not_before
        self._known: dict[K, V | Wait[K, V] | None] = {}

    def load(self, key: K) -> Soon[V | None]:
        """The key's value; None where the system says that there is none. A future raises the UpstreamError it met."""
        if key in self._known:
            found = self._known[key]
        else:
            found = self._known[key] = self._shelf.look(key, self._until, self._not_before)
        return found.answer() if isinstance(found, Wait) else found


class Loaders:
    """All that a request may load from the legacy systems, until that time of the loop.

    With `not_before` the tenant's own values are read anew where they were not asked for later than that.
    """

    leases: Loader[str, Lease]
    dwellings: Loader[str, Dwelling]
    advisors: Loader[str, Advisor]
    agencies: Loader[str, Agency]
    balances: Loader[str, Balance]
    due_notices: Loader[str, tuple[DueNotice, ...]]
    ledger_pages: Loader[LedgerKey, LedgerPage]
    water: Loader[WaterKey, WaterConsumption]
    works: Loader[WorksKey, tuple[Work, ...]]

    def __init__(self, snapshots: Snapshots, *, until: float, not_before: datetime | None = None) -> None:
        self.until = until
        self._snapshots, self._not_before = snapshots, not_before

    def __getattr__(self, name: str) -> Any:
        """The loader of the shelf of that name, made when it is first used: few requests use more than some."""
        if name not in Loaders.__annotations__:
            raise AttributeError(name)
        shelf: Shelf[Any, Any] = getattr(self._snapshots, name)
        loader = Loader(shelf, self.until, self._not_before if shelf.kind.own else None)
        setattr(self, name, loader)
        return loader

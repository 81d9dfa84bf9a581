"""What accounts ask of property management; `gateway.clients.property_management` answers it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

from gateway.errors import UpstreamError
from gateway.models.lease import Identification, Lease


class Directory(Protocol):
    """Who holds which lease."""

    async def fetch_identification(
        self, label: str, last_name: str, first_name: str, birth_date: date | None
    ) -> Identification | None:
        """The lease that a label and a name stand for. Raises UpstreamError; ValueError for unsendable text."""

    async def fetch_leases(self, references: Sequence[str]) -> Mapping[str, Lease | UpstreamError | None]:
        """Leases by reference."""

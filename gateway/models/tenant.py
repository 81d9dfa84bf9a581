"""The tenant: the keys of one lease, from which everything else is loaded."""

from dataclasses import dataclass

from gateway.models.node import node_id


@dataclass(frozen=True, slots=True)
class Tenant:
    """Keys only, taken from the account and never from an argument."""

    lease_reference: str
    account_number: str

    @property
    def id(self) -> str:
        """Unique across the graph."""
        return node_id("Tenant", self.lease_reference)

    @property
    def account_label(self) -> str:
        """The label printed on the lease; with this landlord it is the account's number."""
        return self.account_number

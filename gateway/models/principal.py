"""Who is asking."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in tenant: the account, its session, and the keys of the lease that it may see.

    With `renewal_only` the session may do no more than renew the password or end.
    """

    account_id: str
    session_id: str
    lease_reference: str
    account_number: str
    renewal_only: bool = False

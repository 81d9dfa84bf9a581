"""Property management as accounts see it, made up: a few leases, and knobs for closing it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from msgspec.structs import replace

from gateway.accounts.words import normalised_label, spelled
from gateway.errors import UpstreamClosed, UpstreamError
from gateway.models.freshness import Freshness, SourceSystem
from gateway.models.lease import Identification, Lease, LeaseHolder, LeaseStatus, PaymentMode

KNOWN = "L0048217"
"""A label with a lease and, where a test makes one, an account."""
LEASED = "L0050001"
"""A label with a lease and never an account."""
UNKNOWN = "L9999999"
NO_CONTACT = "L0050002"
CO_HELD = "L0050003"

_FRESH = Freshness(SourceSystem.PROPERTY_MANAGEMENT, datetime(2026, 11, 3, 9, tzinfo=UTC))


def lease(reference: str, label: str, first_name: str, last_name: str, email: str | None) -> Lease:
    """A lease that runs."""
    holder = LeaseHolder(
        title=None,
        title_code=None,
        first_name=first_name,
        last_name=last_name,
        birth_date=date(1987, 5, 14),
        email=email,
        phone=None,
        co_holders=(),
        freshness=_FRESH,
    )
    return Lease(
        reference=reference,
        account_number=label,
        dwelling_reference=None,
        sector=None,
        agency_code=None,
        starts_on=date(2019, 9, 1),
        ends_on=None,
        notice_given_on=None,
        status=LeaseStatus.ACTIVE,
        status_code="A",
        payment_mode=PaymentMode.DIRECT_DEBIT,
        payment_mode_code="PRL",
        paid_in_arrears=True,
        base_rent=None,
        deposit=None,
        holder=holder,
        freshness=_FRESH,
    )


def _leases() -> dict[str, Lease]:
    made = (
        lease("0048217/01", KNOWN, "Élodie", "MARTIN", "elodie.martin@example.org"),
        lease("0050001/01", LEASED, "Jean-Noël", "L’HÔPITAL", "jn@example.org"),
        lease("0050002/01", NO_CONTACT, "Rosa", "DIAZ", None),
        lease("0050003/01", CO_HELD, "Ali", "BEN SALAH", "ali@example.org"),
    )
    return {each.account_number or "": each for each in made}


@dataclass
class MadeUpDirectory:
    """Answers like property management; `error` instead, where it is set."""

    leases: dict[str, Lease] = field(default_factory=_leases)
    error: UpstreamError | None = None
    calls: list[str] = field(default_factory=list)

    def close(self) -> None:
        """It is night."""
        self.error = UpstreamClosed(SourceSystem.PROPERTY_MANAGEMENT, "IdentifierTitulaire", "GL-900")

    def change_holder(self, label: str, **changes: object) -> None:
        """Somebody marries, moves or takes the lease over."""
        found = self.leases[label]
        self.leases[label] = replace(found, holder=replace(found.holder, **changes))

    async def fetch_identification(
        self, label: str, last_name: str, first_name: str, birth_date: date | None
    ) -> Identification | None:
        self.calls.append("identification")
        if self.error:
            raise self.error
        found = self.leases.get(normalised_label(label))
        if found is None or (spelled(first_name), spelled(last_name)) != (
            spelled(found.holder.first_name or ""),
            spelled(found.holder.last_name),
        ):
            return None
        return Identification(found.reference, found.account_number)

    async def fetch_leases(self, references: Sequence[str]) -> Mapping[str, Lease | UpstreamError | None]:
        self.calls.append("leases")
        if self.error:
            return dict.fromkeys(references, self.error)
        known = {each.reference: each for each in self.leases.values()}
        return {reference: known.get(reference) for reference in references}

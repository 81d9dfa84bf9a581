"""Strawberry on Starlette: typed resolvers, loaders per request, its caches of parsed and validated documents."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import models
import msgspec
import strawberry
import translating
from reading import SYSTEMS, Reading
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig

Info = strawberry.Info[Any, None]

for enum in (
    models.LeaseStatus,
    models.BalanceDirection,
    models.SourceSystem,
    models.DueNoticeCategory,
    models.WaterKind,
    models.ContactTopic,
    models.WorkState,
):
    strawberry.enum(enum)
for model in (
    models.Money,
    models.LeaseHolder,
    models.Lease,
    models.Address,
    models.Dwelling,
    models.Freshness,
    models.Balance,
    models.DueNoticeLine,
    models.WaterMonth,
    models.WaterMeter,
    models.WaterConsumption,
    models.Agency,
    models.Contact,
    models.Contractor,
    models.Work,
):
    strawberry.type(model)
models.DueNotice.id = strawberry.field(  # type: ignore[attr-defined]
    resolver=lambda root: translating.node_id("DueNotice", root.number), graphql_type=strawberry.ID
)
strawberry.type(models.DueNotice)
strawberry.type(models.DueNoticeConnection)


@strawberry.type
class Advisor:
    full_name: str
    phone: str | None
    email: str | None
    agency_code: strawberry.Private[str | None]

    @strawberry.field
    async def agency(self, info: Info) -> models.Agency | None:
        answer = await info.context.agencies.load(self.agency_code) if self.agency_code else None
        if answer is None:
            return None
        agency = answer["Agence"][0]
        return models.Agency(name=agency.get("Libelle") or agency["CodeAgence"])


@strawberry.type
class Tenant:
    reading: strawberry.Private[Reading]

    @strawberry.field
    def id(self) -> strawberry.ID:
        return strawberry.ID(translating.node_id("Tenant", str(self.reading.lease_reference)))

    @strawberry.field
    def account_label(self) -> str:
        return str(self.reading.account)

    @strawberry.field
    async def lease_holder(self) -> models.LeaseHolder | None:
        found = await self.reading.lease()
        return translating.lease_holder(found) if found else None

    @strawberry.field
    async def lease(self) -> models.Lease | None:
        found = await self.reading.lease()
        return translating.lease(found) if found else None

    @strawberry.field
    async def dwelling(self) -> models.Dwelling | None:
        found = await self.reading.lease()
        return await self.reading.dwellings.load(found["RefLogement"]) if found and "RefLogement" in found else None

    @strawberry.field
    async def balance(self) -> models.Balance | None:
        return await self.reading.accounts.load(self.reading.account)

    @strawberry.field
    async def due_notices(self, first: int = 12) -> models.DueNoticeConnection | None:
        found = await self.reading.notices.load(self.reading.account)
        return None if found is None else translating.due_notices(found, first)

    @strawberry.field
    async def water_consumption(
        self,
        from_: Annotated[models.YearMonth | None, strawberry.argument(name="from")] = None,
        to: models.YearMonth | None = None,
    ) -> models.WaterConsumption | None:
        found = await self.reading.lease_lived_in()
        if not found or "RefLogement" not in found:
            return None
        return await self.reading.water(from_, to).load(found["RefLogement"])

    @strawberry.field
    async def advisor(self) -> Advisor | None:
        found = await self.reading.lease_lived_in()
        item = await self.reading.advisors.load(found["CodeSecteur"]) if found and "CodeSecteur" in found else None
        if not item or "CodeConseiller" not in item:
            return None
        return Advisor(
            full_name=translating.full_name(item),
            phone=translating.phone(item.get("Telephone")),
            email=translating.email(item.get("Courriel")),
            agency_code=item.get("CodeAgence"),
        )

    @strawberry.field
    async def useful_contacts(self) -> list[models.Contact] | None:
        found = await self.reading.lease()
        code = found and found.get("CodeAgence")
        return translating.contacts(await self.reading.agencies.load(code) if code else None)

    @strawberry.field
    async def works(self) -> list[models.Work] | None:
        found = await self.reading.lease_lived_in()
        return await self.reading.works.load(found["RefLogement"]) if found and "RefLogement" in found else None


@strawberry.type
class Query:
    @strawberry.field
    def me(self, info: Info) -> Tenant | None:
        reading = info.context
        return Tenant(reading=reading) if reading.lease_reference and reading.account else None


def _text(name: str) -> Any:
    return strawberry.scalar(name=name, serialize=str, parse_value=str)


schema = strawberry.Schema(
    Query,
    extensions=[ParserCache(maxsize=1000), ValidationCache(maxsize=1000)],
    config=StrawberryConfig(
        scalar_map={
            models.Date: _text("Date"),
            models.YearMonth: _text("YearMonth"),
            models.Number: _text("Decimal"),
        }
    ),
)


class Endpoint(GraphQL[Any, None]):
    """Strawberry's endpoint with a quicker JSON."""

    async def get_context(self, request: Any, response: Response) -> Any:
        return Reading(request.headers)

    async def get_root_value(self, request: Request) -> None:
        return None

    def encode_json(self, data: object) -> bytes:
        return msgspec.json.encode(data)

    def decode_json(self, data: str | bytes) -> object:
        return msgspec.json.decode(data)


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    SYSTEMS.open()
    yield
    await SYSTEMS.close()


app = Starlette(routes=[Route("/graphql", Endpoint(schema, graphql_ide=None))], lifespan=lifespan)

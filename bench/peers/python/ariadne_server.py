"""Ariadne on Starlette: asyncio resolvers, loaders per request, documents parsed and validated once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import graphql
import models
import msgspec
import translating
from ariadne import EnumType, ObjectType, QueryType, load_schema_from_path, make_executable_schema
from ariadne.asgi import GraphQL
from ariadne.asgi.handlers import GraphQLHTTPHandler
from reading import SYSTEMS, Reading
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Info = graphql.GraphQLResolveInfo

query, tenant, notice = QueryType(), ObjectType("Tenant"), ObjectType("DueNotice")
advisor, agency = ObjectType("Advisor"), ObjectType("Agency")


@query.field("me")
def resolve_me(_: None, info: Info) -> Any:
    reading = info.context["reading"]
    return reading if reading.lease_reference and reading.account else None


tenant.set_field("id", lambda reading, _: translating.node_id("Tenant", reading.lease_reference))
tenant.set_alias("accountLabel", "account")
tenant.set_field("balance", lambda reading, _: reading.accounts.load(reading.account))


@tenant.field("lease")
async def resolve_lease(reading: Reading, _: Info) -> Any:
    found = await reading.lease()
    return translating.lease(found) if found else None


@tenant.field("leaseHolder")
async def resolve_lease_holder(reading: Reading, _: Info) -> Any:
    found = await reading.lease()
    return translating.lease_holder(found) if found else None


@tenant.field("dwelling")
async def resolve_dwelling(reading: Reading, _: Info) -> Any:
    found = await reading.lease()
    return await reading.dwellings.load(found["RefLogement"]) if found and "RefLogement" in found else None


@tenant.field("dueNotices")
async def resolve_due_notices(reading: Reading, _: Info, first: int) -> Any:
    found = await reading.notices.load(reading.account)
    return None if found is None else translating.due_notices(found, first)


@tenant.field("waterConsumption")
async def resolve_water(reading: Reading, _: Info, **months: str | None) -> Any:
    found = await reading.lease_lived_in()
    if not found or "RefLogement" not in found:
        return None
    return await reading.water(months.get("from"), months.get("to")).load(found["RefLogement"])


@tenant.field("advisor")
async def resolve_advisor(reading: Reading, _: Info) -> Any:
    found = await reading.lease_lived_in()
    item = await reading.advisors.load(found["CodeSecteur"]) if found and "CodeSecteur" in found else None
    return item if item and "CodeConseiller" in item else None


@tenant.field("usefulContacts")
async def resolve_contacts(reading: Reading, _: Info) -> Any:
    found = await reading.lease()
    code = found and found.get("CodeAgence")
    return translating.contacts(await reading.agencies.load(code) if code else None)


@tenant.field("works")
async def resolve_works(reading: Reading, _: Info) -> Any:
    found = await reading.lease_lived_in()
    return await reading.works.load(found["RefLogement"]) if found and "RefLogement" in found else None


notice.set_field("id", lambda found, _: translating.node_id("DueNotice", found.number))
advisor.set_field("fullName", lambda item, _: translating.full_name(item))
advisor.set_field("phone", lambda item, _: translating.phone(item.get("Telephone")))
advisor.set_field("email", lambda item, _: translating.email(item.get("Courriel")))


@advisor.field("agency")
async def resolve_agency(item: dict[str, Any], info: Info) -> Any:
    code = item.get("CodeAgence")
    return await info.context["reading"].agencies.load(code) if code else None


agency.set_field("name", lambda answer, _: answer["Agence"][0].get("Libelle") or answer["Agence"][0]["CodeAgence"])

enums = [
    EnumType(enum.__name__, enum)
    for enum in (
        models.LeaseStatus,
        models.BalanceDirection,
        models.SourceSystem,
        models.DueNoticeCategory,
        models.WaterKind,
        models.ContactTopic,
        models.WorkState,
    )
]
schema = make_executable_schema(
    load_schema_from_path(str(Path(__file__).parent.parent / "graph.graphql")),
    [query, tenant, notice, advisor, agency, *enums],
    convert_names_case=True,
)


@lru_cache(maxsize=1000)
def parsed(text: str) -> graphql.DocumentNode:
    return graphql.parse(text)


@lru_cache(maxsize=1000)
def validated(text: str) -> list[graphql.GraphQLError]:
    return graphql.validate(schema, parsed(text))


class Handler(GraphQLHTTPHandler):
    """Ariadne's handler with a quicker JSON."""

    async def create_json_response(self, request: Request, result: dict[str, Any], success: bool) -> Response:
        return Response(msgspec.json.encode(result), 200 if success else 400, media_type="application/json")


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[None]:
    SYSTEMS.open()
    yield
    await SYSTEMS.close()


graph = GraphQL(
    schema,
    context_value=lambda request, _: {"request": request, "reading": Reading(request.headers)},
    query_parser=lambda _, data: parsed(data["query"]),
    query_validator=lambda _, document, *__, **___: validated(document.loc.source.body),
    http_handler=Handler(),
)
app = Starlette(routes=[Route("/graphql", graph)], lifespan=lifespan)

"""The root of all questions."""

import strawberry

from gateway.resolvers.advice import resolve_advice
from gateway.resolvers.payment import resolve_payment
from gateway.resolvers.policy import resolve_minimum_app_version, resolve_password_policy
from gateway.resolvers.query import resolve_me, resolve_node
from gateway.schema.advice import Advice
from gateway.schema.common import Connection, Node
from gateway.schema.fields import fetched
from gateway.schema.payment import Payment
from gateway.schema.policy import AppVersion, PasswordPolicy
from gateway.schema.service import ServiceStatus
from gateway.schema.tenant import Tenant


def _service_status(_: object, __: object) -> ServiceStatus:
    return ServiceStatus()


@strawberry.type(description="What can be asked.")
class Query:
    """The query root."""

    me: Tenant | None = fetched(resolve_me, "The signed-in tenant; UNAUTHENTICATED where nobody is.")
    node: Node | None = fetched(
        resolve_node,
        "Only what the caller may see; anything else is null, whether it exists or not.",
        calls=2,
        id="An id that the graph has given.",
    )
    payment: Payment | None = fetched(
        resolve_payment, "One of the tenant's payments; anything else is null.", id="The `id` of a payment."
    )
    service_status: ServiceStatus = fetched(_service_status, "How the systems behind the graph are doing.")
    password_policy: PasswordPolicy = fetched(resolve_password_policy, "The rules for passwords.")
    minimum_app_version: AppVersion | None = fetched(
        resolve_minimum_app_version, "The oldest app that is still served.", platform="What the app runs on."
    )
    advice: Connection[Advice] = fetched(
        resolve_advice,
        "Articles with advice for everyday life in the dwelling.",
        size=10,
        topic="Only articles on this topic; all where null.",
        first="How many, 1 to 100.",
        after="The `endCursor` of the page before.",
    )

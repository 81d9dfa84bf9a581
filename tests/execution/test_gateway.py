"""The gateway's own schema over the simulator: compiled operations give the answers that graphql-core gives."""

import json
import shutil
from pathlib import Path
from random import Random
from typing import Any

import graphql
import pytest

from gateway.accounts import create_account_without_mail
from gateway.app import create_app
from gateway.context import Context
from gateway.endpoint import Endpoint
from gateway.execution.plans import Plans
from gateway.models.account import Caller
from gateway.models.principal import Principal
from gateway.schema.root import build_schema, executable
from gateway.simulator import EXAMPLE_LABEL, EXAMPLE_LEASE, Simulator
from tests.execution.documents import VALUES, Writer
from tests.execution.outcomes import Outcome, run
from tests.support import HOME, PASSWORD, HeldClock, settings_for

SCHEMA = executable(build_schema())
LOG_IN = """mutation($label: String!, $password: String!) {
  logIn(input: {accountLabel: $label, password: $password, client: APP}) {
    __typename ... on SignedIn { tokens { accessToken } me { accountLabel } }
  }
}"""
OWN = {"YearMonth": ['"2026-10"', '"2026-09"'], "DateTime": ['"2026-11-03T03:30:00Z"']}
DEEP = """{ me { ...T } node(id: "%s") { __typename id ...T } }
fragment T on Tenant { ledger(first: 3) { edges { cursor node { label } } } useful: usefulContacts { __typename } }"""


class Asking:
    """Somebody who asks an endpoint's schema both ways, each time with a context of its own."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.principal: Principal | None = None

    async def ask(self, text: str, variables: dict[str, Any], plans: Plans | None) -> tuple[Outcome, bool]:
        context = Context(self.principal, self.endpoint.build_loaders(None), self.endpoint.services, Caller(), True)
        return await run(SCHEMA, graphql.parse(text), context, plans, raw_variable_values=variables)

    async def same(self, text: str, variables: dict[str, Any] | None = None) -> Outcome:
        """The answer that both give."""
        await self.ask(text, variables or {}, None)  # whatever is fetched is remembered from now on
        expected, _ = await self.ask(text, variables or {}, None)
        actual, compiled = await self.ask(text, variables or {}, Plans(runs_before=0))
        assert compiled
        assert actual == expected, text
        return actual


async def test_answers_are_the_same(
    simulator: Simulator, clock: HeldClock, migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, values in OWN.items():
        monkeypatch.setitem(VALUES, name, values)
    shutil.copy(migrated, database := tmp_path / "gateway.sqlite")
    settings = settings_for(simulator, database)
    await create_account_without_mail(settings, clock, EXAMPLE_LABEL, EXAMPLE_LEASE, PASSWORD)
    app = create_app(settings, clock=clock)
    async with app.router.lifespan_context(app):
        asking = Asking(app.state.endpoint)
        assert (await asking.same(HOME)).errors[0][0] == "UNAUTHENTICATED"
        variables = {"label": EXAMPLE_LABEL, "password": PASSWORD}
        signed_in, compiled = await asking.ask(LOG_IN, variables, Plans(runs_before=0))
        assert compiled
        token = json.loads(signed_in.data)["logIn"]["tokens"]["accessToken"]
        asking.principal = await asking.endpoint.services.accounts.principal_for_bearer(token)
        home = await asking.same(HOME)
        assert home.errors == []
        own_id = json.loads((await asking.same("{ me { id } }")).data)["me"]["id"]
        assert json.loads((await asking.same(DEEP % own_id)).data)["node"]["__typename"] == "Tenant"
        leaves = home.data.count(":")
        for seed in range(150):
            asked = Writer(SCHEMA, Random(seed), changes=0).operation()
            leaves += (await asking.same(asked.text, asked.variables)).data.count(":")
        assert leaves > 1_000

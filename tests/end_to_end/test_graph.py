"""The rest of the graph: pages, ranges, nodes, who may see what."""

from itertools import islice
from typing import Any

import pytest

from gateway.accounts.opening import build_tools, insert_account
from gateway.models.node import node_id
from gateway.simulator import Case
from tests.support import HOME, PASSWORD, Gateway

LEDGER = """query($first: Int, $after: String) { me { ledger(first: $first, after: $after) {
  nodes { id } edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
} } }"""
NOTICES = LEDGER.replace("ledger", "dueNotices")


async def walk(gateway: Gateway, query: str, field: str, first: int) -> list[str]:
    """All ids, page by page."""
    ids: list[str] = []
    after = None
    while True:
        page = (await gateway.data(query, first=first, after=after))["me"][field]
        assert [edge["node"] for edge in page["edges"]] == page["nodes"]
        assert page["pageInfo"]["hasPreviousPage"] == (after is not None)
        ids += [node["id"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return ids
        assert page["pageInfo"]["endCursor"] == page["edges"][-1]["cursor"]
        after = page["pageInfo"]["endCursor"]


@pytest.mark.parametrize("first", [1, 2, 7, 100])
async def test_pages_lose_and_repeat_nothing(gateway: Gateway, first: int) -> None:
    notices = await walk(gateway, NOTICES, "dueNotices", first)
    entries = await walk(gateway, LEDGER, "ledger", first)
    assert len(notices) == len(set(notices)) > 2
    assert entries == sorted(set(entries), reverse=True)
    whole = await gateway.data("{ me { ledger(first: 100) { nodes { id } } dueNotices(first: 100) { nodes { id } } } }")
    assert [node["id"] for node in whole["me"]["ledger"]["nodes"]] == entries[:100]
    assert [node["id"] for node in whole["me"]["dueNotices"]["nodes"]] == notices[:100]


async def test_a_ledger_cursor_of_another_range_still_means_its_place(gateway: Gateway) -> None:
    for _ in range(60):
        gateway.simulator.post_entry("L0048217")
    whole = await walk(gateway, LEDGER, "ledger", 100)
    page = (await gateway.data(LEDGER, first=62))["me"]["ledger"]
    narrowed = LEDGER.replace("after: $after)", 'after: $after, to: "2026-10-20")')
    following = (await gateway.data(narrowed, first=100, after=page["pageInfo"]["endCursor"]))["me"]["ledger"]
    assert [node["id"] for node in following["nodes"]] == whole[62:]


@pytest.mark.parametrize(
    ("declared", "used"),
    [
        ("$v: Platform = ANDROID", "minimumAppVersion(platform: $v) { minimum }"),
        ('$v: ID = "x"', "node(id: $v) { id }"),
        ("$v: Boolean = true", "me @skip(if: $v) { accountLabel }"),
        ("$v: WorkState = DONE", "me { works(states: [$v]) { title } }"),
    ],
)
async def test_a_null_where_none_may_be_is_the_callers(gateway: Gateway, declared: str, used: str) -> None:
    answer = await gateway.ask(f"query({declared}) {{ {used} }}", v=None)
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_USER_INPUT"}


async def test_a_null_locale_is_the_default(gateway: Gateway) -> None:
    query = "query($v: Locale) { me { balance { amount { formatted(locale: $v) } } } }"
    data = await gateway.data(query, v=None)
    assert data["me"]["balance"]["amount"]["formatted"] == "369,65\u00a0€"


async def test_a_ledger_that_grows_while_it_is_read(gateway: Gateway) -> None:
    before = await walk(gateway, LEDGER, "ledger", 100)
    page = (await gateway.data(LEDGER, first=3))["me"]["ledger"]
    for _ in range(60):  # more than a page of billing's
        gateway.simulator.post_entry("L0048217")
    following = (await gateway.data(LEDGER, first=100, after=page["pageInfo"]["endCursor"]))["me"]["ledger"]
    assert [node["id"] for node in following["nodes"]] == before[3:103]


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("ledger", "first: 101"),
        ("ledger", "first: 0"),
        ("ledger", "first: -1"),
        ("ledger", 'after: "nonsense"'),
        ("ledger", 'after: "OTk5OTk5fDIwMjYtMTAtMzFUMDM6MzA6MDArMDA6MDB8eA=="'),
        ("ledger", 'from: "2026-10-02", to: "2026-10-01"'),
        ("dueNotices", "first: 101"),
        ("dueNotices", 'after: "AE-202610-0100143"'),
        ("waterConsumption", 'from: "2024-01", to: "2026-01"'),
        ("waterConsumption", 'from: "2026-05", to: "2026-04"'),
        ("waterConsumption", 'from: "2027-05"'),
        ("waterConsumption", 'to: "0001-01"'),
        ("waterConsumption", 'from: "9999-01", to: "9999-02"'),
    ],
)
async def test_arguments_out_of_range(gateway: Gateway, field: str, arguments: str) -> None:
    answer = await gateway.ask(f"{{ me {{ accountLabel {field}({arguments}) {{ __typename }} }} }}")
    (error,) = answer["errors"]
    assert (error["extensions"]["code"], error["path"]) == ("BAD_USER_INPUT", ["me", field])
    assert answer["data"]["me"]["accountLabel"] == "L0048217"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('from: "2026-01"', ("2026-01", "2026-11")),
        ('from: "2025-01"', ("2025-01", "2026-01")),
        ('to: "2026-01"', ("2025-01", "2026-01")),
        ("from: null, to: null", ("2025-11", "2026-11")),
    ],
)
async def test_ranges_of_water(gateway: Gateway, arguments: str, expected: tuple[str, str]) -> None:
    data = await gateway.data(f"{{ me {{ waterConsumption({arguments}) {{ from to }} }} }}")
    water = data["me"]["waterConsumption"]
    assert (water["from"], water["to"]) == expected


async def test_works_by_state(gateway: Gateway) -> None:
    data = await gateway.data(
        "{ me { all: works { state } set: works(states: [APPOINTMENT_SET]) { state } "
        "none: works(states: []) { state } } }"
    )
    states = [work["state"] for work in data["me"]["all"]]
    assert [work["state"] for work in data["me"]["set"]] == [state for state in states if state == "APPOINTMENT_SET"]
    assert data["me"]["none"] == []


NODE = "query($id: ID!) { node(id: $id) { __typename id ... on DueNotice { number } ... on Work { reference } } }"


async def test_what_the_tenant_sees_can_be_asked_for_again(gateway: Gateway) -> None:
    mine = (await gateway.data("{ me { id dueNotices { nodes { id } } works { id } } }"))["me"]
    article = (await gateway.data("{ advice(first: 1) { nodes { id } } }"))["advice"]["nodes"][0]
    ids = {
        "Tenant": mine["id"],
        "DueNotice": mine["dueNotices"]["nodes"][0]["id"],
        "Work": mine["works"][0]["id"],
        "Advice": article["id"],
    }
    for typename, id_ in ids.items():
        node = (await gateway.data(NODE, id=id_))["node"]
        assert (node["__typename"], node["id"]) == (typename, id_)


async def test_nobody_elses_nodes_whether_they_exist_or_not(gateway: Gateway) -> None:
    other = gateway.simulator.landlord.tenants[5]
    ids = [
        node_id("Tenant", other.lease_reference),
        node_id("Tenant", "9999999/01"),
        node_id("DueNotice", f"AE-202610-{other.account_number[1:]}"),
        node_id("DueNotice", "AE-202610-9999999"),
        node_id("Work", "OS-2026-000001"),
        node_id("Advice", "no-such-article"),
        node_id("Account", "1"),
        "nonsense",
        "",
        "é",
    ]
    for id_ in ids:
        assert await gateway.data(NODE, id=id_) == {"node": None}, id_
        assert await gateway.data(NODE, id=id_, label=None) == {"node": None}, id_
    own = (await gateway.data("{ me { id } }"))["me"]["id"]
    assert await gateway.data(NODE, id=own, label=None) == {"node": None}


async def test_nobody_is_signed_in(gateway: Gateway) -> None:
    answer = await gateway.ask("{ me { accountLabel } serviceStatus { systems { state } } }", label=None)
    assert answer["data"]["me"] is None
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
    assert len(answer["data"]["serviceStatus"]["systems"]) == 2


async def test_a_lease_that_has_ended_keeps_its_accounts_and_loses_the_rest(gateway: Gateway) -> None:
    tenant = next(iter(gateway.simulator.landlord.with_case(Case.LEASE_ENDED)))
    tools = build_tools(gateway.settings, gateway.clock)
    await insert_account(tools, tenant.account_number, tenant.lease_reference, PASSWORD)
    await tools.store.close()
    me = (await gateway.data(HOME, label=tenant.account_number))["me"]
    assert (me["works"], me["advisor"], me["waterConsumption"]) == (None, None, None)
    assert (me["lease"]["status"], me["balance"] is None, me["leaseHolder"] is None) == ("ENDED", False, False)


async def test_advice_by_topic(gateway: Gateway) -> None:
    query = "query($topic: AdviceTopic) { advice(topic: $topic, first: 100) { nodes { topic title html } } }"
    everything = (await gateway.data(query, label=None))["advice"]["nodes"]
    safety = (await gateway.data(query, label=None, topic="SAFETY"))["advice"]["nodes"]
    assert len(everything) >= 10
    assert len({article["topic"] for article in everything}) == 7
    assert safety == [article for article in everything if article["topic"] == "SAFETY"]


async def test_a_tenant_of_every_edge_case_of_the_contract_can_be_shown(gateway: Gateway) -> None:
    landlord = gateway.simulator.landlord
    tools = build_tools(gateway.settings, gateway.clock)
    codes: dict[str, Any] = {}
    shown = {tenant.lease_reference: tenant for case in Case for tenant in islice(landlord.with_case(case), 2)}
    for tenant in shown.values():
        label = tenant.account_number
        if label != "L0048217":
            await insert_account(tools, label, tenant.lease_reference, PASSWORD)
        gateway.clock.advance(seconds=1)  # billing takes so many calls a minute
        answer = await gateway.ask(HOME, label=label)
        me = answer["data"]["me"]
        assert me["accountLabel"] == label
        for error in answer.get("errors", []):
            codes.setdefault(error["extensions"]["code"], set()).add(error["path"][1])
        assert me["leaseHolder"]["lastName"] == tenant.principal.last_name.strip()
        assert me["lease"]["reference"] == tenant.lease_reference
        assert (me["dwelling"] or {}).get("reference") in {None, tenant.dwelling_reference}
    await tools.store.close()
    assert codes == {"UPSTREAM_UNAVAILABLE": {"waterConsumption"}}  # the dwellings whose meter feed is down
    assert gateway.simulator.violations == {}

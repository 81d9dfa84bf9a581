"""What an answer may say of a tenant: what is true, stale or not, or nothing and a coded error; never anything else."""

from collections.abc import Mapping, Set
from typing import Any, Final

from gateway.models.node import node_id
from gateway.simulator import Landlord, Tenant

_ASIDE: Final = {"freshness", "pageInfo"}
_SILENT: Final = {"works", "nodes", "usefulContacts"}
"""Lists of which a row that the system keeps back is not missed: the contracts have silence mean that there is none."""


def judge(answer: Mapping[str, Any], me: Mapping[str, Any], nodes: Mapping[str, Any]) -> str:
    """What is amiss with an answer; empty where each field is the tenant's own, or null with a coded error."""
    errors = answer.get("errors") or ()
    codes = {str(error.get("extensions", {}).get("code")) for error in errors}
    if odd := sorted(code for code in codes if not code.startswith("UPSTREAM_")):
        return f"errors {odd}"
    excused = {tuple(error["path"]) for error in errors}
    data = ageless(answer["data"])
    if amiss := difference(data["me"], me, ("me",), excused):
        return amiss
    node = data.get("node")
    if node is None:  # a stranger's, or own but not to be had
        return ""
    if node["id"] not in nodes:
        return f"node {node} is a stranger's"
    del node["__typename"]
    return difference(node, nodes[node["id"]], ("node",), excused)


def strange(me: Mapping[str, Any], tenant: Tenant) -> list[str]:
    """What of a tenant's whole data is not theirs, by what the landlord itself knows."""
    account, notices, water = tenant.account, me["dueNotices"]["nodes"], me["waterConsumption"]
    advisor, named = me["advisor"], Landlord(tenant.seed, 1).advisor(tenant.sector)
    balances = {0} | {entry.balance_after_cents for entry in account.entries}
    theirs = {
        "label": me["accountLabel"] == tenant.account_number,
        "lease": me["lease"]["reference"] == tenant.lease_reference,
        "holder": me["leaseHolder"]["lastName"] == tenant.principal.last_name,
        "dwelling": (me["dwelling"] or {}).get("reference") == (tenant.dwelling and tenant.dwelling_reference),
        "balance": me["balance"]["amount"]["cents"] in balances,
        "notices": {each["id"] for each in notices} <= {node_id("DueNotice", each.id) for each in account.notices},
        "some notices": bool(notices) == bool(account.notices),
        "amounts": {each["amountDue"]["cents"] for each in notices} <= {n.amount_due_cents for n in account.notices},
        "ledger": {each["id"] for each in me["ledger"]["nodes"]} <= {entry.id for entry in account.entries},
        "some ledger": bool(me["ledger"]["nodes"]) == bool(account.entries),
        "works": {each["reference"] for each in me["works"] or ()} <= {each.reference for each in tenant.works},
        "water": water is None or {m["serial"] for m in water["meters"]} <= {m.serial for m in tenant.water.meters},
        "advisor": advisor is None or (named is not None and str(named.last_name) in advisor["fullName"]),
    }
    return [f"{name} of somebody else" for name, held in theirs.items() if not held]


def ageless(value: Any) -> Any:
    """Without what tells how old it is, and where a page lies."""
    if isinstance(value, dict):
        return {name: ageless(each) for name, each in value.items() if name not in _ASIDE}
    return [ageless(each) for each in value] if isinstance(value, list) else value


def difference(value: Any, truth: Any, path: tuple[str | int, ...], excused: Set[tuple[str | int, ...]]) -> str:
    """Where a value is neither true nor excused; empty where nothing is amiss."""
    where = ".".join(map(str, path))
    if value is None:
        fine = truth is None or path in excused or path[-1] == "dwelling"
        return "" if fine else f"{where} is null without a word"
    if isinstance(value, dict) and isinstance(truth, dict):
        fields = (difference(each, truth.get(name), (*path, name), excused) for name, each in value.items())
        return next(filter(None, fields), "")
    if isinstance(value, list) and isinstance(truth, list):
        if path[-1] in _SILENT:
            candidates = iter(truth)
            strangers = (
                each for each in value if all(difference(each, own, (*path, "*"), excused) for own in candidates)
            )
            return next((f"{where} has {each}" for each in strangers), "")
        if len(value) == len(truth):
            pairs = enumerate(zip(value, truth, strict=True))
            return next(filter(None, (difference(*pair, (*path, at), excused) for at, pair in pairs)), "")
    return "" if value == truth else f"{where} is {value!r}, not {truth!r}"

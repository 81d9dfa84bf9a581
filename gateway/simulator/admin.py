"""The admin port: every knob as JSON over HTTP, for humans with curl."""

import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

import msgspec
from aiohttp import web

from gateway.simulator.faults import BILLING_OPERATIONS, PROPERTY_OPERATIONS
from gateway.simulator.landlord.cases import Case
from gateway.simulator.landlord.tenants import Tenant
from gateway.simulator.payment_page import admin as payments

if TYPE_CHECKING:
    from gateway.simulator.simulator import Simulator

HELP: Final = """\
GET    /           this page
GET    /state      options, knobs, counters, violations
GET    /tenants    who lives there: label, names, date of birth, and the edge cases that each shows
GET    /journal    the latest calls: order, operation, keys, parameters
POST   /faults     {"operation": "ConsulterContrats" or "*", "kind": "...", "times": 1, "probability": 0.5, details}
DELETE /faults     ends every fault
POST   /latency    {"profile": "none" or "realistic", "property_ms": 0, "billing_ms": 0}
POST   /nights     {"on": true}   closes the systems when the simulated clock says that it is night
POST   /limits     {"on": false}   billing's calls per minute and day
POST   /hold       data calls wait on arrival
POST   /release    lets the waiting ones go, new ones still wait
POST   /open       ends holding
POST   /documents  {"size": 20000000, "id": "AE-202610-0048217" or "*"}
GET    /deposits   what billing has taken (encaissements), and whether it is booked or rejected by now
POST   /lots       books every pending deposit now, not at its lot's time
POST   /entries    {"account": "L0048217", "kind": "VIR", "amount": "-10.00"}
POST   /reset      forgets counters, violations, journal and faults

Operations: {operations}

Kinds of fault, with their details:
hang               {"after": false, "seconds": 60}  never answers; after: the work is done first
slow               {"seconds": 1}
drip               {"seconds": 0.1}                 headers at once, then the body byte by byte, so far apart, and
                                                    blanks for ever; not documents above 256 KiB
reset              {"after": false}                 TCP reset
truncated          {"how": "length" | "chunked" | "content", "share": 0.5}
                                                    length, chunked: cut connection; content: valid HTTP, cut body
html500 html502 html503 {"after": false}            after: though the work was done
garbage empty
maintenance503 too_many                             billing
ko                 {"code": "FAC-500", "after": false}  billing
rejected           {"reason": "COMPTE_CLOS"}        deposerEncaissement: taken, and rejected when the lot runs
expired_token                                       billing: the token of the call is revoked
soap_fault         {"code": "GL-901"}               property management
code               {"code": 99}                     property management: global return code
expired_session                                     property management: the session of the call is closed
item_code          {"code": 99 | "FAC-500", "keys": [...]}  return code of items; without keys, of all
dropped            {"keys": [...], "all": false}    without either, the first item
doubled            {"keys": [...], "conflicting": false}    repeats; conflicting: with another tenant's content
reordered
foreign                                             an item nobody asked for; ListerContacts: another agency's answer

Violations counted: too_many_at_once (property management, more than 8), fifth_session, third_token, over_rate,
batch_too_large, empty_batch, call_inside_night, wrong_header, wrong_media_type, body_too_large, bad_request (400), and
refused_gl_910 with its reason: wrong_encoding, broken_xml, dtd, no_envelope, no_body, unknown_operation,
wrong_soap_action, missing_element, unknown_element.
"""
_OPERATIONS = f"{', '.join(PROPERTY_OPERATIONS)},\n            {', '.join(BILLING_OPERATIONS)}"
_HELP = HELP.replace("{operations}", _OPERATIONS) + "\n" + payments.HELP
LISTED: Final = 1000


def create_admin(simulator: "Simulator") -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    """The handler of the admin port."""

    routes: dict[tuple[str, str], payments.Route] = {
        ("GET", "/state"): lambda _: simulator.state(),
        ("GET", "/tenants"): lambda _: [_described(tenant) for tenant in simulator.landlord.tenants[:LISTED]],
        ("GET", "/journal"): lambda _: simulator.journal,
        ("POST", "/faults"): _doing(simulator.add_fault),
        ("DELETE", "/faults"): _doing(simulator.clear_faults),
        ("POST", "/latency"): _doing(simulator.set_latency),
        ("POST", "/nights"): lambda fields: _nights(simulator, fields),
        ("POST", "/limits"): _doing(simulator.set_rate_limits),
        ("POST", "/hold"): _doing(simulator.hold),
        ("POST", "/release"): _doing(simulator.release),
        ("POST", "/open"): _doing(simulator.open),
        ("POST", "/documents"): lambda fields: _size(simulator, fields),
        ("GET", "/deposits"): lambda _: simulator.deposits(),
        ("POST", "/lots"): lambda _: {"booked": simulator.run_lots()},
        ("POST", "/entries"): lambda fields: _entry(simulator, fields),
        ("POST", "/reset"): lambda _: _reset(simulator),
        **payments.payment_routes(simulator.payment_page),
    }

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/":
            return web.Response(text=_HELP)
        route = routes.get((request.method, request.path))
        if route is None:
            return web.Response(status=404, text=_HELP)
        try:
            fields = msgspec.json.decode(await request.read() or b"{}", type=dict[str, Any])
            answer = route(fields)
            if inspect.isawaitable(answer):
                answer = await answer
        except (TypeError, ValueError, KeyError) as error:
            return _json({"error": f"{error}; GET / tells what is taken"}, 400)
        return _json(answer, 200)

    return handle


def _doing(action: Callable[..., object]) -> Callable[[dict[str, Any]], object]:
    def run(fields: dict[str, Any]) -> object:
        action(**fields)
        return {"done": True}

    return run


def _described(tenant: Tenant) -> dict[str, object]:
    principal = tenant.principal
    return {
        "label": tenant.account_number,
        "lease": tenant.lease_reference,
        "firstName": principal.first_name,
        "lastName": principal.last_name,
        "birthDate": principal.birth_date,
        "email": principal.email,
        "cases": [case.name for case in Case if tenant.shows(case)],
    }


def _nights(simulator: "Simulator", fields: dict[str, Any]) -> object:
    if not isinstance(fields.get("on"), bool):
        raise ValueError('"on" must be true or false')
    simulator.set_nights(fields["on"])
    return {"done": True}


def _size(simulator: "Simulator", fields: dict[str, Any]) -> object:
    simulator.set_document_size(int(fields["size"]), fields.get("id", "*"))
    return {"done": True}


def _entry(simulator: "Simulator", fields: dict[str, Any]) -> object:
    kind, amount = fields.get("kind", "VIR"), str(fields.get("amount", "-10.00"))
    return {"id": simulator.post_entry(fields["account"], kind, amount)}


def _reset(simulator: "Simulator") -> object:
    simulator.reset_counters()
    simulator.clear_faults()
    simulator.open()
    return {"done": True}


def _json(value: object, status: int) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(value) + b"\n", content_type="application/json")

"""The on-line account over HTTP: created by mail, signed in to, blocked, opened again; cookies and what they refuse."""

import asyncio
import json
import logging
import re
from http.cookies import SimpleCookie
from typing import Any

import jwt
import pytest

from gateway.models.mail import Mail
from gateway.simulator import Tenant
from tests.support import PASSWORD, Gateway, HeldClock, run_gateway

ORIGIN = "http://127.0.0.1:8000"
CHOSEN = "Mirabelles-2026!"
LOG_IN = """mutation($label: String!, $password: String!, $client: ClientKind!) {
  logIn(input: {accountLabel: $label, password: $password, client: $client}) {
    __typename
    ... on SignedIn { me { accountLabel } tokens { accessToken refreshToken } renewal { mandatory } }
    ... on Problem { code message }
    ... on InvalidCredentials { attemptsLeft } ... on PasswordAttemptsExhausted { retryAt }
    ... on AccountBlocked { unblockAt assistanceFormUrl }
  }
}"""
CREATE = """mutation($input: CreateAccountInput!) {
  createAccount(input: $input) { __typename ... on AccountRequestAccepted { message } ... on Problem { code message }
    ... on PasswordRejected { violations attemptsLeft } ... on AccountBlocked { unblockAt assistanceFormUrl } }
}"""
CONFIRM = """mutation($token: String!, $password: String!) {
  confirmAccount(input: {token: $token, password: $password, client: APP}) {
    __typename ... on SignedIn { me { accountLabel } tokens { accessToken } } ... on Problem { code message }
  }
}"""
RESET = """mutation($label: String!) {
  requestPasswordReset(input: {accountLabel: $label}) { __typename ... on ResetRequestAccepted { message } }
}"""
COMPLETE = """mutation($token: String!, $password: String!) {
  completePasswordReset(input: {token: $token, newPassword: $password, client: APP}) {
    __typename ... on SignedIn { me { accountLabel } } ... on PasswordRejected { violations } ... on Problem { code }
  }
}"""
SESSIONS = "{ me { account { createdOn email sessions { id current userAgent } } } }"


def newcomer(gateway: Gateway) -> Tenant:
    """A tenant with a mail address on file and no account yet."""
    return next(
        tenant
        for tenant in gateway.simulator.landlord.tenants
        if tenant.account_number != "L0048217" and tenant.principal.email and tenant.principal.first_name
    )


def address_on_file(tenant: Tenant) -> str:
    return (tenant.principal.email or "").strip()


def form(tenant: Tenant, **changes: Any) -> dict[str, Any]:
    """The creation form of that tenant."""
    principal = tenant.principal
    values = {
        "accountLabel": tenant.account_number,
        "lastName": principal.last_name,
        "firstName": principal.first_name,
        "email": "typed@example.org",
        "password": CHOSEN,
    }
    return values | changes


def link_token(mail: Mail) -> str:
    match = re.search(r"http://127\.0\.0\.1:8000/account/(?:confirm|reset)#token=(\S+)", mail.text)
    assert match, mail.text
    return match[1]


async def mutate(gateway: Gateway, mutation: str, *, bearer: str | None = None, **variables: Any) -> Any:
    status, answer = await gateway.post({"query": mutation, "variables": variables}, token=bearer)
    assert (status, "errors" in answer) == (200, False), answer
    return next(iter(answer["data"].values()))


async def log_in(gateway: Gateway, label: str, password: str, client: str = "APP") -> Any:
    return await mutate(gateway, LOG_IN, label=label, password=password, client=client)


async def test_from_the_first_form_to_being_blocked_and_back(gateway: Gateway) -> None:
    tenant = newcomer(gateway)
    label = tenant.account_number
    assert (await mutate(gateway, CREATE, input=form(tenant)))["__typename"] == "AccountRequestAccepted"
    assert (await log_in(gateway, label, CHOSEN))["__typename"] == "InvalidCredentials"  # not confirmed yet
    (mail,) = await gateway.links(address_on_file(tenant))  # to the contact on file, not to the typed address
    wrong = await mutate(gateway, CONFIRM, token=link_token(mail), password="Another-1!")
    assert wrong["__typename"] == "LinkInvalid"
    confirmed = await mutate(gateway, CONFIRM, token=link_token(mail), password=CHOSEN)
    assert confirmed["me"]["accountLabel"] == label
    assert (await mutate(gateway, CONFIRM, token=link_token(mail), password=CHOSEN))["code"] == "LINK_INVALID"

    outcomes = [await log_in(gateway, label, f"Wrong-{number}!") for number in range(3)]
    assert [outcome.get("attemptsLeft") for outcome in outcomes] == [2, 1, None]
    assert outcomes[2]["code"] == "PASSWORD_ATTEMPTS_EXHAUSTED"
    held = outcomes[2]
    assert await log_in(gateway, label, CHOSEN) == held  # the right password, the same bytes
    gateway.clock.advance(minutes=10, milliseconds=-1)
    assert await log_in(gateway, label, CHOSEN) == held
    gateway.clock.advance(milliseconds=1)
    assert (await log_in(gateway, label, CHOSEN))["__typename"] == "SignedIn"


async def test_a_forgotten_password(gateway: Gateway) -> None:
    tenant = newcomer(gateway)
    address = address_on_file(tenant)
    await mutate(gateway, CREATE, input=form(tenant))
    (mail,) = await gateway.links(address)
    await mutate(gateway, CONFIRM, token=link_token(mail), password=CHOSEN)
    assert (await mutate(gateway, RESET, label=tenant.account_number.lower()))["__typename"] == "ResetRequestAccepted"
    token = link_token((await gateway.links(address, count=2))[0])
    weak = await mutate(gateway, COMPLETE, token=token, password="short")
    assert set(weak["violations"]) == {"MIN_LENGTH", "DIGIT", "UPPERCASE", "SPECIAL_CHARACTER"}
    done = await mutate(gateway, COMPLETE, token=token, password="Questche-2027!")
    assert done["me"] == {"accountLabel": tenant.account_number}
    assert (await mutate(gateway, COMPLETE, token=token, password="Questche-2028!"))["code"] == "LINK_INVALID"
    assert (await log_in(gateway, tenant.account_number, CHOSEN))["__typename"] == "InvalidCredentials"
    assert (await log_in(gateway, tenant.account_number, "Questche-2027!"))["__typename"] == "SignedIn"


async def test_the_three_kinds_of_label_get_the_same_answers(gateway: Gateway) -> None:
    """An account, a lease without account, nobody: the same JSON whatever is done, times aside."""
    lease = newcomer(gateway)
    names = {"lastName": "Martin", "firstName": "Élodie"}
    told = []
    for label in ("L0048217", lease.account_number, "L9999999"):
        answers = [await mutate(gateway, RESET, label=label)]
        answers += [await log_in(gateway, label, "Wrong-1!") for _ in range(4)]
        answers += [
            await mutate(gateway, CREATE, input=form(lease, accountLabel=label, **names, password=password))
            for password in ("weak", CHOSEN, CHOSEN, CHOSEN)
        ]
        answers += [await log_in(gateway, label, "Wrong-1!")]
        told.append(json.dumps(answers, ensure_ascii=False))
    assert told[0] == told[1] == told[2]
    assert "ACCOUNT_BLOCKED" in told[0]


async def sign_in_with_cookie(gateway: Gateway) -> tuple[SimpleCookie, list[str]]:
    """A browser's cookies after signing in, and the Set-Cookie headers that brought them."""
    variables = {"label": "L0048217", "password": PASSWORD, "client": "WEB"}
    headers = {"GraphQL-Preflight": "1", "Origin": ORIGIN}
    body = {"query": LOG_IN, "variables": variables}
    async with gateway.http.post(f"{gateway.url}/graphql", json=body, headers=headers) as response:
        answer = (await response.json(content_type=None))["data"]["logIn"]
        assert (answer["__typename"], answer["tokens"]) == ("SignedIn", None)
        sent = response.headers.getall("Set-Cookie")
    gateway.http.cookie_jar.clear()
    cookies = SimpleCookie()
    for header in sent:
        cookies.load(header)
    return cookies, sent


async def with_cookie(gateway: Gateway, cookie: str, query: str = SESSIONS, **headers: str) -> tuple[int, Any, Any]:
    sent = {"Cookie": f"__Host-session={cookie}", "Content-Type": "application/json"} | headers
    body = json.dumps({"query": query}).encode()
    async with gateway.http.post(f"{gateway.url}/graphql", data=body, headers=sent) as response:
        return response.status, await response.json(content_type=None), response.headers


async def test_a_browsers_cookies(gateway: Gateway) -> None:
    cookies, headers = await sign_in_with_cookie(gateway)
    assert set(cookies) == {"__Host-session", "__Host-device"}
    for header in headers:
        attributes = {part.strip().lower() for part in header.split(";")[1:]}
        assert {"path=/", "secure", "httponly", "samesite=lax"} <= attributes
        assert not any(attribute.startswith("domain") for attribute in attributes)
    cookie = cookies["__Host-session"].value
    assert len(cookie) >= 43  # 256 bits
    _, answer, _ = await with_cookie(gateway, cookie, **{"GraphQL-Preflight": "1"})
    (session,) = answer["data"]["me"]["account"]["sessions"]
    assert session["current"]
    _, _, out = await with_cookie(gateway, cookie, "mutation { logOut { ended } }", **{"GraphQL-Preflight": "1"})
    assert out["Set-Cookie"].startswith("__Host-session=; Max-Age=0")
    status, answer, refused = await with_cookie(gateway, cookie, **{"GraphQL-Preflight": "1"})
    assert (status, answer["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")
    assert refused["Set-Cookie"].startswith("__Host-session=; Max-Age=0")


CSRF = [
    ({"GraphQL-Preflight": "1"}, 200),
    ({"Apollo-Require-Preflight": "true"}, 200),
    ({"GraphQL-Preflight": "1", "Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}, 200),
    ({"GraphQL-Preflight": "1", "Sec-Fetch-Site": "none"}, 200),
    ({}, 403),
    ({"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}, 403),
    ({"GraphQL-Preflight": "1", "Origin": "https://evil.example"}, 403),
    ({"GraphQL-Preflight": "1", "Origin": "null"}, 403),
    ({"GraphQL-Preflight": "1", "Origin": f"{ORIGIN}.evil.example"}, 403),
    ({"GraphQL-Preflight": "1", "Sec-Fetch-Site": "cross-site"}, 403),
    ({"GraphQL-Preflight": "1", "Sec-Fetch-Site": "same-site"}, 403),
]


@pytest.mark.parametrize(("headers", "expected"), CSRF)
async def test_other_sites_cannot_use_the_cookie(gateway: Gateway, headers: dict[str, str], expected: int) -> None:
    cookies, _ = await sign_in_with_cookie(gateway)
    status, answer, _ = await with_cookie(gateway, cookies["__Host-session"].value, **headers)
    assert status == expected
    if expected == 403:
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
async def test_forms_of_other_sites_are_not_read(gateway: Gateway, content_type: str) -> None:
    cookies, _ = await sign_in_with_cookie(gateway)
    status, _, _ = await with_cookie(gateway, cookies["__Host-session"].value, **{"Content-Type": content_type})
    assert status == 415


@pytest.mark.parametrize(("headers", "expected"), CSRF)
async def test_other_sites_cannot_sign_a_browser_in(gateway: Gateway, headers: dict[str, str], expected: int) -> None:
    body = {"query": LOG_IN, "variables": {"label": "L0048217", "password": PASSWORD, "client": "WEB"}}
    sent = headers | {"Accept": "application/graphql-response+json"}
    async with gateway.http.post(f"{gateway.url}/graphql", json=body, headers=sent) as response:
        answer = await response.json(content_type=None)
        assert response.status == expected
        assert ("Set-Cookie" in response.headers) == (expected == 200)
    if expected == 403:
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_cookie_and_bearer_together_are_refused(gateway: Gateway) -> None:
    cookies, _ = await sign_in_with_cookie(gateway)
    token = await gateway.sign_in()
    headers = {"GraphQL-Preflight": "1", "Authorization": f"Bearer {token}"}
    status, answer, _ = await with_cookie(gateway, cookies["__Host-session"].value, **headers)
    assert (status, answer["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")


async def test_sessions_are_listed_and_ended(gateway: Gateway) -> None:
    first, second = [(await log_in(gateway, "L0048217", PASSWORD))["tokens"]["accessToken"] for _ in range(2)]
    _, answer = await gateway.post({"query": SESSIONS}, token=first)
    sessions = answer["data"]["me"]["account"]["sessions"]
    assert sorted(session["current"] for session in sessions) == [False, True]
    other = next(session["id"] for session in sessions if not session["current"])
    end = "mutation($id: ID!) { endSession(id: $id) { ended } }"
    assert await mutate(gateway, end, bearer=first, id=other) == {"ended": True}
    assert await mutate(gateway, end, bearer=first, id=other) == {"ended": False}
    status, _ = await gateway.post({"query": SESSIONS}, token=second)
    assert status == 401
    third = (await log_in(gateway, "L0048217", PASSWORD))["tokens"]["accessToken"]
    assert await mutate(gateway, "mutation { logOutEverywhere { ended } }", bearer=first) == {"ended": True}
    for token in (first, third):
        status, _ = await gateway.post({"query": SESSIONS}, token=token)
        assert status == 401


REFRESH = """mutation($token: String!) { refreshSession(input: {refreshToken: $token}) {
  __typename ... on SessionRefreshed { tokens { accessToken refreshToken } } ... on Problem { code } } }"""


async def test_an_app_refreshes_its_session(gateway: Gateway) -> None:
    tokens = (await log_in(gateway, "L0048217", PASSWORD))["tokens"]
    gateway.clock.advance(minutes=6)
    status, _ = await gateway.post({"query": SESSIONS}, token=tokens["accessToken"])
    assert status == 401
    refreshed = await mutate(gateway, REFRESH, token=tokens["refreshToken"])
    status, _ = await gateway.post({"query": SESSIONS}, token=refreshed["tokens"]["accessToken"])
    assert status == 200
    gateway.clock.advance(seconds=11)
    assert (await mutate(gateway, REFRESH, token=tokens["refreshToken"]))["code"] == "SESSION_EXPIRED"
    again = await mutate(gateway, REFRESH, token=refreshed["tokens"]["refreshToken"])
    assert again["code"] == "SESSION_EXPIRED"  # an older one was shown: the session has ended


async def test_tokens_are_verified_by_the_published_keys(gateway: Gateway) -> None:
    token = await gateway.sign_in()
    async with gateway.http.get(f"{gateway.url}/.well-known/jwks.json") as response:
        keys = {key["kid"]: jwt.PyJWK(key) for key in (await response.json())["keys"]}
    header = jwt.get_unverified_header(token)
    assert (header["alg"], header["typ"]) == ("EdDSA", "at+jwt")
    options: Any = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(token, keys[header["kid"]], algorithms=["EdDSA"], audience="tenant-gateway", options=options)
    assert set(claims) == {"iss", "aud", "sub", "sid", "jti", "iat", "exp"}
    assert "L0048217" not in json.dumps(claims)
    forged = jwt.encode(claims, "x" * 32, algorithm="HS256", headers={"typ": "at+jwt", "kid": header["kid"]})
    for bad in (forged, token[:-4] + "AAAA", f"{token.rsplit('.', 1)[0]}."):
        status, _ = await gateway.post({"query": SESSIONS}, token=bad)
        assert status == 401


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("tenant-app-android", "3.9.9", 426),
        ("tenant-app-android", "3.10.0", 200),
        ("tenant-app-android", "", 426),
        ("tenant-app-ios", "1.0", 200),
        ("somebody-else", "0.1", 200),
    ],
)
async def test_apps_that_are_too_old(gateway: Gateway, name: str, version: str, expected: int) -> None:
    gateway.settings.__dict__["minimum_app_version_android"] = "3.10.0"
    headers = {"apollographql-client-name": name, "apollographql-client-version": version}
    status, answer = await gateway.post({"query": "{ passwordPolicy { minLength } }"}, **headers)
    assert status == expected
    if expected == 426:
        assert answer["errors"][0]["extensions"]["code"] == "CLIENT_OUTDATED"
        assert answer["errors"][0]["extensions"]["storeUrl"].startswith("https://play.google.com/")


async def test_the_rules_for_passwords_in_the_callers_language(gateway: Gateway) -> None:
    query = {"query": "{ passwordPolicy { minLength maxLength rules { rule label } } }"}
    labels = {}
    for language in ("fr", "en"):
        _, answer = await gateway.post(query, **{"Accept-Language": language})
        policy = answer["data"]["passwordPolicy"]
        assert (policy["minLength"], policy["maxLength"]) == (8, 256)
        labels[language] = {rule["rule"]: rule["label"] for rule in policy["rules"]}
    assert labels["fr"]["DIGIT"] != labels["en"]["DIGIT"]
    assert "8" in labels["fr"]["MIN_LENGTH"]


async def test_nothing_secret_is_logged(gateway: Gateway, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await test_from_the_first_form_to_being_blocked_and_back(gateway)
    tokens = (await log_in(gateway, "L0048217", PASSWORD))["tokens"]
    inline = f'mutation {{ logIn(input: {{accountLabel: "L0048217", password: "{PASSWORD}"}}) {{ nonsense }} }}'
    await gateway.post({"query": inline})
    await gateway.post({"query": LOG_IN, "variables": {"label": "L0048217", "password": [PASSWORD], "client": "APP"}})
    tenant = newcomer(gateway)
    planted = [PASSWORD, CHOSEN, "L0048217", tenant.account_number, address_on_file(tenant), "typed@example.org"]
    planted += list(tokens.values()) + [link_token(mail) for mail in gateway.printed.mails if "#token=" in mail.text]
    own = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith(("aiosqlite",)))
    assert [secret for secret in planted if secret in own] == []


async def test_twenty_readers_of_one_link_have_one_winner(gateway: Gateway) -> None:
    tenant = newcomer(gateway)
    await mutate(gateway, CREATE, input=form(tenant))
    token = link_token((await gateway.links(address_on_file(tenant)))[0])
    outcomes = await asyncio.gather(*(mutate(gateway, CONFIRM, token=token, password=CHOSEN) for _ in range(20)))
    kinds = [outcome["__typename"] for outcome in outcomes]
    assert kinds.count("SignedIn") == 1
    assert set(kinds) <= {"SignedIn", "LinkInvalid", "RateLimited"}


async def test_a_mandatory_renewal_lets_nothing_else_be_done(gateway: Gateway, clock: HeldClock) -> None:
    settings = gateway.settings.model_copy(update={"password_renewal_mandatory": True})
    clock.advance(days=366)
    async with run_gateway(gateway.simulator, settings, clock) as strict:
        signed_in = await log_in(strict, "L0048217", PASSWORD)
        assert signed_in["renewal"] == {"mandatory": True}
        assert signed_in["me"] == {"accountLabel": "L0048217"}
        bearer = signed_in["tokens"]["accessToken"]
        query = "{ me { accountLabel } }"
        _, answer = await strict.post({"query": query}, token=bearer)
        assert (answer["data"]["me"], answer["errors"][0]["extensions"]["code"]) == (None, "FORBIDDEN")
        inside = LOG_IN.replace("me { accountLabel }", "me { balance { due { cents } } account { createdOn } }")
        variables = {"label": "L0048217", "password": PASSWORD, "client": "APP"}
        _, answer = await strict.post({"query": inside, "variables": variables})
        assert answer["data"]["logIn"]["me"] == {"balance": None, "account": None}
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"FORBIDDEN"}
        renew = """mutation { renewPassword(input: {currentPassword: "%s", newPassword: "Questche-2027!"}) {
          __typename ... on PasswordRenewed { tokens { accessToken } } } }"""
        renewed = await mutate(strict, renew % PASSWORD, bearer=bearer)
        assert renewed["__typename"] == "PasswordRenewed"
        bearer = (renewed["tokens"] or signed_in["tokens"])["accessToken"]
        _, answer = await strict.post({"query": query}, token=bearer)
        assert answer["data"]["me"] == {"accountLabel": "L0048217"}


async def test_links_are_built_from_the_public_address_whatever_the_host_header(gateway: Gateway) -> None:
    tenant = newcomer(gateway)
    _, answer = await gateway.post({"query": CREATE, "variables": {"input": form(tenant)}}, Host="evil.example")
    assert answer["data"]["createAccount"]["__typename"] == "AccountRequestAccepted"
    (mail,) = await gateway.links(address_on_file(tenant))
    assert "evil.example" not in mail.text + mail.html
    assert link_token(mail)

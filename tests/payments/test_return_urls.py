"""The payment page sends browsers to the landlord's own addresses and nowhere else."""

import pytest

from gateway.models.return_url import parse_return_places
from gateway.settings import SettingsError, given_settings

PLACES = parse_return_places("https://tenants.example/paiements/, https://m.tenants.example:8443/retour")


def admitted(url: str) -> bool:
    return any(place.admits(url) for place in PLACES)


@pytest.mark.parametrize(
    "url",
    [
        "https://tenants.example/paiements/",
        "https://tenants.example/paiements/retour",
        "https://tenants.example/paiements/2026/retour?notice=AE-202610&x=%2F",
        "https://TENANTS.example:443/paiements/retour",
        "https://m.tenants.example:8443/retour",
        "https://m.tenants.example:8443/retour?ok=1",
    ],
)
def test_own_addresses(url: str) -> None:
    assert admitted(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/paiements/retour",
        "//evil.example/paiements/",
        "http://tenants.example/paiements/retour",
        "https://tenants.example:8443/paiements/retour",
        "https://evil.example/paiements/retour",
        "https://tenants.example.evil.example/paiements/",
        "https://eviltenants.example/paiements/",
        "https://tenants.example@evil.example/paiements/",
        "https://tenants.example:443@evil.example/paiements/",
        "https://evil.example\\@tenants.example/paiements/",
        "https://tenants.example\\.evil.example/paiements/",
        "https://tenants.example%2eevil.example/paiements/",
        "https://tenants.example./paiements/",
        "https://tenants.example/paiements",
        "https://tenants.example/paiementsevil",
        "https://tenants.example/paiements/../logout",
        "https://tenants.example/paiements/./x",
        "https://tenants.example/paiements/%2e%2e/logout",
        "https://tenants.example/paiements//evil.example",
        "https://tenants.example/paiements/..\\logout",
        "https://tenants.example/PAIEMENTS/retour",
        "https://tenants.example/paiements/retour#https://evil.example",
        "https://tenants.example/paiements/retour?a=1+AUTHORISED",
        "https://tenants.example/paiements/retour\r\nLocation: https://evil.example",
        "https://tenants.example/paiements/retour\n",
        " https://tenants.example/paiements/retour",
        "https://tenants.example/paiements/re\ttour",
        "https://tеnants.example/paiements/retour",
        "https://[::1]/paiements/retour",
        "https://tenants.example:0443a/paiements/",
        "https://m.tenants.example:8443/retour/",
        "https://m.tenants.example:8443/retour/below",
        "https://m.tenants.example/retour",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://tenants.example/paiements/" + "a" * 300,
    ],
)
def test_other_addresses(url: str) -> None:
    assert not admitted(url)


@pytest.mark.parametrize("text", ["tenants.example", "https://a.example/?x=1", "https://a.example/../", "ftp://a.b/"])
def test_a_list_that_says_something_else(text: str) -> None:
    with pytest.raises(ValueError, match="addresses that begin with"):
        parse_return_places(text)
    with pytest.raises((ValueError, SettingsError)):
        given_settings(payment_return_urls=text)


def test_no_list_admits_nothing() -> None:
    assert parse_return_places("") == ()

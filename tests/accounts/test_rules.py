"""Rules that need no database: passwords, anniversaries, budgets, versions, spellings, the catalogue."""

import re
from datetime import date

import pytest

from gateway.accounts import passwords
from gateway.accounts.anniversaries import anniversary, renewal_due_since
from gateway.accounts.app_versions import find_outdated, minimum_version
from gateway.accounts.budgets import MOST_ADDRESSES, AddressBudgets, network_of
from gateway.accounts.password_policy import find_violations
from gateway.accounts.wording import describe_outcome, describe_rule
from gateway.accounts.words import hash_words, holder_hashes, holds_hashed_word, is_same_holder, name_words, spelled
from gateway.locale import _catalogue, translate
from gateway.models.account import InvalidCredentials, PasswordAttemptsExhausted, PasswordRule, RateLimited
from gateway.models.app_version import Platform
from gateway.models.money import Locale
from gateway.sealing import NotSealedHere, Secrets
from gateway.settings import Settings

from .conftest import settings_for

PROMISED_KIB = passwords.MEMORY_KIB
assert PROMISED_KIB >= 19 * 1024
SECRETS = Secrets(["first-secret-key-of-the-tests-0123456789"])


def test_anniversaries_of_a_leap_day() -> None:
    created = date(2024, 2, 29)
    days = [anniversary(created, years) for years in range(1, 5)]
    assert days == [date(2025, 2, 28), date(2026, 2, 28), date(2027, 2, 28), date(2028, 2, 29)]


@pytest.mark.parametrize(
    ("changed", "today", "due"),
    [
        (date(2024, 2, 29), date(2025, 2, 27), None),
        (date(2024, 2, 29), date(2025, 2, 28), date(2025, 2, 28)),
        (date(2024, 2, 29), date(2026, 2, 27), date(2025, 2, 28)),
        (date(2024, 2, 29), date(2028, 2, 28), date(2027, 2, 28)),
        (date(2024, 2, 29), date(2028, 2, 29), date(2028, 2, 29)),
        (date(2025, 2, 28), date(2025, 3, 1), None),
        (date(2025, 2, 27), date(2025, 2, 28), date(2025, 2, 28)),
        (date(2024, 2, 29), date(2024, 2, 29), None),
    ],
)
def test_a_renewal_is_due_from_the_anniversary_on(changed: date, today: date, due: date | None) -> None:
    assert renewal_due_since(date(2024, 2, 29), changed, today) == due


@pytest.mark.parametrize(
    ("password", "broken"),
    [
        ("Chêne-Vert-42", []),
        ("Été 2026 bleu", []),
        ("Ab1!efg", ["MIN_LENGTH"]),
        ("Ab1!efgh", []),
        ("Ab1!" + "x" * 252, []),
        ("Ab1!" + "x" * 253, ["MAX_LENGTH"]),
        ("Chene-Vert", ["DIGIT"]),
        ("chene-vert-4", ["UPPERCASE"]),
        ("CheneVert4", ["SPECIAL_CHARACTER"]),
        ("Password1!", ["TOO_COMMON"]),
        ("P@ssw0rd!!", ["TOO_COMMON"]),
        ("Azerty-2026", ["TOO_COMMON"]),
        ("Motdepasse!1", ["TOO_COMMON"]),
        ("!!Soleil57!!", ["TOO_COMMON"]),
        ("Soleil-de-Metz-57", []),
        ("L0048217-Bleu", ["CONTAINS_PERSONAL_DATA"]),
        ("Mar.tin-Bleu-7", ["CONTAINS_PERSONAL_DATA"]),
        ("Ёлка-зелёная-7", []),
    ],
)
def test_the_password_policy(password: str, broken: list[str]) -> None:
    assert [rule.value for rule in find_violations(password, personal={"L0048217", "MARTIN"})] == broken


def test_names_are_found_again_by_their_digests_only() -> None:
    hashed = hash_words(SECRETS, name_words("Jean-Noël", "L’HÔPITAL"))
    assert "HOPITAL" not in hashed
    assert holds_hashed_word(SECRETS, "xx-Hôpital-9", hashed)
    assert holds_hashed_word(SECRETS, "JEAN1!xxxx", hashed)
    assert not holds_hashed_word(SECRETS, "Chêne-Vert-42", hashed)
    assert not holds_hashed_word(SECRETS, "Chêne-Vert-42", "")


def test_a_married_name_is_the_same_holder_and_another_person_is_not() -> None:
    born = date(1987, 5, 14)
    hashed = holder_hashes(SECRETS, "Élodie", "MARTIN", born)
    assert is_same_holder(SECRETS, hashed, "ELODIE", "Martin", None)
    assert is_same_holder(SECRETS, hashed, "Elodie", "DURAND", born)
    assert not is_same_holder(SECRETS, hashed, "Karim", "HADDAD", born)
    assert not is_same_holder(SECRETS, hashed, "Elodie", "DURAND", date(1990, 1, 1))


def test_spelling_drops_accents_ligatures_and_punctuation() -> None:
    assert spelled("  Lœtitia d’Aÿ-Straße ") == "LOETITIA D AY STRASSE"


def test_an_ipv6_household_has_one_budget() -> None:
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2::ffff") == "2001:db8:1:2::/64"
    assert network_of("::ffff:192.0.2.7") == network_of("192.0.2.7") == "192.0.2.7"
    assert network_of("fe80::1%eth0") == "fe80::/64"
    assert network_of(None) == network_of("nonsense") == "unknown"


async def test_budgets_grow_back_steadily_and_stay_bounded() -> None:
    budgets = AddressBudgets(calls=3, window_ms=60_000)
    assert [await budgets.spend("192.0.2.1", 0) for _ in range(4)] == [None, None, None, 20]
    assert await budgets.spend("192.0.2.1", 19_999) == 1
    assert await budgets.spend("192.0.2.1", 20_000) is None
    assert await budgets.spend("192.0.2.1", 20_000) == 20
    assert [await budgets.spend("192.0.2.1", 200_000) for _ in range(4)] == [None, None, None, 20]
    for number in range(MOST_ADDRESSES + 10):
        await budgets.spend(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 200_000)
    assert len(budgets._whole_at) == MOST_ADDRESSES


def test_old_apps_are_told_where_a_newer_one_is() -> None:
    settings = settings_for(
        "sqlite:///x", minimum_app_version_android="2.10", app_store_url_android="https://store.example/a"
    )
    old = minimum_version(settings, Platform.ANDROID)
    assert (old.minimum, old.store_url) == ("2.10", "https://store.example/a")
    for version in ("2.9.9", "1", "", None, "new"):
        assert find_outdated(settings, "tenant-app-android", version) == old
    for version in ("2.10", "2.10.0", "2.10.1-beta", "3"):
        assert find_outdated(settings, "tenant-app-android", version) is None
    assert find_outdated(settings, "tenant-app-ios", "0.1") is None
    assert find_outdated(settings, "graphiql", None) is None
    assert find_outdated(settings, None, None) is None


def test_seals_fit_their_place_and_their_secret() -> None:
    sealed = SECRETS.seal("mail", "row 1", {"to": "é"})
    assert SECRETS.open("mail", "row 1", sealed) == {"to": "é"}
    rotated = Secrets(["second-secret-key-0123456789-0123456789", "first-secret-key-of-the-tests-0123456789"])
    assert rotated.open("mail", "row 1", sealed) == {"to": "é"}
    for secrets, purpose, about in (
        (SECRETS, "mail", "row 2"),
        (SECRETS, "work", "row 1"),
        (Secrets(["x"]), "mail", "row 1"),
    ):
        with pytest.raises(NotSealedHere):
            secrets.open(purpose, about, sealed)
    for broken in ("", "x", "é", sealed[:-4], sealed[:20]):
        with pytest.raises(NotSealedHere):
            SECRETS.open("mail", "row 1", broken)


def test_secret_keys_are_a_list_of_strong_ones() -> None:
    settings: Settings = settings_for("sqlite:///x", secret_key=f"{'a' * 32} , {'b' * 32}")
    assert settings.secret_keys == ("a" * 32, "b" * 32)
    with pytest.raises(ValueError, match="32 characters"):
        settings_for("sqlite:///x", secret_key=f"{'a' * 32},short")


def test_both_languages_have_every_message_with_the_same_gaps() -> None:
    french, english = (
        {key[0] if isinstance(key, tuple) else key: text for key, text in _catalogue(locale)._catalog.items() if key}
        for locale in Locale
    )
    assert set(french) == set(english)
    for message_id, text in french.items():
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", english[message_id])), message_id


def test_messages_are_filled_in_and_know_the_plural() -> None:
    assert describe_outcome(InvalidCredentials(1), Locale.FR).endswith("Il vous reste 1 essai.")
    assert describe_outcome(InvalidCredentials(2), Locale.FR).endswith("Il vous reste 2 essais.")
    assert describe_outcome(RateLimited(1), Locale.EN).endswith("in 1 second.")
    assert "réessayez" not in describe_outcome(PasswordAttemptsExhausted(None), Locale.FR).lower()
    for rule in PasswordRule:
        assert describe_rule(rule, Locale.FR) != describe_rule(rule, Locale.EN)
    with pytest.raises(KeyError):
        translate(Locale.FR, "no such message")


async def test_passwords_are_hashed_as_strongly_as_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "MEMORY_KIB", PROMISED_KIB)
    hasher = passwords.Passwords(threads=1, queue_seconds=5)
    hashed = await hasher.hash("Chêne-Vert-42")
    assert hashed.startswith(f"$argon2id$v=19$m={PROMISED_KIB},t=2,p=1$")
    assert await hasher.verify(hashed, "Chêne-Vert-42") == passwords.Verification(right=True)
    assert hasher._dummy.rpartition("$")[0].rpartition("$")[0] == hashed.rpartition("$")[0].rpartition("$")[0]
    assert len(hasher._dummy) == len(hashed)
    assert await hasher.verify(None, "Chêne-Vert-42") == passwords.Verification(right=False)
    hasher.close()

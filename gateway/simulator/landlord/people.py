"""Holders of leases: names of every difficulty, deterministic by tenant."""

import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from gateway.simulator.landlord.cases import Case
from gateway.simulator.landlord.dice import dice


@dataclass(frozen=True, slots=True)
class Holder:
    """A holder of a lease; codes raw, null as None, phone digits only."""

    title_code: str | None
    last_name: str
    first_name: str | None
    birth_date: date | None
    is_principal: bool
    email: str | None
    phone: str | None


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_LAST_NAMES: Final = _words(
    "BERNARD DUBOIS THOMAS ROBERT RICHARD PETIT DURAND LEROY MOREAU SIMON LAURENT LEFEBVRE MICHEL GARCIA DAVID "
    "BERTRAND ROUX VINCENT FOURNIER MOREL GIRARD ANDRÉ LEFÈVRE MERCIER DUPONT LAMBERT BONNET FRANÇOIS MARTINEZ LEGRAND "
    "GARNIER FAURE ROUSSEAU BLANC GUÉRIN MULLER HENRY ROUSSEL NICOLAS PERRIN MORIN MATHIEU CLÉMENT GAUTHIER DUMONT "
    "LOPEZ FONTAINE CHEVALIER ROBIN MASSON SANCHEZ GÉRARD NGUYEN BOYER DENIS LEMAIRE DUVAL JOLY GAUTIER ROGER ROCHE "
    "ROY NOËL MEYER LUCAS MEUNIER JEAN PEREZ MARCHAND DUFOUR BLANCHARD MARIE BARBIER BRUN DUMAS BRUNET SCHMITT LEROUX"
)
_WOMEN: Final = _words(
    "Marie Nathalie Isabelle Sylvie Catherine Françoise Valérie Chloé Élise Léa Manon Camille Zoé Inès Hélène Aïcha "
    "Fatima Noémie Agnès Béatrice Jeanne Sarah Émilie Joëlle"
)
_MEN: Final = _words(
    "Jean Pierre Michel Philippe Alain Nicolas Christophe François Frédéric Sébastien Jérôme Loïc Mickaël Ahmed Karim "
    "Rémi Théo Gaël Benoît Grégory André Noël Hugo Lucas"
)
_LONG: Final = (
    "VAN DEN BROECK DE LA ROCHEFOUCAULD",
    "RAKOTOARIMANANA ANDRIANTSITOHAINA",
    "DE MONTMORENCY-LAVAL DE BOISDAUPHIN",
)
_PUNCTUATED: Final = (
    ("D'HAUTEVILLE-O'CONNOR", "Jean-Noël"),
    ("L'HERMITE", "Anne-Sophie"),
    ("SAINT-EXUPÉRY", "Marie-Ève"),
)
_WINDOWS: Final = (("LEBŒUF", "Cœurine"), ("D’ŒUVRE", "Maëlys"), ("NŒUDSON", "L’Éa"))
_COMPANIES: Final = ("ASSOCIATION LES PETITS FRÈRES", "SARL BOULANGERIE DU PORT", "SUKARNO")


def holders_of(seed: int, index: int) -> tuple[Holder, ...]:
    """The holders of the lease of the tenant at this index, in the order property management answers."""
    rng = dice(seed, index, "people")
    if Case.COMPANY.applies_to(index):
        name = _COMPANIES[index // Case.COMPANY.every % len(_COMPANIES)]
        return (Holder(None, name, None, None, True, _email(index, "contact", name), _phone(index)),)
    principal = _principal(rng, index)
    if not Case.JOINT_TENANCY.applies_to(index):
        return (principal,)
    others = tuple(_other(rng, index, place) for place in range(1 + (index // 10) % 2))
    # The principal holder last: reading the first one is a mistake the data must show.
    return (*others, principal)


def _principal(rng: random.Random, index: int) -> Holder:
    woman = rng.random() < 0.5
    last, first = rng.choice(_LAST_NAMES), rng.choice(_WOMEN if woman else _MEN)
    pick = index // 2 % 3
    if Case.LONG_NAME.applies_to(index):
        last = _LONG[pick]
    elif Case.HYPHEN_APOSTROPHE.applies_to(index):
        last, first = _PUNCTUATED[pick]
    elif Case.WINDOWS_1252_NAME.applies_to(index):
        last, first = _WINDOWS[pick]
    title = "9" if Case.UNKNOWN_TITLE.applies_to(index) else ("2" if woman else "1")
    return Holder(title, last, first, _birth_date(rng, index), True, _email(index, first, last), _phone(index))


def _other(rng: random.Random, index: int, place: int) -> Holder:
    last, first = rng.choice(_LAST_NAMES), rng.choice(_MEN)
    born = date(1950, 1, 1) + timedelta(days=rng.randrange(18_000))
    return Holder("1", last, f"{first}-{place + 1}", born, False, None, None)


def _birth_date(rng: random.Random, index: int) -> date | None:
    born = date(1945, 1, 1) + timedelta(days=rng.randrange(21_000))
    return None if Case.NO_BIRTH_DATE.applies_to(index) else born


def _email(index: int, first: str, last: str) -> str | None:
    if Case.NO_EMAIL.applies_to(index):
        return None
    plain = "".join(letter for letter in f"{first}.{last}".lower() if "a" <= letter <= "z" or letter == ".")
    return f"{plain}.{index}@example.org"


def _phone(index: int) -> str | None:
    if Case.NO_PHONE.applies_to(index):
        return None
    if index % 40 == 1:
        return f"+336399{index % 100_000:05d}"
    # 06 39 98 is reserved by the regulator for works of fiction.
    return f"063998{index % 10_000:04d}"

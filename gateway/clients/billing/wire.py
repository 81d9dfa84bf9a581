"""Billing's JSON as it is written on the wire (docs/legacy/facturation.openapi.yaml); amounts are exact decimals."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from msgspec import Raw, Struct


class Ko(Struct):
    """A data error, HTTP 200: to be looked for before anything else."""

    statut: str | None = None
    code: str | None = None


class Maintenance(Struct, rename={"online": "IsOnline"}):
    """The body of a 503."""

    online: bool


class Jeton(Struct):
    """A token and the seconds that it lives."""

    jeton: str
    expireDans: int


class Prelevement(Struct, gc=False):
    """A planned direct debit."""

    date: date
    montant: Decimal


class PlanApurement(Struct, gc=False):
    """A payment plan."""

    mensualite: Decimal
    resteDu: Decimal
    dateFin: date | None = None


class Compte(Struct, gc=False):
    """A rent account; negative = the tenant owes."""

    numeroCompte: str
    solde: Decimal
    soldeExigible: Decimal
    dateArrete: datetime
    etat: str
    prochainPrelevement: Prelevement | None = None
    planApurement: PlanApurement | None = None


class ErreurCompte(Struct):
    """Why a batch has nothing for an account."""

    numeroCompte: str
    code: str


class ResultatComptes(Struct):
    """A batch of accounts; items undecoded, so that one in error spoils no other."""

    comptes: list[Raw]
    erreurs: list[ErreurCompte]


class Mouvement(Struct, gc=False):
    """A ledger entry."""

    id: str
    dateValeur: date
    dateSaisie: datetime
    nature: str
    libelle: str
    periode: int | None = None
    debit: Decimal | None = None
    credit: Decimal | None = None
    soldeApres: Decimal | None = None
    motifRejet: str | None = None
    referenceExterne: str | None = None


class PageMouvements(Struct):
    """A page of the ledger: `taille` entries or what is left of `total`, from page 0 on."""

    contenu: list[Mouvement]
    page: int
    taille: int
    total: int
    dernierePage: bool


class LigneAvis(Struct, gc=False):
    """A line of a due notice."""

    rubrique: str
    libelle: str
    debit: Decimal | None = None
    credit: Decimal | None = None
    quantite: Decimal | None = None
    unite: str | None = None


class Avis(Struct, gc=False):
    """A due notice. `lignes` is a list of LigneAvis, undecoded: it repeats each month.

    Amounts are what `reading.owed` takes: negative = the tenant owes.
    """

    id: str
    numeroCompte: str
    periode: int
    dateEmission: date
    dateLimite: date
    soldeAnterieur: Any
    totalMois: Any
    netAPayer: Any
    mode: str
    lignes: Raw
    document: str
    datePrelevement: date | None = None
    referenceTip: str | None = None
    rum: str | None = None
    quittance: str | None = None


class ResultatAvis(Struct):
    """A batch of due notices, undecoded as in ResultatComptes."""

    avis: list[Raw]
    erreurs: list[ErreurCompte]


class CleCompte(Struct):
    """The one thing that must be read of an item to know whose it is."""

    numeroCompte: str


class Depot(Struct):
    """The answer to a deposit: ACCEPTE or DOUBLON."""

    statut: str
    lot: str


class Encaissement(Struct):
    """A deposit as billing follows it."""

    referenceExterne: str
    numeroCompte: str
    montant: Decimal
    statut: str
    lot: str
    idMouvement: str | None = None
    motifRejet: str | None = None


class ResultatEncaissements(Struct):
    """None or one deposit."""

    encaissements: list[Encaissement]

"""Every edge case of the contracts and which tenants show it: one table, by position modulo a small number."""

from enum import Enum
from typing import Final

EXAMPLE_INDEX: Final = 0
"""The contract's worked example, Mme Martin; no case below ever applies to her."""


class Case(Enum):
    """One edge case: it holds for the tenants whose index leaves ``at`` when divided by ``every``.

    A fixed residue instead of a dice roll: every case is there for every seed, at a place a test can compute. Where two
    cases of one tenant exclude each other, one of them wins; 200 tenants show all.
    """

    JOINT_TENANCY = (10, 3, "two or three holders, the principal one not first")
    COMPANY = (37, 5, "a company or lone name, without first name or title")
    LONG_NAME = (23, 7, "last name longer than the 24 characters that are compared")
    HYPHEN_APOSTROPHE = (19, 4, "hyphens and apostrophes in the names")
    WINDOWS_1252_NAME = (17, 6, "œ and ’ in the names")
    LEASE_ENDED = (29, 11, "ended lease, DateFin in the past")
    NOTICE_GIVEN = (31, 12, "notice given, DateConge and a future DateFin")
    NO_EMAIL = (9, 2, "e-mail NEANT, in any case, or blank")
    NO_PHONE = (11, 8, "phone 0000000000 or blank")
    NO_BIRTH_DATE = (13, 9, "birth date 01/01/1900, blank or absent")
    UNKNOWN_TITLE = (83, 20, "CodeCivilite not in the list")
    UNKNOWN_LEASE_STATE = (89, 21, "CodeEtat of the lease not in the list")
    UNKNOWN_PAYMENT_MODE = (97, 22, "ModePaiement not in the list")
    NO_RENT = (61, 18, "LoyerPrincipal and DepotGarantie without value")

    GROUND_FLOOR = (7, 1, "floor 00")
    BASEMENT = (41, 10, "floor -1")
    FLOOR_UNKNOWN = (43, 14, "floor 999")
    AREA_UNKNOWN = (24, 9, "area 9999,99 or 999,99")
    ROOMS_UNKNOWN = (35, 13, "rooms 999")
    BUILD_YEAR_UNKNOWN = (32, 21, "build year 9999 or 0000")
    ENERGY_CLASS_UNKNOWN = (18, 10, "ClasseDpe N, DateDpe without value")
    HOUSE = (20, 12, "a single house")
    UNKNOWN_DWELLING_TYPE = (79, 23, "TypeLogement not in the list")
    UNKNOWN_CONSTRUCTION = (73, 24, "NatureConstruction not in the list")
    DWELLING_UNKNOWN = (47, 15, "the dwelling is silently missing everywhere in property management")

    NO_METER = (33, 16, "dwelling without meter")
    METER_REPLACED = (21, 17, "two cold meters, the first removed, both with the month of replacement")
    LITRES = (15, 14, "meters counting in litres")
    NEGATIVE_CONSUMPTION = (27, 18, "an estimate corrected by a negative Valeur")
    MISSING_MONTH = (26, 19, "a month without Consommation, its reading A with the index sentinel")
    ESTIMATED_MONTHS = (14, 5, "estimated months")
    FEED_DOWN = (53, 23, "item code 15: meter feed down")
    ALERT_OPEN = (25, 21, "an open alert")
    ALERT_CLOSED = (25, 22, "a closed alert")
    ALERT_UNKNOWN_CODE = (71, 25, "alert, fluid, reading and unit-price codes not in the lists or without value")
    PRICE_UNKNOWN = (34, 20, "PrixM3Froide and PrixM3Chaude 9999,99")
    AVERAGE_UNKNOWN = (22, 4, "MoyenneImmeuble and CumulAnneeCivile 9999,99")

    NEW_ACCOUNT = (39, 24, "a new account: no notice yet")
    KEYED_AFTER_BALANCE = (22, 13, "an entry keyed in after the balance was computed")
    LONG_LEDGER = (28, 25, "36 notices and more than 50 ledger entries")
    DOCUMENT_PENDING = (16, 14, "the latest document EN_COURS")
    DOCUMENT_MISSING = (12, 5, "an older document ABSENT")
    QUANTITIES = (6, 2, "notice lines with quantity and unit")
    UNKNOWN_BILLING_CODES = (67, 26, "etat, nature, mode, rubrique, document not in the lists")

    def __init__(self, every: int, at: int, meaning: str) -> None:
        self.every = every
        self.at = at
        self.meaning = meaning

    def applies_to(self, index: int) -> bool:
        """Whether the tenant at this index shows the case."""
        return index != EXAMPLE_INDEX and index % self.every == self.at

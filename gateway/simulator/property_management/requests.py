"""Reads SOAP requests: hardened parsing, encoding, SOAPAction, shape; anything wrong is GL-910."""

import re
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from lxml import etree

from gateway.simulator.property_management.name_keys import repaired

NAMESPACE: Final = "http://ws.gestion-locative.example/2013/03"
_ENVELOPE: Final = "{http://schemas.xmlsoap.org/soap/envelope/}"
_SERVICE: Final = f"{{{NAMESPACE}}}"
_DECLARED: Final = re.compile(rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_ENCODINGS: Final = {"utf-8": "utf-8", "utf8": "utf-8", "iso-8859-1": "iso-8859-1", "latin1": "iso-8859-1"}


class Refused(Exception):
    """The request is refused as a whole; the name says which rule it broke."""

    def __init__(self, violation: str, operation: str = "inconnu") -> None:
        super().__init__(violation)
        self.violation = violation
        self.operation = operation


class Part(NamedTuple):
    """An element of an operation: how often it may come; no maximum means any number."""

    name: str
    least: int = 1
    most: int | None = 1


_MANY: Final = (0, None)
_HEADER: Final = (Part("CodeSociete"), Part("SystemeSource"), Part("JetonSession", 0))
SHAPES: Final[dict[str, tuple[Part, ...]]] = {
    "OuvrirSession": (Part("Identifiant"), Part("MotDePasse")),
    "FermerSession": (),
    "IdentifierTitulaire": (Part("IntituleCompte"), Part("Nom"), Part("Prenom"), Part("DateNaissance", 0)),
    "RechercherContrats": (Part("CodeSecteur", 0), Part("Nom", 0), Part("CodeAgence", 0), Part("CleReprise", 0)),
    "ConsulterContrats": (Part("RefContrat", *_MANY),),
    "ConsulterLogements": (Part("RefLogement", *_MANY),),
    "RelevesCompteurs": (Part("RefLogement", *_MANY), Part("PeriodeDebut"), Part("PeriodeFin")),
    "ListerTravaux": (Part("RefLogement", *_MANY), Part("DepuisLe"), Part("CleReprise", 0)),
    "ConsulterConseillers": (Part("CodeSecteur", *_MANY),),
    "ListerContacts": (Part("CodeAgence"),),
}
"""The elements after Entete. Batches may be empty here: that is code 40, not a Fault."""


@dataclass(frozen=True, slots=True)
class Request:
    """A well-formed request: values trimmed and repaired, by element name."""

    operation: str
    company: str
    source: str
    token: str | None
    values: dict[str, list[str]] = field(default_factory=dict)

    def one(self, name: str) -> str | None:
        """The value of an element that comes once; None when blank or absent."""
        found = self.values.get(name)
        return (found[0] or None) if found else None

    def many(self, name: str) -> list[str]:
        """The values of an element that repeats."""
        return self.values.get(name, [])


def read_request(body: bytes, charset: str | None, action: str | None) -> Request:
    """The request in a body; Refused when it breaks a rule of transport or shape."""
    operation = _operation_element(_parse(body, charset))
    name = etree.QName(operation).localname
    if name not in SHAPES or operation.tag != _SERVICE + name:
        raise Refused("unknown_operation")
    if action != f'"{NAMESPACE}/{name}"':
        raise Refused("wrong_soap_action", name)
    parts = list(operation)
    if not parts or parts[0].tag != _SERVICE + "Entete":
        raise Refused("missing_element", name)
    header = _values(list(parts[0]), _HEADER, name)
    return Request(
        operation=name,
        company=header["CodeSociete"][0],
        source=header["SystemeSource"][0],
        token=header.get("JetonSession", [None])[0],
        values=_values(parts[1:], SHAPES[name], name),
    )


def _parse(body: bytes, charset: str | None) -> etree._Element:
    declared = _DECLARED.match(body.removeprefix(b"\xef\xbb\xbf")[:200])
    named = declared[1].decode("ascii") if declared else charset or "utf-8"
    encoding = _ENCODINGS.get(named.lower())
    if encoding is None:
        raise Refused("wrong_encoding")
    parser = etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Refused("broken_xml") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise Refused("dtd")
    return root


def _operation_element(envelope: etree._Element) -> etree._Element:
    if envelope.tag != _ENVELOPE + "Envelope":
        raise Refused("no_envelope")
    parts = list(envelope)
    if parts and parts[0].tag == _ENVELOPE + "Header":
        parts = parts[1:]
    if len(parts) != 1 or parts[0].tag != _ENVELOPE + "Body" or len(parts[0]) != 1:
        raise Refused("no_body")
    return parts[0][0]


def _values(elements: list[etree._Element], shape: tuple[Part, ...], operation: str) -> dict[str, list[str]]:
    """The texts by name; the elements must come in the order of the WSDL."""
    found: dict[str, list[str]] = {}
    place = 0
    for element in elements:
        while place < len(shape) and element.tag != _SERVICE + shape[place].name:
            place += 1
        if place == len(shape) or len(element):
            raise Refused("unknown_element", operation)
        found.setdefault(shape[place].name, []).append(repaired(element.text or "").strip())
    for part in shape:
        number = len(found.get(part.name, ()))
        if number < part.least:
            raise Refused("missing_element", operation)
        if part.most is not None and number > part.most:
            raise Refused("unknown_element", operation)
    return found

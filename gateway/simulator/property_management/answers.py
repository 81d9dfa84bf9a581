"""Writes SOAP answers: ISO-8859-1 in name, Windows-1252 in fact, prefixes and white space as the mood takes it."""

from dataclasses import dataclass, field
from random import Random
from typing import Final

from gateway.simulator.faults import Item
from gateway.simulator.property_management.items import result
from gateway.simulator.property_management.requests import NAMESPACE
from gateway.simulator.property_management.values import GAP, PREFIX, element

CONTENT_TYPE: Final = "text/xml; charset=ISO-8859-1"
FAULTS: Final = {
    "GL-900": ("Server", "Traitement de nuit en cours", "Service indisponible de 22h00 à 05h00 (quittancement)", 2),
    "GL-901": ("Server", "Erreur technique", "Dysfonctionnement du service", 3),
    "GL-910": ("Client", "Requête refusée", "XML, SOAPAction ou structure invalide", 1),
}
_SOAP_PREFIXES: Final = ("soapenv", "S", "SOAP-ENV", "env")
_SERVICE_PREFIXES: Final = ("", "ns2:", "gl:", "a:")
_GAPS: Final = ("", "\r\n", "\r\n    ")


@dataclass(slots=True)
class Answer:
    """A reply before it is written: a global code, data, items, what follows them."""

    code: int = 0
    data: str = ""
    items: list[Item] = field(default_factory=list)
    after: str = ""


def write_answer(operation: str, answer: Answer, rng: Random) -> bytes:
    """The whole envelope of a reply; a global code other than 0 and 4 carries no data."""
    body = element("Retour", result(answer.code, rng.randrange(6)))
    if answer.code in {0, 4}:
        body = "".join((body, answer.data, *(item.text for item in answer.items), answer.after))
    return _envelope(f"<{PREFIX}{operation}Reponse\x03>{GAP}{body}</{PREFIX}{operation}Reponse>", rng)


def write_fault(code: str, rng: Random) -> bytes:
    """The envelope of a SOAP Fault."""
    side, string, text, severity = FAULTS.get(code, FAULTS["GL-901"])
    detail = element("code", code) + element("libelle", text) + element("severite", str(severity))
    return _envelope(
        f"<\x04:Fault><faultcode>\x04:{side}</faultcode><faultstring>{string}</faultstring>"
        f"<detail><{PREFIX}ErreurTechnique\x03>{detail}</{PREFIX}ErreurTechnique></detail></\x04:Fault>",
        rng,
    )


def _envelope(body: str, rng: Random) -> bytes:
    soap, service, gap = rng.choice(_SOAP_PREFIXES), rng.choice(_SERVICE_PREFIXES), rng.choice(_GAPS)
    declaration = f' xmlns:{service[:-1]}="{NAMESPACE}"' if service else f' xmlns="{NAMESPACE}"'
    inner = body.replace(PREFIX, service).replace(GAP, gap).replace("\x03", declaration).replace("\x04", soap)
    text = (
        f'<?xml version="1.0" encoding="ISO-8859-1"?>{gap}'
        f'<{soap}:Envelope xmlns:{soap}="http://schemas.xmlsoap.org/soap/envelope/">{gap}'
        f"<{soap}:Body>{gap}{inner}{gap}</{soap}:Body></{soap}:Envelope>"
    )
    return text.encode("latin-1")

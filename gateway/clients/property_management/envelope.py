"""SOAP envelopes: requests written by the WSDL, answers opened by the rules on faults and return codes."""

import re
from collections.abc import Container, Iterable
from xml.sax.saxutils import escape

from lxml import etree

from gateway.clients.base import Answer
from gateway.clients.property_management.reading import NAMESPACE, Element
from gateway.clients.property_management.rows import packed
from gateway.clients.property_management.values import INTEGER
from gateway.errors import UpstreamClosed, UpstreamError, UpstreamMalformed, UpstreamUnavailable
from gateway.models.freshness import SourceSystem

OK, PARTIAL, UNKNOWN, NOT_PRINCIPAL = 0, 4, 10, 11
SESSION_EXPIRED, INVALID_RESUME_KEY, INTERNAL_ERROR = 30, 43, 99

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_SYSTEM = SourceSystem.PROPERTY_MANAGEMENT
_FAILS_FOR_NOW = frozenset({15, SESSION_EXPIRED, 31, INTERNAL_ERROR})
_BODY, _ENVELOPE = f"{{{_SOAP}}}Body", f"{{{_SOAP}}}Envelope"
_OPENING = f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{_SOAP}"><s:Body>'
_NOT_PLAIN = re.compile("[^ A-Za-z0-9/:.,_+=-]")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Refused(Exception):
    """The whole answer is a return code that the operation gives a meaning of its own."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def write_request(operation: str, header: Iterable[tuple[str, str]], fields: Iterable[tuple[str, str]]) -> bytes:
    """The request's bytes, elements in the order given (the WSDL's). ValueError for text that XML cannot carry."""
    return (
        f'{_OPENING}<{operation} xmlns="{NAMESPACE}"><Entete>{_elements(header)}</Entete>{_elements(fields)}'
        f"</{operation}></s:Body></s:Envelope>"
    ).encode()


def open_answer(operation: str, answer: Answer, meaningful: Container[int]) -> Element:
    """The answer's element under Body. Raises UpstreamError; for a global code that is `meaningful`, Refused."""
    if answer.status != 200:
        raise _http_error(operation, answer)
    body = packed(operation, answer.body)
    found = _body_element(operation, answer, body)
    if found.tag != f"{{{NAMESPACE}}}{operation}Reponse":
        raise _malformed(operation, "not the answer of this operation")
    element = Element(found, operation, body is not answer.body)
    code = return_code(element.child("Retour"), operation)
    if code not in {OK, PARTIAL}:
        raise Refused(code) if code in meaningful else code_error(operation, code)
    return element


def return_code(retour: Element | None, operation: str) -> int:
    """The CodeRetour of an item or of the whole answer."""
    code = retour.value("CodeRetour", INTEGER) if retour else None
    if code is None:
        raise _malformed(operation, "no CodeRetour")
    return code


def code_error(operation: str, code: int) -> UpstreamError:
    """What a return code other than 0, 4, 10 and 11 means."""
    ours = code not in _FAILS_FOR_NOW
    return UpstreamUnavailable(_SYSTEM, operation, f"code {code}", ours=ours, passing=code == INTERNAL_ERROR)


def _http_error(operation: str, answer: Answer) -> UpstreamError:
    if answer.status == 500:
        try:
            fault = _body_element(operation, answer, answer.body)
        except UpstreamMalformed:
            fault = None  # a proxy's HTML page
        if fault is not None and fault.tag == f"{{{_SOAP}}}Fault":
            return _fault_error(operation, fault)
    ours = 400 <= answer.status < 500
    return UpstreamUnavailable(_SYSTEM, operation, answer.summary, ours=ours, passing=answer.status in {500, 502})


def _fault_error(operation: str, fault: etree._Element) -> UpstreamError:
    code = (fault.findtext(f"detail/{{{NAMESPACE}}}ErreurTechnique/{{{NAMESPACE}}}code") or "").strip()
    if code == "GL-900":
        return UpstreamClosed(_SYSTEM, operation, "fault GL-900")
    known = code if re.fullmatch(r"GL-[0-9]{3}", code) else "without a known code"
    passing = code == "GL-901"
    return UpstreamUnavailable(_SYSTEM, operation, f"fault {known}", ours=not passing, passing=passing)


def _body_element(operation: str, answer: Answer, body: bytes) -> etree._Element:
    # A parser of its own each time: libxml2's parsers hold state. No entities, no network, no DTD. White space between
    # elements is no text that anybody reads.
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        remove_blank_text=True,
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _malformed(operation, f"not XML ({answer.summary})") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise _malformed(operation, "an answer with a document type")
    content = next((part for part in root if part.tag == _BODY), None) if root.tag == _ENVELOPE else None
    if content is None or len(content) == 0:
        raise _malformed(operation, "no SOAP body")
    return content[0]


def _malformed(operation: str, detail: str) -> UpstreamMalformed:
    return UpstreamMalformed(_SYSTEM, operation, detail)


def _elements(fields: Iterable[tuple[str, str]]) -> str:
    return "".join([f"<{name}>{_escaped(text) if _NOT_PLAIN.search(text) else text}</{name}>" for name, text in fields])


def _escaped(text: str) -> str:
    if _NOT_XML.search(text):
        raise ValueError("text that XML cannot carry")
    return escape(text)

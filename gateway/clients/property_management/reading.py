"""The elements of a SOAP answer, their children by name."""

from collections.abc import Sequence
from typing import TypeVar

from lxml import etree

from gateway.clients.property_management.rows import PACKED, RowForm, unpacked
from gateway.clients.property_management.values import Unreadable, Values, trimmed
from gateway.errors import UpstreamMalformed
from gateway.models.freshness import SourceSystem

NAMESPACE = "http://ws.gestion-locative.example/2013/03"

V = TypeVar("V")


class _Tags(dict[str, str]):
    """The tags of the contract's names, remembered: making one takes longer than reading what is behind."""

    def __missing__(self, name: str) -> str:
        return self.setdefault(name, f"{{{NAMESPACE}}}{name}")


_TAGS = _Tags()


class Element:
    """One element of an answer; of several children of a name the first counts.

    What the contract forbids raises UpstreamMalformed. `packed` says that runs of rows in the answer were packed.
    """

    __slots__ = ("_nodes", "_packed", "_texts", "operation")

    def __init__(self, element: etree._Element, operation: str, packed: bool = False) -> None:
        self.operation = operation
        self._packed = packed
        self._nodes = list(element)
        self._texts = {node.tag: node.text for node in reversed(self._nodes)}

    def malformed(self, name: str, why: str) -> UpstreamMalformed:
        """The error to raise for the child of that name; `why` holds nothing of its text."""
        return UpstreamMalformed(SourceSystem.PROPERTY_MANAGEMENT, self.operation, f"{name}: {why}")

    def children(self, name: str) -> list["Element"]:
        """Every child of that name."""
        return [Element(node, self.operation, self._packed) for node in self._named(name)]

    def child(self, name: str) -> "Element | None":
        """The first child of that name."""
        return next((Element(node, self.operation, self._packed) for node in self._named(name)), None)

    def rows(self, form: RowForm) -> list[Sequence[str | None]]:
        """The texts as sent of every child of that form, in the form's order; absent ones None or empty."""
        rows: list[Sequence[str | None]] = []
        for row in self.children(form.name):
            run = row._texts.get(_TAGS[PACKED]) if self._packed else None
            rows += [[row._texts.get(_TAGS[leaf]) for leaf in form.leaves]] if run is None else unpacked(form, run)
        return rows

    def text(self, name: str) -> str | None:
        """Trimmed text with Windows-1252 repaired; None where blank, empty or absent."""
        return trimmed(self._texts.get(_TAGS[name]))

    def texts(self, name: str) -> list[str]:
        """The texts of every child of that name, as `text`; blank ones left out."""
        return [text for node in self._named(name) if (text := trimmed(node.text)) is not None]

    def required(self, name: str) -> str:
        """As `text`, never None."""
        if (text := self.text(name)) is None:
            raise self.malformed(name, "missing")
        return text

    def value(self, name: str, values: Values[V]) -> V:
        """What the text of that name means."""
        try:
            return values[self._texts.get(_TAGS[name])]
        except Unreadable as error:
            raise self.malformed(name, str(error)) from error

    def required_value(self, name: str, values: Values[V | None]) -> V:
        """As `value`, never None."""
        if (value := self.value(name, values)) is None:
            raise self.malformed(name, "missing")
        return value

    def _named(self, name: str) -> list[etree._Element]:
        if (tag := _TAGS[name]) not in self._texts:
            return []
        return [node for node in self._nodes if node.tag == tag]

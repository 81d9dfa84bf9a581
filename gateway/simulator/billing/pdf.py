"""Writes a due notice as a PDF of one page by hand: readable by any reader, of any size asked for."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from gateway.simulator.landlord.accounts import Notice
from gateway.simulator.landlord.calendar import MONTH_NAMES
from gateway.simulator.property_management.values import decimal

_CHUNK: Final = 64 * 1024
_FILLER: Final = b" " * _CHUNK


@dataclass(frozen=True, slots=True)
class Document:
    """A document whose middle may be any number of blanks, never held in memory."""

    head: bytes
    filler: int
    tail: bytes
    etag: str

    @property
    def size(self) -> int:
        """Bytes in all."""
        return len(self.head) + self.filler + len(self.tail)

    def chunks(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from start to stop (not included), in pieces."""
        filler_end = len(self.head) + self.filler
        if start < len(self.head):
            yield self.head[start:stop]
        place, end = max(start, len(self.head)), min(stop, filler_end)
        while place < end:
            piece = _FILLER[: end - place]
            place += len(piece)
            yield piece
        if stop > filler_end:
            yield self.tail[max(0, start - filler_end) : stop - filler_end]


@lru_cache(maxsize=256)
def notice_document(notice: Notice, size: int = 0) -> Document:
    """The PDF of a notice, at least ``size`` bytes long."""
    plain = _written(_page(notice), 0)
    return plain if size <= plain.size else _padded(notice, size)


def _padded(notice: Notice, size: int) -> Document:
    """Offsets grow with the filler, so the filler is corrected once."""
    page = _page(notice)
    first = _written(page, size)
    return _written(page, max(0, size - (first.size - size)))


def _written(page: bytes, filler: int) -> Document:
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R "
        b"/Resources << /Font << /F1 4 0 R >> >> >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(page), page),
    ]
    head = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(head))
        head += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    offsets.append(len(head))
    head += b"6 0 obj\n<< /Length %d >>\nstream\n" % filler
    tail = bytearray(b"\nendstream\nendobj\n")
    table = len(head) + filler + len(tail)
    tail += b"xref\n0 7\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    tail += b"trailer\n<< /Size 7 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % table
    digest = hashlib.sha256(bytes(head) + bytes(tail)).hexdigest()[:32]
    return Document(bytes(head), filler, bytes(tail), f'"{digest}"')


def _page(notice: Notice) -> bytes:
    """The text of the page, one line below the other."""
    month = f"{MONTH_NAMES[notice.period.month - 1]} {notice.period.year}"
    lines = [
        f"Avis d’échéance – {month}",
        f"Référence {notice.id} – compte {notice.account_number}",
        f"Émis le {notice.issued_on:%d/%m/%Y}, à payer avant le {notice.due_on:%d/%m/%Y}",
        "",
        *(f"{line.label} : {_euros(line.signed_cents)}" for line in notice.lines),
        "",
        f"Solde antérieur : {_euros(notice.previous_balance_cents)}",
        f"Total du mois : {_euros(notice.total_cents)}",
        f"Net à payer : {_euros(notice.amount_due_cents)}",
    ]
    shown = "".join(f"({_escaped(line)}) Tj T*\n" for line in lines)
    return f"BT /F1 12 Tf 18 TL 60 770 Td\n{shown}ET".encode("cp1252", "replace")


def _euros(cents: int) -> str:
    return f"{decimal(cents, 2)} €"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")

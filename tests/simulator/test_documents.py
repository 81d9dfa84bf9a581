"""The PDF of a notice: readable, conditional, in ranges, pending, absent, of any size."""

from io import BytesIO

import pytest
from pypdf import PdfReader

from gateway.simulator import Case, Simulator

from .conftest import Clock
from .rest_client import RestClient

PATH = "/avis-echeance/AE-202610-0048217/document"


async def test_a_reader_finds_the_amounts(rest: RestClient) -> None:
    answer = await rest.get(PATH)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert (answer.headers["Accept-Ranges"], int(answer.headers["Content-Length"])) == ("bytes", len(answer.body))
    reader = PdfReader(BytesIO(answer.body), strict=True)
    assert len(reader.pages) == 1
    text = reader.pages[0].extract_text()
    for expected in ("Avis d’échéance – octobre 2026", "412,37 €", "312,55 €", "369,65 €", "Réduction de loyer"):
        assert expected in text


@pytest.mark.parametrize(
    ("asked", "status", "start", "stop"),
    [
        ("bytes=0-9", 206, 0, 10),
        ("bytes=100-", 206, 100, None),
        ("bytes=-7", 206, -7, None),
        ("bytes=5-999999", 206, 5, None),
        ("bytes=0-1,3-4", 200, 0, None),
        ("bytes=9-5", 200, 0, None),
        ("bytes=-", 200, 0, None),
        ("lines=1-2", 200, 0, None),
    ],
)
async def test_ranges(rest: RestClient, asked: str, status: int, start: int, stop: int | None) -> None:
    whole = (await rest.get(PATH)).body
    part = await rest.get(PATH, Range=asked)
    assert (part.status, part.body) == (status, whole[start:stop])
    if status == 206:
        first = start % len(whole)
        assert part.headers["Content-Range"] == f"bytes {first}-{first + len(part.body) - 1}/{len(whole)}"


async def test_unsatisfiable_and_conditional(rest: RestClient) -> None:
    whole = await rest.get(PATH)
    etag, size = whole.headers["ETag"], len(whole.body)
    for asked in (f"bytes={size}-", "bytes=-0"):
        refused = await rest.get(PATH, Range=asked)
        assert (refused.status, refused.headers["Content-Range"]) == (416, f"bytes */{size}")
    for known in (etag, f'"x", {etag}', "*"):
        assert (await rest.get(PATH, If_None_Match=known)).status == 304
    assert (await rest.get(PATH, If_None_Match='"x"')).status == 200
    assert (await rest.get(PATH, Range="bytes=0-9", If_Range=etag)).status == 206
    assert (await rest.get(PATH, Range="bytes=0-9", If_Range='"x"')).status == 200


async def test_pending_becomes_available(rest: RestClient, simulator: Simulator, clock: Clock) -> None:
    tenant = next(t for t in simulator.landlord.with_case(Case.DOCUMENT_PENDING) if t.account.notices)
    notice = f"/avis-echeance/{tenant.account.notices[0].id}"
    assert (await rest.get(notice)).json["document"] == "EN_COURS"
    pending = await rest.get(f"{notice}/document")
    assert (pending.status, pending.json, pending.headers["Retry-After"]) == (202, {"statut": "EN_COURS"}, "2")
    clock.forward(seconds=2)
    assert (await rest.get(f"{notice}/document")).status == 202
    clock.forward(seconds=4)
    first = await rest.get(f"{notice}/document")
    assert first.status == 200
    assert (await rest.get(notice)).json["document"] == "DISPONIBLE"
    assert (await rest.get(f"{notice}/document")).headers["ETag"] == first.headers["ETag"]


async def test_absent_is_json(rest: RestClient, simulator: Simulator) -> None:
    notices = [notice for tenant in simulator.landlord.tenants for notice in tenant.account.notices]
    absent = next(notice for notice in notices if notice.document == "ABSENT")
    answer = await rest.get(f"/avis-echeance/{absent.id}/document")
    assert (answer.status, answer.headers["Content-Type"], answer.json["code"]) == (200, "application/json", "FAC-410")


@pytest.mark.parametrize("size", [300_000, 20_000_000])
async def test_padded_to_any_size(rest: RestClient, simulator: Simulator, size: int) -> None:
    plain = (await rest.get(PATH)).headers["ETag"]
    simulator.set_document_size(size, "AE-202610-0048217")
    answer = await rest.get(PATH)
    assert size <= len(answer.body) <= size + 16
    assert answer.headers["ETag"] != plain
    assert "369,65" in PdfReader(BytesIO(answer.body), strict=True).pages[0].extract_text()
    tail = await rest.get(PATH, Range="bytes=-1000")
    assert tail.body == answer.body[-1000:]

"""What is packed comes back as it was, and every model can say that it is stale."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.clients.billing import parsing
from gateway.models.due_notice import DueNotice
from gateway.models.ledger import LedgerPage
from gateway.snapshots.packing import Packing, as_stale

NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)


def read(name: str) -> bytes:
    return (Path(__file__).parent.parent / "fixtures" / "billing" / name).read_bytes()


def notices() -> Any:
    return parsing.parse_due_notices("rechercherAvis", read("avis.json"), NOW)["L0048217"]


def ledger() -> Any:
    return parsing.parse_ledger_page("listerMouvements", read("mouvements.json"), NOW, "L0048217")


@pytest.mark.parametrize(
    ("shape", "value"),
    [(tuple[DueNotice, ...], notices()), (tuple[DueNotice, ...], 9 * notices()), (LedgerPage, ledger())],
)
def test_what_is_packed_comes_back(shape: Any, value: Any) -> None:
    packing: Packing[Any] = Packing(shape)
    assert packing.unpack(packing.pack(NOW, NOW, value)) == (NOW, NOW, value)
    assert packing.unpack(packing.pack(NOW, NOW, None)) == (NOW, NOW, None)


def test_all_that_tells_its_age_is_marked_and_nothing_else_changes() -> None:
    known, entries = notices(), ledger().entries
    for fresh, marked in [
        *zip(known, as_stale(known), strict=True),
        *zip(entries, as_stale(ledger()).entries, strict=True),
    ]:
        assert (fresh.freshness.stale, marked.freshness.stale) == (False, True)
        assert repr(marked).replace("stale=True", "stale=False") == repr(fresh)


def test_what_has_no_age_stays_as_it_is() -> None:
    (notice,) = notices()
    assert as_stale(notice.lines) == notice.lines
    assert as_stale(()) == ()

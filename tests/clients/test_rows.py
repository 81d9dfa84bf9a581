"""What repeats in answers on water is read faster than XML; nobody can tell by what is read."""

import re
from datetime import UTC, date, datetime
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.clients.base import Answer
from gateway.clients.property_management.envelope import open_answer
from gateway.clients.property_management.reading import NAMESPACE
from gateway.clients.property_management.rows import PACKED, packed
from gateway.clients.property_management.water import parse_water
from gateway.errors import UpstreamError, UpstreamMalformed
from gateway.models.dates import YearMonth
from gateway.models.freshness import Freshness, SourceSystem
from gateway.models.water import WaterConsumption
from gateway.simulator.faults import Item
from gateway.simulator.landlord import Landlord
from gateway.simulator.landlord.calendar import Month
from gateway.simulator.property_management import answers
from gateway.simulator.property_management.water_items import water

OPERATION = "RelevesCompteurs"
FRESH = Freshness(SourceSystem.PROPERTY_MANAGEMENT, datetime(2026, 11, 3, 9, tzinfo=UTC))
LANDLORD = Landlord(7, 400)
COMMENT = b"<!---->"
"""Behind an answer it says nothing, and keeps its rows from being packed."""


def simulated(first: int, moods: int, dwellings: int = 3) -> bytes:
    tenants = LANDLORD.tenants[first : first + dwellings]
    items = [
        Item(each.dwelling_reference, water(each, Month(2025, 10), Month(2026, 10), date(2026, 11, 2)))
        for each in tenants
    ]
    return answers.write_answer(OPERATION, answers.Answer(items=items), Random(moods))


def envelope(inner: str, *, prefix: str = "", declared: str = "UTF-8") -> bytes:
    """An answer on one dwelling with one meter that holds `inner`."""
    bound = f'xmlns:{prefix[:-1]}="{NAMESPACE}"' if prefix else f'xmlns="{NAMESPACE}"'
    text = (
        f'<?xml version="1.0" encoding="{declared}"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
        f"<s:Body><@{OPERATION}Reponse {bound}><@Retour><@CodeRetour>0</@CodeRetour></@Retour><@RelevesLogement>"
        "<@CodeRetour>0</@CodeRetour><@RefLogement>A</@RefLogement><@Compteur><@NumeroCompteur>1</@NumeroCompteur>"
        f"<@Unite>M3</@Unite>{inner}</@Compteur></@RelevesLogement></@{OPERATION}Reponse></s:Body></s:Envelope>"
    )
    return text.replace("@", prefix).encode(declared)


def element(name: str, *content: str) -> str:
    return f"<@{name}>{''.join(content)}</@{name}>"


def reading(day: str = "31/10/2026", index: str = "12,5", method: str = "R") -> str:
    return element("Releve", element("DateReleve", day), element("Index", index), element("NatureReleve", method))


def outcome(body: bytes) -> object:
    """What is read of an answer, or what is said of it in the log, but for its length."""
    try:
        opened = open_answer(OPERATION, Answer(200, "text/xml", body), ())
        found = parse_water(opened, FRESH, from_month=YearMonth(2025, 10), to_month=YearMonth(2026, 10))
    except UpstreamError as error:
        return type(error), re.sub("[0-9]+ bytes", "", error.detail)
    return {
        key: (type(value), value.detail) if isinstance(value, UpstreamError) else value for key, value in found.items()
    }


def assert_nobody_can_tell(body: bytes) -> None:
    if packed(OPERATION, body) is body:
        return
    assert packed(OPERATION, body + COMMENT) == body + COMMENT
    assert outcome(body) == outcome(body + COMMENT)


def is_packed(body: bytes) -> bool:
    return PACKED.encode() in packed(OPERATION, body)


@pytest.mark.parametrize("moods", range(24))
def test_every_row_that_the_system_writes_is_packed(moods: int) -> None:
    body = simulated(moods * 16, moods, dwellings=16)
    assert body.count(b"DateReleve") > 100
    left = packed(OPERATION, body)
    assert re.findall(rb"DateReleve|Mois|MoyenneImmeuble", left) == []
    assert len(left) < len(body) / 2
    assert_nobody_can_tell(body)


texts = st.one_of(
    st.sampled_from(
        ["", " ", "31/10/2026", "01/10/2026", "10/2026", "10/2025", "1 234,5", "12,5 ", "-1", "9999,99", "R", "O", "N"]
    ),
    st.sampled_from(
        ["x", "é", "\u00a0", "\x80", "|", "||", ">", "]]>", "\t", "\r\n", "&amp;", "&#124;", "&nope;", "<"]
    ),
    st.text("0123456789/,.|&;<> \u00a0é", max_size=6),
)
gaps = st.sampled_from(["", "", "", "\r\n    ", "\n\t", " x ", "<!-- -->", "<?pi?>", "<@Autre/>", "é"])


@st.composite
def rows(draw: st.DrawFn) -> str:
    """A row as the contract has it, most of the time."""
    name, leaves = draw(
        st.sampled_from(
            [
                ("Releve", ["DateReleve", "Index", "NatureReleve"]),
                ("Consommation", ["Mois", "Valeur", "Estimee", "NombreJours", "MoyenneImmeuble"]),
            ]
        )
    )
    names = draw(st.one_of(st.just(leaves), st.just(leaves[:3]), st.lists(st.sampled_from(leaves), max_size=7)))
    meant = {
        "DateReleve": st.sampled_from(["31/10/2026", "01/10/2026"]),
        "Mois": st.sampled_from(["10/2026", "10/2025"]),
        "Estimee": st.sampled_from("ON"),
    }
    wild = draw(st.booleans()) and draw(st.booleans())
    content = [
        element(each, draw(texts if wild else meant.get(each, st.just("12")))) + (draw(gaps) if wild else "")
        for each in names
    ]
    return element(name, *content) + draw(gaps if wild else st.sampled_from(["", "\n"]))


@settings(max_examples=400)
@given(
    inner=st.lists(rows(), max_size=8).map("".join),
    prefix=st.sampled_from(["", "ns2:", "a.b-c:", "é:"]),
    declared=st.sampled_from(["ISO-8859-1", "UTF-8", "utf-8", "Windows-1252", "UTF-16"]),
)
def test_whatever_rows_come_nobody_can_tell(inner: str, prefix: str, declared: str) -> None:
    try:
        body = envelope(inner, prefix=prefix, declared=declared)
    except UnicodeEncodeError:  # \x80 in Windows-1252
        return
    assert_nobody_can_tell(body)


tokens = st.sampled_from(
    [
        *(b"<", b">", b"&", b"&amp;", b"&#124;", b"|", b"]]>", b"?>", b"<?x ?>", b"<!", b"<!--", b"<![CDATA[x]]>"),
        *(b"\x00", b"\x0b", b"\x7f", b"\x80", b"\xc3", b"\xa0", b"\xe9", b" ", b"\r", b"'", b"/", b"/>"),
        *(b' x="y"', b' xmlns="x"', b' xmlns:ns2="x"', b"<x/>", b"<Releve/>", b"</Releve>", b"<Lignes>1|2|3</Lignes>"),
        *(each.replace("@", "").encode() for each in (reading(), reading() * 2, element("Index", "1"))),
        *(each.replace("@", "ns2:").encode() for each in (reading(), "<@Releve>", "</@Releve>", "</@Index><@Index>")),
    ]
)


@settings(max_examples=400)
@given(data=st.data())
def test_however_an_answer_is_damaged_nobody_can_tell(data: st.DataObject) -> None:
    body = simulated(data.draw(st.integers(0, 300)), data.draw(st.integers(0, 40)), dwellings=1)
    for _ in range(data.draw(st.integers(1, 2))):
        place = data.draw(
            st.one_of(st.integers(0, len(body)), st.sampled_from([each.end() for each in re.finditer(b">", body)]))
        )
        put, gone = data.draw(st.one_of(st.just(b""), tokens)), data.draw(st.integers(0, 3))
        body = body[:place] + put + body[place + gone :]
    assert_nobody_can_tell(body[: data.draw(st.one_of(st.just(len(body)), st.integers(0, len(body))))])


def test_what_is_no_row_of_the_contract_is_left_to_the_parser() -> None:
    row = reading().replace("@", "")
    fine = envelope(row)
    assert is_packed(fine)
    for odd in (
        fine.replace(b"<Index>", b"<Index x='y'>"),
        fine.replace(b"12,5", b"12&#44;5"),
        fine.replace(b"12,5", b"12,5|"),
        fine.replace(b"12,5", b"]]>"),
        fine.replace(row.encode(), f"<![CDATA[{row}]]>".encode()),
        fine.replace(b"</Releve>", b"<Autre/></Releve>"),
        fine.replace(b"UTF-8", b"UTF-16"),
        fine.replace(b"UTF-8", b"UTF-7"),
        fine.replace(b'encoding="UTF-8"', b""),
        fine.replace(b"<Unite>", b"<Lignes>1|2|3</Lignes><Unite>"),
        fine.replace(row.encode(), b"<Releve><Lignes>31/10/2026|12,5|R</Lignes></Releve>"),
    ):
        assert packed(OPERATION, odd) == odd


def test_what_looks_like_a_packed_row_is_none() -> None:
    forged = envelope(element("Releve", element(PACKED, "31/10/2026|12,5|R")))
    assert outcome(forged) == {"A": (UpstreamMalformed, "Releve: without date")}
    both = envelope(reading() + element("Releve", element(PACKED, "31/10/2026|12,5|R")))
    assert outcome(both) == {"A": (UpstreamMalformed, "Releve: without date")}


@pytest.mark.parametrize(
    "place", [b"<s:Envelope", b"<s:Body>", b"<Compteur>", b"</RefLogement>", b"</s:Body>", b"</s:Envelope>"]
)
@pytest.mark.parametrize("behind", [False, True])
def test_a_row_in_the_wrong_place_is_wrong_all_the_same(place: bytes, behind: bool) -> None:
    row = reading().replace("@", "").encode()
    body = envelope(reading())
    assert_nobody_can_tell(body.replace(place, place + row if behind else row + place))


@pytest.mark.parametrize("depth", [253, 254, 255, 256, 257, 2045, 2046, 2047, 2048, 2049])
def test_rows_are_as_deep_as_they_were(depth: int) -> None:
    inner = "<Autre>" * (depth - 6) + reading() + "</Autre>" * (depth - 6)
    assert_nobody_can_tell(envelope(inner))


def test_a_prefix_of_another_namespace_makes_other_rows() -> None:
    other = '<a:Autre xmlns:a="urn:other">' + reading().replace("@", "a:") + "</a:Autre>"
    for inner in (other, reading() + other, reading().replace("<@Releve>", '<@Releve xmlns="urn:other">')):
        assert_nobody_can_tell(envelope(inner, prefix="a:"))


def test_rows_keep_their_order_when_only_some_are_packed() -> None:
    odd = element("Releve", element("DateReleve", "31/10/2026"), element("Index", "2"))
    body = envelope(reading(index="1") + odd + reading(index="3") * 2)
    found = outcome(body)
    assert is_packed(body)
    assert isinstance(found, dict)
    water = found["A"]
    assert isinstance(water, WaterConsumption)
    assert [str(each.index) for each in water.meters[0].readings] == ["1.000", "2.000", "3.000", "3.000"]


@pytest.mark.parametrize(
    "row",
    [
        reading(day=""),
        reading(day="32/10/2026"),
        reading(index="?"),
        element("Consommation", element("Mois", "13/2026")),
    ],
)
def test_a_row_that_cannot_be_read_spoils_its_dwelling(row: str) -> None:
    body = envelope(reading() + row)
    assert is_packed(body)
    found = outcome(body)
    assert isinstance(found, dict)
    assert found["A"][0] is UpstreamMalformed
    assert_nobody_can_tell(body)

"""Flat rows that repeat, packed before XML is parsed: they are nine tenths of an answer on water.

XML stays the parser's affair. Here a run of rows only becomes one row with one text, at the same place, under the same
prefix, as deep as before. A row that is not written as its form says stays as it is; so does every answer of which it
is not certain at sight that it means the same packed. `unpacked` gives the rows back.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple


class RowForm(NamedTuple):
    """The names of a row and of its leaves in the WSDL's order; as many as `optional`, the last, may be absent."""

    name: str
    leaves: tuple[str, ...]
    optional: int = 0


READINGS: Final = RowForm("Releve", ("DateReleve", "Index", "NatureReleve"))
MONTHS: Final = RowForm("Consommation", ("Mois", "Valeur", "Estimee", "NombreJours", "MoyenneImmeuble"), optional=2)
PACKED: Final = "Lignes"
"""The only leaf of a row that stands for a run; no name of the contract."""

_FORMS = {"RelevesCompteurs": (READINGS, MONTHS)}
# In these encodings ASCII's bytes are ASCII's characters, wherever they stand. The group is the answer's own prefix.
_OPENING = re.compile(
    rb"""<\?xml\ version=["']1\.0["']\ encoding=["'](?:ISO-8859-1|UTF-8)["']\?>
    .{0,999}?<((?:[A-Z_][A-Z0-9_.-]{0,30}:)?)[A-Z]+Reponse[\s>]""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_BETWEEN = "|"


def packed(operation: str, body: bytes) -> bytes:
    """The body of an answer with its runs of rows packed; the very same where there are none, or that is not safe."""
    forms = _FORMS.get(operation, ())
    if not forms or (opening := _OPENING.match(body)) is None:
        return body
    # Comments, CDATA and document types begin with `<!`; the mark alone is looked for first, since that is faster.
    if PACKED.encode() in body or (b"!" in body and b"<!" in body):
        return body
    shorter = body
    for form in forms:
        if (done := _packed(form, opening[1].decode(), shorter)) is None:
            return body
        shorter = done
    return shorter


def unpacked(form: RowForm, run: str) -> Iterable[tuple[str, ...]]:
    """The texts of the rows of a run; an absent one is empty."""
    texts, width = run.split(_BETWEEN), len(form.leaves) + 1
    return zip(*[texts[place::width] for place in range(width - 1)], strict=True)


def _packed(form: RowForm, prefix: str, body: bytes) -> bytes | None:
    """None where a text in a row is not just text, or could be taken for several."""
    row, before, after = _written(form, prefix)
    parts = row.split(body)  # what stands between rows, the texts of a row, what stands between rows, and so on
    if form.optional:
        parts = [part or b"" for part in parts]
    last, width = len(parts) - 1, len(form.leaves) + 1
    shorter, first = [parts[0]], 1
    for end in range(width, last + 1, width):
        if parts[end] or end == last:
            run = _BETWEEN.encode().join(parts[first:end])
            if run.count(b"|") != end - first - 1 or b"&" in run or b">" in run:  # an entity; `]]>` is an error
                return None
            shorter += before, run, after, parts[end]
            first = end + 1
    return b"".join(shorter)


@lru_cache(maxsize=64)
def _written(form: RowForm, prefix: str) -> tuple[re.Pattern[bytes], bytes, bytes]:
    """A row with the white space behind it, a group for each leaf; and what stands around a packed run.

    Remembered: a system writes few prefixes, and compiling one takes longer than what is saved in a short answer.
    """
    p, space = re.escape(prefix), "[ \\t\\r\\n]*+"
    leaves = [f"<{p}{leaf}>([^<]*+)</{p}{leaf}>{space}" for leaf in form.leaves]
    for place in range(len(leaves) - form.optional, len(leaves)):
        leaves[place] = f"(?:{leaves[place]})?"
    row = f"<{p}{form.name}>{space}{''.join(leaves)}</{p}{form.name}>{space}"
    before, after = f"<{prefix}{form.name}><{prefix}{PACKED}>", f"</{prefix}{PACKED}></{prefix}{form.name}>"
    return re.compile(row.encode()), before.encode(), after.encode()

"""The catalogue of messages that people read, French and English (gettext, through Babel)."""

from functools import cache
from importlib import resources
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from gateway.models.money import Locale

_FOLDERS = {Locale.FR: "fr", Locale.EN: "en"}


def translate(locale: Locale, message_id: str, /, *, count: int | None = None, **parameters: object) -> str:
    """The message of that id, filled in; `count` chooses singular or plural. KeyError for an unknown id."""
    messages = _catalogue(locale)
    if count is None:
        text = messages.gettext(message_id)
    else:
        text = messages.ngettext(message_id, message_id, count)
        parameters["count"] = count
    if text == message_id:
        raise KeyError(message_id)
    return text.format(**parameters)


@cache
def _catalogue(locale: Locale) -> Translations:
    folder = _FOLDERS[locale]
    source = resources.files("gateway.locale").joinpath(folder, "LC_MESSAGES", "gateway.po").read_bytes()
    compiled = BytesIO()
    # Compiled as it is read: no file that is made from another one has to be kept in step.
    write_mo(compiled, read_po(BytesIO(source), locale=folder))
    compiled.seek(0)
    return Translations(compiled)

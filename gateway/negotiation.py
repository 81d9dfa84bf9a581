"""What the caller sends and reads: media types and languages of HTTP headers."""

import re
from functools import lru_cache

from gateway.models.money import Locale

GRAPHQL_RESPONSE = "application/graphql-response+json"
JSON = "application/json"
_QUALITY = re.compile(r"\d(\.\d{0,3})?", re.ASCII)


@lru_cache(256)  # of the few headers that clients send; how long one may be is bounded where they are read
def answer_type(accept: str | None) -> str | None:
    """The media type to answer with: the better liked of the two, JSON where both or anything will do, else None."""
    if accept is None or not accept.strip():
        return JSON
    liked = _weighted(accept)
    weights = {media_type: _weight(liked, media_type) for media_type in (GRAPHQL_RESPONSE, JSON)}
    named = GRAPHQL_RESPONSE in liked and weights[GRAPHQL_RESPONSE] >= weights[JSON]
    best = GRAPHQL_RESPONSE if named else JSON
    best = best if weights[best] else GRAPHQL_RESPONSE
    return best if weights[best] else None


@lru_cache(256)
def is_json(content_type: str) -> bool:
    """Whether a body is declared as JSON in UTF-8."""
    media_type, _, rest = content_type.partition(";")
    charset = next((part for part in rest.split(";") if part.strip().lower().startswith("charset=")), "charset=utf-8")
    return media_type.strip().lower() == JSON and charset.partition("=")[2].strip(' "').lower() in {"utf-8", "utf8"}


@lru_cache(256)
def caller_locale(accept_language: str | None) -> Locale:
    """The better liked of French and English; French where neither is named."""
    if not accept_language:
        return Locale.FR
    liked: dict[str, float] = {}
    for tag, weight in _weighted(accept_language).items():
        language = tag.partition("-")[0]
        liked[language] = max(weight, liked.get(language, 0.0))
    return Locale.EN if liked.get("en", 0.0) > liked.get("fr", 0.0) else Locale.FR


def wants_html(accept: str | None) -> bool:
    """Whether a browser is asking for a page."""
    return accept is not None and "text/html" in _weighted(accept)


def wants_anew(cache_control: str | None) -> bool:
    """Whether the caller asks for values that are read anew (`Cache-Control: no-cache`, as browsers reload)."""
    return cache_control is not None and "no-cache" in (part.strip().lower() for part in cache_control.split(","))


def _weighted(header: str) -> dict[str, float]:
    weighted: dict[str, float] = {}
    for entry in header.lower().split(",")[:50]:
        value, *parameters = (part.strip() for part in entry.split(";"))
        quality = next((parameter[2:] for parameter in parameters if parameter.startswith("q=")), "1")
        # Digits and a point: what float() takes besides ("nan", "1_0") is no weight.
        weighted[value] = min(float(quality), 1.0) if _QUALITY.fullmatch(quality) else 0.0
    return weighted


def _weight(liked: dict[str, float], media_type: str) -> float:
    return next((liked[each] for each in (media_type, "application/*", "*/*") if each in liked), 0.0)

"""Reads the advice articles: Markdown files with YAML front matter, rendered once, at start."""

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from markdown_it import MarkdownIt

from gateway.models.advice import Advice, AdviceTopic

SHIPPED_ADVICE = Path(__file__).parent / "content" / "advice"
MAX_ADVICE_BYTES = 64 * 1024


class AdviceError(ValueError):
    """An article cannot be used; one plain line that names the file and what is wrong with it."""

    def __init__(self, file: Path, problem: str) -> None:
        super().__init__(" ".join(f"{file}: {problem}".splitlines()))


def load_advice(directory: Path) -> Mapping[str, Advice]:
    """Every `*.md` of the directory by slug, ordered by topic, then file name; AdviceError for the first bad one."""
    if not directory.is_dir():
        raise AdviceError(directory, "is not a directory")
    articles = [_article(file) for file in sorted(directory.glob("*.md"))]
    order = list(AdviceTopic)
    articles.sort(key=lambda article: order.index(article.topic))
    return MappingProxyType({article.slug: article for article in articles})


def render(markdown: str) -> str:
    """CommonMark as HTML: raw HTML shown as text, no images, only web, telephone and mail links."""
    return str(_MARKDOWN.render(markdown))


class _SafeMarkdown(MarkdownIt):
    """A link that fails the check stays as the text that was typed."""

    def validateLink(self, url: str) -> bool:
        return re.match(r"(?:https?://|tel:|mailto:)", url, re.IGNORECASE) is not None


_MARKDOWN = _SafeMarkdown("commonmark", {"html": False}).disable("image")
_FRONT_MATTER = re.compile(r"---[ \t]*\n(?P<fields>.*?)^---[ \t]*(?:\n|\Z)(?P<body>.*)", re.DOTALL | re.MULTILINE)
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def _article(file: Path) -> Advice:
    if not _SLUG.fullmatch(file.stem):
        raise AdviceError(file, "the file name must be lower-case ASCII words joined by hyphens")
    if not (parts := _FRONT_MATTER.match(_read(file))):
        raise AdviceError(file, "has no front matter between two lines '---' at its start")
    fields = _fields(file, parts["fields"])
    topic = _text(file, fields, "topic")
    if topic not in AdviceTopic.__members__:
        raise AdviceError(file, f"unknown topic {topic[:40]!r}; known are {', '.join(AdviceTopic.__members__)}")
    if not parts["body"].strip():
        raise AdviceError(file, "has no text after the front matter")
    return Advice(
        slug=file.stem,
        topic=AdviceTopic[topic],
        title=_text(file, fields, "title"),
        summary=_text(file, fields, "summary"),
        html=render(parts["body"]),
    )


def _read(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_ADVICE_BYTES + 1)
    except OSError as error:
        raise AdviceError(file, f"cannot be read ({error.strerror})") from None
    if len(content) > MAX_ADVICE_BYTES:
        raise AdviceError(file, f"is larger than {MAX_ADVICE_BYTES // 1024} kB")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise AdviceError(file, f"is not UTF-8 (byte {error.start + 1})") from None


def _fields(file: Path, text: str) -> dict[Any, Any]:
    try:
        fields = yaml.safe_load(text)
    except Exception as error:  # PyYAML lets through whatever its constructors raise, beyond YAMLError
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 2})" if mark else ""  # counted from 0, after the opening '---'
        raise AdviceError(file, f"the front matter is not valid YAML{where}") from None
    if not isinstance(fields, dict):
        raise AdviceError(file, "the front matter must hold topic, title and summary, one 'name: value' a line")
    return fields


def _text(file: Path, fields: Mapping[Any, Any], name: str) -> str:
    value = fields.get(name)
    if value is None:
        raise AdviceError(file, f"the front matter has no {name}")
    if not isinstance(value, str) or not value.strip():
        raise AdviceError(file, f"{name} must be text; put it in quotes")
    return re.sub(r"[ \t\n]+", " ", value.strip())  # not split(): no-break spaces stay

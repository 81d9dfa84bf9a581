"""Advice articles: what ships is fit to show, what is wrong is said plainly, nothing active gets through."""

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.advice import MAX_ADVICE_BYTES, SHIPPED_ADVICE, AdviceError, load_advice, render
from gateway.models.advice import Advice, AdviceTopic

FIXTURES = Path(__file__).parent / "fixtures" / "advice"
TAGS = set(re.findall(r"\w+", "h1 h2 h3 h4 h5 h6 p a em strong ul ol li blockquote code pre br hr"))
EMERGENCY_NUMBERS = {"tel:15", "tel:18", "tel:112", "tel:0800473333"}
HEAD = "topic: AIR\ntitle: Un titre\nsummary: Un résumé"


class Page(HTMLParser):
    """The tags and attributes of a piece of HTML as a browser would find them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    @property
    def links(self) -> list[str]:
        return [value or "" for name, value in self.attributes if name == "href"]


@pytest.fixture(scope="module")
def shipped() -> Mapping[str, Advice]:
    return load_advice(SHIPPED_ADVICE)


def write(directory: Path, content: str | bytes, name: str = "un-article.md") -> Path:
    file = directory / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def problem(directory: Path) -> str:
    with pytest.raises(AdviceError) as caught:
        load_advice(directory)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert caught.value.__context__ is None or caught.value.__suppress_context__, "shows a stack of yaml's"
    return message


# What ships


def test_every_shipped_file_is_an_article_and_every_topic_has_one(shipped: Mapping[str, Advice]) -> None:
    assert set(shipped) == {file.stem for file in SHIPPED_ADVICE.iterdir()}
    assert {article.topic for article in shipped.values()} == set(AdviceTopic)
    assert all(slug == article.slug for slug, article in shipped.items())


def test_articles_come_by_topic_then_file_name(shipped: Mapping[str, Advice]) -> None:
    order = list(AdviceTopic)
    keys = [(order.index(article.topic), article.slug) for article in shipped.values()]
    assert keys == sorted(keys)


def test_shipped_articles_are_short_and_structured(shipped: Mapping[str, Advice]) -> None:
    for slug, article in shipped.items():
        assert 15 <= len(article.title) <= 70, slug
        assert 60 <= len(article.summary) <= 160, slug
        assert article.summary.endswith("."), slug
        words = re.findall(r"\w+(?:[’-]\w+)*", re.sub(r"<[^>]*>", " ", article.html))
        assert 250 <= len(words) <= 500, slug
        tags = Page(article.html).tags
        assert tags.count("h2") >= 3, slug
        assert "h1" not in tags, f"{slug}: the title is the page's h1"
    assert len({article.title for article in shipped.values()}) == len(shipped)


def test_shipped_articles_hold_no_raw_html_and_known_links_only(shipped: Mapping[str, Advice]) -> None:
    for slug, article in shipped.items():
        page = Page(article.html)
        assert set(page.tags) <= TAGS, slug
        assert {name for name, _ in page.attributes} <= {"href"}, slug
        assert "&lt;" not in article.html, f"{slug}: raw HTML shown as text"
        assert "](" not in article.html, f"{slug}: a link that was refused"
        assert all(link in EMERGENCY_NUMBERS or link.startswith("https://") for link in page.links), slug


def test_shipped_articles_keep_french_typography(shipped: Mapping[str, Advice]) -> None:
    for slug, article in shipped.items():
        text = f"{article.title}\n{article.summary}\n{article.html}"
        assert "'" not in text, slug
        assert not re.search(r" [:;!?»%]|« |\d °C", text), slug


def test_gas_and_carbon_monoxide_articles_give_the_numbers_to_call(shipped: Mapping[str, Advice]) -> None:
    assert {"tel:0800473333", "tel:18", "tel:112"} <= set(Page(shipped["odeur-de-gaz"].html).links)
    assert {"tel:15", "tel:18", "tel:112"} <= set(Page(shipped["monoxyde-de-carbone"].html).links)


# Reading


def test_an_article_as_written(tmp_path: Path) -> None:
    write(
        tmp_path,
        "---\ntopic: DRAINS\ntitle: Évier\nsummary: >-\n  Vite\n  fait\u00a0!\n---\n## Ici\n\n**Oui**, [18](tel:18)\n",
    )
    assert load_advice(tmp_path) == {
        "un-article": Advice(
            slug="un-article",
            topic=AdviceTopic.DRAINS,
            title="Évier",
            summary="Vite fait\u00a0!",
            html='<h2>Ici</h2>\n<p><strong>Oui</strong>, <a href="tel:18">18</a></p>\n',
        )
    }


def test_windows_line_ends_and_byte_order_mark(tmp_path: Path) -> None:
    write(tmp_path, b"\xef\xbb\xbf" + f"---\n{HEAD}\n---\nTexte\n".replace("\n", "\r\n").encode())
    assert load_advice(tmp_path)["un-article"].html == "<p>Texte</p>\n"


def test_a_rule_in_the_text_does_not_end_the_front_matter_again(tmp_path: Path) -> None:
    write(tmp_path, f"---\n{HEAD}\n---\nAvant\n\n---\n\nAprès\n")
    assert load_advice(tmp_path)["un-article"].html == "<p>Avant</p>\n<hr />\n<p>Après</p>\n"


def test_other_files_are_left_alone_and_an_empty_directory_holds_nothing(tmp_path: Path) -> None:
    write(tmp_path, "no article", "notes.txt")
    assert load_advice(tmp_path) == {}


def test_the_largest_file_allowed(tmp_path: Path) -> None:
    head = f"---\n{HEAD}\n---\n".encode()
    write(tmp_path, head + b"a" * (MAX_ADVICE_BYTES - len(head)))
    assert "un-article" in load_advice(tmp_path)


# Errors


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("## Sans rien\n", "has no front matter"),
        ("", "has no front matter"),
        (f"---\n{HEAD}\nTexte\n", "has no front matter"),
        (f"\n---\n{HEAD}\n---\nTexte\n", "has no front matter"),
        (
            f"---\n{HEAD.replace('AIR', 'CATS')}\n---\nTexte\n",
            "unknown topic 'CATS'; known are WATER_LEAKS, DRAINS, AIR",
        ),
        (f"---\n{HEAD.replace('AIR', 'air')}\n---\nTexte\n", "unknown topic 'air'"),
        (f"---\n{HEAD.replace('AIR', '[AIR]')}\n---\nTexte\n", "topic must be text"),
        ("---\ntopic: AIR\nsummary: b\n---\nTexte\n", "has no title"),
        ("---\ntopic: AIR\ntitle:\nsummary: b\n---\nTexte\n", "has no title"),
        ("---\ntopic: AIR\ntitle: '  '\nsummary: b\n---\nTexte\n", "title must be text"),
        ("---\ntopic: AIR\ntitle: 2026\nsummary: b\n---\nTexte\n", "title must be text; put it in quotes"),
        ("---\ntopic: AIR\ntitle: a\n---\nTexte\n", "has no summary"),
        ("---\ntitle: a\nsummary: b\n---\nTexte\n", "has no topic"),
        (f"---\n{HEAD}\n---\n \n", "has no text after the front matter"),
        (f"---\n{HEAD}\n---", "has no text after the front matter"),
        ("---\n---\nTexte\n", "must hold topic, title and summary"),
        ("---\n- a\n- b\n---\nTexte\n", "must hold topic, title and summary"),
        ("---\ntopic: AIR\ntitle: a: b\n---\nTexte\n", "the front matter is not valid YAML (line 3)"),
        ("---\ntopic: !!python/object/apply:os.getcwd []\n---\nTexte\n", "not valid YAML (line 2)"),
        ("---\ntitle: 2026-13-45\n---\nTexte\n", "not valid YAML"),
        ("---\ntitle: a\x00b\n---\nTexte\n", "not valid YAML"),
        (f"---\ntitle: {'[' * 20_000}\n---\nTexte\n", "not valid YAML"),
        (b"---\ntopic: AIR\ntitle: \xe9vier\n---\n", "is not UTF-8 (byte 23)"),
        (f"---\n{HEAD}\n---\n" + "a" * MAX_ADVICE_BYTES, "is larger than 64 kB"),
    ],
)
def test_a_bad_file_is_named_with_what_is_wrong(tmp_path: Path, content: str | bytes, said: str) -> None:
    file = write(tmp_path, content)
    message = problem(tmp_path)
    assert message.startswith(f"{file}: ")
    assert said in message


@pytest.mark.parametrize("name", ["Évier.md", "Un-Article.md", "un article.md", "un_article.md", "-a.md", "a\nb.md"])
def test_a_file_name_that_is_no_slug(tmp_path: Path, name: str) -> None:
    write(tmp_path, f"---\n{HEAD}\n---\nTexte\n", name)
    assert "the file name must be lower-case ASCII words joined by hyphens" in problem(tmp_path)


def test_a_directory_that_is_not_there_and_a_file_that_is_a_directory(tmp_path: Path) -> None:
    assert problem(tmp_path / "nowhere").endswith("nowhere: is not a directory")
    (tmp_path / "dossier.md").mkdir()
    assert "dossier.md: cannot be read (" in problem(tmp_path)


# Nothing active


def test_scripts_and_javascript_links_are_neutralised() -> None:
    html = load_advice(FIXTURES)["texte-hostile"].html
    page = Page(html)
    assert set(page.tags) == {"h2", "p", "a"}
    assert page.attributes == [
        ("href", "https://suivi.example/pixel.png"),  # an image becomes a link, which calls nobody by itself
        ("href", "https://www.example.org/?a=1&b=2"),
        ("href", "tel:112"),
        ("href", "mailto:a@example.org"),
    ]
    assert "&lt;script&gt;alert(&quot;bloc&quot;)&lt;/script&gt;" in html


WORDS = [
    "<script>",
    "</script>",
    "<SCRIPT ",
    "<img/src=x>",
    "[a](",
    "[a]: ",
    "javascript:x",
    "&#106;avascript:x",
    "ftp://x",
]
HOSTILE = st.sampled_from(WORDS) | st.sampled_from("<>&`\\\"'#-*_~![]() \n")


@given(st.text() | st.lists(HOSTILE | st.text(max_size=3)).map("".join))
def test_no_text_becomes_active(body: str) -> None:
    html = render(body)
    assert "<script" not in html.lower()
    page = Page(html)
    assert set(page.tags) <= TAGS
    assert {name for name, _ in page.attributes} <= {"href", "title", "start", "class"}
    assert all(re.match(r"https?://|tel:|mailto:", link, re.IGNORECASE) for link in page.links)

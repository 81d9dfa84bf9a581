"""Advice articles."""

from gateway.context import Context
from gateway.models.advice import Advice, AdviceTopic
from gateway.models.page import Page
from gateway.resolvers.paging import page_size, resolve_page


def resolve_advice(
    context: Context, _: object, topic: AdviceTopic | None = None, first: int | None = 10, after: str | None = None
) -> Page[Advice]:
    """Articles in the order of their topics, of one topic where it is named; the cursor is the article's id."""
    articles = [article for article in context.services.advice.values() if topic in {None, article.topic}]
    return resolve_page(articles, lambda article: article.id, page_size(first, 10), after)

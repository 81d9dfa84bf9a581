"""Suite and CleReprise: 200 rows per answer, keys bound to their criteria and alive as long as the session."""

import secrets
from typing import Final

from gateway.simulator.property_management.requests import Request
from gateway.simulator.property_management.sessions import Paging, Session
from gateway.simulator.property_management.values import element

PAGE_LENGTH: Final = 200


def start_of_page(session: Session, request: Request, criteria: tuple[str, ...]) -> int | None:
    """Where the asked page starts; None when the key is unknown or was given for other criteria."""
    key = request.one("CleReprise")
    if key is None:
        return 0
    paging = session.pages.get(key)
    known = paging is not None and paging.operation == request.operation and paging.criteria == criteria
    return paging.start if known and paging is not None else None


def next_page(session: Session, operation: str, criteria: tuple[str, ...], start: int, total: int) -> str:
    """The elements at the end of a page; on the last one, Suite is N or absent."""
    if start + PAGE_LENGTH >= total:
        return element("Suite", "N") if total % 2 or total < PAGE_LENGTH else ""
    key = secrets.token_hex(8)
    session.pages[key] = Paging(operation, criteria, start + PAGE_LENGTH)
    return element("Suite", "O") + element("CleReprise", key)

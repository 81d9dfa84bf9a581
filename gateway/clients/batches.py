"""Many keys in as few calls as the contract allows, and the answer by key whatever its order, doubles and gaps."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from gateway.errors import UpstreamError

T = TypeVar("T")

Ask = Callable[[Sequence[str]], Awaitable[Mapping[str, T | UpstreamError | None]]]


async def fetch_in_batches(
    keys: Sequence[str], ask: Ask[T], *, limit: int, silence_answers: bool
) -> dict[str, T | UpstreamError | None]:
    """What `ask` says of each key: a value, None (said unknown), or the error that met it. Keys are asked once each.

    A key of which an answer says nothing is asked once more without the others; one that stays unmentioned is missing
    from the result. With `silence_answers` silence is how the system says "nothing there", so a key that was asked
    on its own is not asked again.
    """
    wanted = list(dict.fromkeys(keys))
    found = await _ask_all(wanted, ask, limit)
    unmentioned = [key for key in wanted if key not in found]
    if unmentioned and not (silence_answers and len(wanted) == 1):
        found |= await _ask_all(unmentioned, ask, limit)
    return found


async def _ask_all(keys: list[str], ask: Ask[T], limit: int) -> dict[str, T | UpstreamError | None]:
    if len(keys) <= limit:  # nearly always
        return await _ask_one(keys, ask)
    batches = [keys[start : start + limit] for start in range(0, len(keys), limit)]
    answers = await asyncio.gather(*(_ask_one(batch, ask) for batch in batches))
    return {key: outcome for answer in answers for key, outcome in answer.items()}


async def _ask_one(batch: list[str], ask: Ask[T]) -> dict[str, T | UpstreamError | None]:
    try:
        answer = await ask(batch)
    except UpstreamError as error:
        return dict.fromkeys(batch, error)
    return {key: answer[key] for key in batch if key in answer}

"""What is done after the answer: rows that the worker takes up, the same for every kind of label."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from gateway.accounts.tools import Tools
from gateway.sealing import new_ordered_id
from gateway.store import Transaction, queues
from gateway.store.rows import WorkRow


class Task(Enum):
    """What there is to do."""

    CREATE_ACCOUNT = "CREATE_ACCOUNT"
    RESET_PASSWORD = "RESET_PASSWORD"  # noqa: S105 - the name of a task
    TELL_BLOCKED = "TELL_BLOCKED"


async def add_task(tx: Transaction, tools: Tools, task: Task, label: str, contents: Mapping[str, Any]) -> None:
    """Something to do for a label; what it needs is sealed until it is done."""
    now = tools.now()
    work_id = new_ordered_id(now)
    sealed = tools.secrets.seal("work", work_id, {"label": label} | dict(contents))
    label_key = tools.label_keys(label)[0]
    await queues.add_work(tx, WorkRow(work_id, task.value, label_key, sealed, now, now, 0, None, None))


def open_task(tools: Tools, row: WorkRow) -> dict[str, Any]:
    """What was sealed."""
    return tools.secrets.open("work", row.id, row.sealed or "")

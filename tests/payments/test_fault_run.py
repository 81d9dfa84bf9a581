"""A short run of payments under every fault at once; the long one is `bench/soak/payments.py`."""

import shutil
from pathlib import Path

from .fault_run import run


async def test_every_payment_is_booked_once(migrated: Path, tmp_path: Path) -> None:
    database = tmp_path / "gateway.sqlite"
    shutil.copy(migrated, database)
    told = await run(payments=40, database_url=f"sqlite:///{database}", folder=tmp_path)
    assert told["payments"] == 40
    assert told["kills"] == 2
    assert told["booked_cents"] > 0

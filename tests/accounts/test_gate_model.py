"""The gate against a simple model of it, over random histories of tries, confirmations, releases and time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from gateway.accounts import lockout
from gateway.accounts.lockout import GateState, Granted, Standing
from gateway.accounts.opening import build_tools
from gateway.accounts.tools import Tools
from gateway.moments import DAY, HOUR, MINUTE, SECOND
from gateway.store import Transaction
from gateway.store.tables import GATE

from .conftest import Clock, settings_for

LABEL = "L0000001"
WAITS = st.sampled_from(
    [1, SECOND, 3 * MINUTE, 10 * MINUTE - 1, 10 * MINUTE, 7 * HOUR, DAY - 1, DAY, 29 * DAY, 30 * DAY]
)


@dataclass
class Model:
    """The gate in the words of its table: lists of moments, nothing clever."""

    passwords: list[int] = field(default_factory=list)
    creations: list[int] = field(default_factory=list)
    recent: list[int] = field(default_factory=list)
    failures: int = 0
    held_until: int = 0
    blocked_until: int = 0
    last_try: int = 0
    last_failure: int = 0
    cycle: int = 0
    holds: bool = True

    def lapse(self, now: int) -> None:
        ended = 0 < self.held_until <= now or 0 < self.blocked_until <= now
        if ended or ((self.passwords or self.creations) and now >= self.last_try + DAY):
            self.passwords, self.creations, self.held_until, self.blocked_until = [], [], 0, 0
            self.cycle += 1
        if self.failures < 100 and now >= self.last_failure + 30 * DAY:
            self.failures = 0

    def standing(self, now: int) -> tuple[GateState, int | None]:
        window = [moment for moment in self.recent if now < moment + DAY]
        capped_until = window[-24] + DAY if len(window) >= 24 else 0
        if now < self.blocked_until:
            return GateState.BLOCKED, self.blocked_until
        if self.failures >= 100:
            return GateState.CAPPED, None
        if capped_until > max(now, self.held_until):
            return GateState.CAPPED, capped_until
        return (GateState.HELD, self.held_until) if now < self.held_until else (GateState.OPEN, None)

    def try_password(self, now: int) -> int | None:
        """Tries left, None where refused."""
        if self.standing(now)[0] is not GateState.OPEN:
            return None
        self.lapse(now)
        self.passwords.append(now)
        self.recent.append(now)
        self.failures += 1
        self.last_try = self.last_failure = now
        if len(self.passwords) == 3 and self.holds:
            self.held_until = now + 10 * MINUTE
        return 3 - len(self.passwords)

    def try_creation(self, now: int) -> int | None:
        if self.standing(now)[0] is GateState.BLOCKED:
            return None
        self.lapse(now)
        self.creations.append(now)
        self.last_try = now
        if len(self.creations) == 3:
            self.blocked_until, self.held_until = now + 10 * MINUTE, 0
            self.cycle += 1
        return 3 - len(self.creations)

    def open(self) -> None:
        self.passwords, self.creations, self.recent = [], [], []
        self.failures = self.held_until = self.blocked_until = 0
        self.cycle += 1


class GateMachine(RuleBasedStateMachine):
    """The gate and its model, side by side."""

    tools: ClassVar[Tools]
    clock: ClassVar[Clock]
    runner: ClassVar[asyncio.Runner]

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.clock.time = Clock().time
        self.keys = lockout.label_gate(self.tools, LABEL)
        self.granted: list[tuple[Granted, int]] = []
        self.runner.run(forget(self.tools))

    @rule()
    def sign_in_wrongly(self) -> None:
        left = self.model.try_password(self.tools.now())
        self.compare(self.runner.run(lockout.reserve_password(self.tools, self.keys)), left)

    @rule()
    def create(self) -> None:
        left = self.model.try_creation(self.tools.now())
        self.compare(self.runner.run(lockout.reserve_creation(self.tools, self.keys)), left)

    @rule(back=st.integers(0, 5))
    def succeed(self, back: int) -> None:
        """One of the last tries turns out to be right, at once or late."""
        if not self.granted:
            return
        granted, cycle = self.granted[-1 - back % len(self.granted)]
        cleared = self.runner.run(in_transaction(self.tools, lambda tx: lockout.clear(tx, granted)))
        assert cleared == (cycle == self.model.cycle)
        if cleared:
            self.model.open()

    @rule(why=st.sampled_from(["reset", "confirmation", "release by staff"]))
    def release(self, why: str) -> None:
        self.runner.run(in_transaction(self.tools, lambda tx: lockout.release(tx, self.tools, LABEL)))
        self.model.open()

    @rule(milliseconds=WAITS)
    def wait(self, milliseconds: int) -> None:
        self.clock.forward(milliseconds=milliseconds)

    @rule(tries=st.sampled_from([3, 24]))
    def attack(self, tries: int) -> None:
        """Tries as soon as the gate lets, for a while."""
        for _ in range(tries):
            state, until = self.model.standing(self.tools.now())
            if state is not GateState.OPEN and until is None:
                return
            self.clock.forward(milliseconds=(until or self.tools.now()) - self.tools.now())
            self.sign_in_wrongly()

    def compare(self, real: Granted | Standing, left: int | None) -> None:
        standing = self.model.standing(self.tools.now())
        if isinstance(real, Standing):
            assert left is None
            assert (real.state, real.until) == standing
            return
        assert real.tries_left == left
        assert (real.standing.state, real.standing.until) == standing
        self.granted.append((real, self.model.cycle))


class DevicesMachine(RuleBasedStateMachine):
    """Known devices of one label, each with a gate, and the gate of them all."""

    tools: ClassVar[Tools]
    clock: ClassVar[Clock]
    runner: ClassVar[asyncio.Runner]

    def __init__(self) -> None:
        super().__init__()
        self.clock.time = Clock().time
        self.models = [Model() for _ in range(12)]
        self.all = Model(holds=False)
        self.granted: list[tuple[Granted, int, int, int]] = []
        self.runner.run(forget(self.tools))

    @rule(device=st.integers(0, 11))
    def sign_in_wrongly(self, device: int) -> None:
        keys = lockout.device_gate(self.tools, LABEL, str(device))
        real = self.runner.run(lockout.reserve_password(self.tools, keys))
        now, model = self.tools.now(), self.models[device]
        if self.standing(device)[0] is not GateState.OPEN:
            assert isinstance(real, Standing)
            assert (real.state, real.until) == self.standing(device)
            return
        left = model.try_password(now)
        self.all.try_password(now)
        assert isinstance(real, Granted)
        assert real.tries_left == left
        assert (real.standing.state, real.standing.until) == self.standing(device)
        self.granted.append((real, device, model.cycle, self.all.cycle))

    @rule(back=st.integers(0, 5))
    def succeed(self, back: int) -> None:
        """One of the last tries turns out to be right, at once or late."""
        if not self.granted:
            return
        granted, device, cycle, all_cycle = self.granted[-1 - back % len(self.granted)]
        cleared = self.runner.run(in_transaction(self.tools, lambda tx: lockout.clear(tx, granted)))
        assert cleared == (cycle == self.models[device].cycle)
        if cleared:
            self.models[device].open()
        if all_cycle == self.all.cycle:
            self.all.open()

    @rule()
    def release(self) -> None:
        self.runner.run(in_transaction(self.tools, lambda tx: lockout.release(tx, self.tools, LABEL)))
        for model in (*self.models, self.all):
            model.open()

    @rule(milliseconds=WAITS)
    def wait(self, milliseconds: int) -> None:
        self.clock.forward(milliseconds=milliseconds)

    @rule(devices=st.integers(1, 12), rounds=st.integers(1, 3))
    def attack(self, devices: int, rounds: int) -> None:
        """Every device tries until it is refused, then all wait for the first that may try again."""
        for _ in range(rounds):
            for device in range(devices):
                while self.standing(device)[0] is GateState.OPEN:
                    self.sign_in_wrongly(device)
                self.sign_in_wrongly(device)
            moments = [until for device in range(devices) if (until := self.standing(device)[1]) is not None]
            if not moments:
                return
            self.clock.forward(milliseconds=min(moments) - self.tools.now())

    def standing(self, device: int) -> tuple[GateState, int | None]:
        own, shared = (each.standing(self.tools.now()) for each in (self.models[device], self.all))
        if shared[0] is GateState.OPEN or own == (GateState.CAPPED, None):
            return own
        if own[0] is GateState.OPEN or shared[1] is None:
            return shared
        return own if (own[1] or 0) > shared[1] else shared


async def in_transaction(tools: Tools, act: Callable[[Transaction], Awaitable[Any]]) -> Any:
    async with tools.store.write() as tx:
        return await act(tx)


async def forget(tools: Tools) -> None:
    async with tools.store.write() as tx:
        await tx.execute(GATE.delete())


@pytest.mark.parametrize(("kind", "examples"), [(GateMachine, 10), (DevicesMachine, 5)])
def test_the_gate_is_its_model(database_url: str, kind: type[RuleBasedStateMachine], examples: int) -> None:
    with asyncio.Runner() as runner:
        clock = Clock()
        tools = build_tools(settings_for(database_url), clock)
        bound = {"tools": tools, "clock": clock, "runner": runner}
        machine = type("BoundMachine", (kind,), bound)
        limits = settings(max_examples=examples, stateful_step_count=25, deadline=None, database=None)
        run_state_machine_as_test(machine, settings=limits)
        runner.run(tools.store.close())
    tools.passwords.close()

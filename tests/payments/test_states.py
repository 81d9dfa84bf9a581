"""What each word of the page leads to, from each state."""

import pytest

from gateway.models.payment import PageWord, PaymentState
from gateway.payments.states import Flag, Step, next_step

S, W, F = PaymentState, PageWord, Flag


@pytest.mark.parametrize(
    ("state", "word", "told", "step"),
    [
        (S.STARTED, W.PAID, False, Step(S.AUTHORISED)),
        (S.STARTED, W.REFUSED, False, Step(S.REFUSED)),
        (S.STARTED, W.ABANDONED, False, Step(S.ABANDONED)),
        (S.STARTED, W.EXPIRED, False, Step(S.EXPIRED)),
        (S.STARTED, W.RETURNED, False, Step(S.REFUNDED)),
        (S.STARTED, W.WAITING, False, Step()),
        (S.STARTED, W.OTHER, False, Step(None, F.STATUS_UNKNOWN)),
        (S.EXPIRED, W.PAID, False, Step(S.AUTHORISED, F.PAID_AFTER_ALL)),
        (S.EXPIRED, W.REFUSED, False, Step()),
        (S.REFUSED, W.PAID, False, Step(S.AUTHORISED, F.PAID_AFTER_ALL)),
        (S.ABANDONED, W.PAID, False, Step(S.AUTHORISED, F.PAID_AFTER_ALL)),
        (S.ABANDONED, W.REFUSED, False, Step()),
        (S.REFUSED, W.RETURNED, False, Step(S.REFUNDED, F.CONTRADICTED)),
        (S.AUTHORISED, W.PAID, False, Step()),
        (S.AUTHORISED, W.REFUSED, False, Step(None, F.CONTRADICTED)),
        (S.AUTHORISED, W.ABANDONED, True, Step(None, F.CONTRADICTED)),
        (S.AUTHORISED, W.RETURNED, False, Step(S.REFUNDED)),
        (S.AUTHORISED, W.RETURNED, True, Step(S.REFUNDED, F.REFUNDED_AFTER_BOOKING)),
        (S.BOOKED, W.PAID, True, Step()),
        (S.BOOKED, W.REFUSED, True, Step(None, F.CONTRADICTED)),
        (S.BOOKED, W.RETURNED, True, Step(S.REFUNDED, F.REFUNDED_AFTER_BOOKING)),
        (S.REJECTED, W.RETURNED, True, Step(S.REFUNDED)),
        (S.REJECTED, W.PAID, True, Step()),
        (S.REFUNDED, W.PAID, True, Step(None, F.CONTRADICTED)),
        (S.REFUNDED, W.RETURNED, True, Step()),
    ],
)
def test_steps(state: PaymentState, word: PageWord, told: bool, step: Step) -> None:
    assert next_step(state, word, told_billing=told) == step


@pytest.mark.parametrize("state", PaymentState)
@pytest.mark.parametrize("told", [False, True])
def test_money_that_was_taken_is_never_without_a_way(state: PaymentState, told: bool) -> None:
    """Once the page says paid, a payment is booked, on its way, or in front of staff."""
    step = next_step(state, PageWord.PAID, told_billing=told)
    safe = {PaymentState.AUTHORISED, PaymentState.BOOKED, PaymentState.REJECTED}
    assert (step.state or state) in safe or step.flag is not None

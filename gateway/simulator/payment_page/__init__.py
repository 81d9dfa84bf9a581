"""The simulated payment page: the hosted form of PayZen/Lyra, protocol ``vads_`` V2, HMAC-SHA-256; for one shop.

Written from the public documentation. The form goes to ``POST /vads-payment/``; the payer pays, is refused or leaves in
a browser, or ``PaymentPage.pay(fields, outcome)`` does it at once; the shop is notified before the payer is shown the
way back. Deviations: one currency, one shop, test mode only, no card number.

What the page says is paid, for a reconciliation: ``GET /vads-merchant/transactions.csv?du=2026-11-03&au=2026-11-04`` on
the same port (UTC days, both included; Basic authentication: shop number and ``PAYMENT_PASSWORD``). It has the shape of
the platform's nightly transaction report: fields apart by ``;``, a line ``TITRE``, a line with the names of
``journal.COLUMNS``, a line a transaction. Paid is, by ORDER_ID, the sum of AMOUNT (cents) where TRANSACTION_STATUS is
AUTHORISED or CAPTURED and OPERATION_DIRECTION is DEBIT, less the same of CREDIT. Abandoned payments are not in it.
"""

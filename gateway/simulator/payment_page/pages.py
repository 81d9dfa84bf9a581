"""The pages that a payer reads, in French: plain HTML, without JavaScript, and nothing from elsewhere."""

from collections.abc import Mapping
from html import escape
from typing import Final
from urllib.parse import urlencode

from gateway.simulator.payment_page.answers import CARDS
from gateway.simulator.payment_page.forms import FormRefused, Shop
from gateway.simulator.payment_page.payment_page import Return
from gateway.simulator.payment_page.transactions import Transaction

STYLE: Final = """\
:root { color-scheme: light dark; font: 1.125rem/1.5 system-ui, sans-serif; }
body { max-width: 34rem; margin: 2rem auto; padding: 0 1rem; background: Canvas; color: CanvasText; }
h1 { font-size: 1.5rem; }
.test { border: 2px solid; border-radius: .4rem; padding: .5rem .8rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1rem; }
dt { font-weight: 600; }
dd { margin: 0; overflow-wrap: anywhere; }
fieldset { border: 1px solid; border-radius: .4rem; margin: 1.5rem 0; }
label { display: block; padding: .5rem 0; }
button, .way { display: block; box-sizing: border-box; width: 100%; min-height: 3rem; margin: .8rem 0; padding: .6rem;
  font: inherit; text-align: center; text-decoration: none; cursor: pointer; border: 2px solid;
  border-radius: .4rem; background: transparent; color: inherit; }
.first { background: #14532d; border-color: #14532d; color: #fff; font-weight: 600; }
:focus-visible { outline: 3px solid #b45309; outline-offset: 3px; }
"""
_OUTCOMES: Final = {
    "AUTHORISED": ("Paiement accepté", "Votre paiement est accepté. Aucun argent n’a bougé : c’est une simulation."),
    "AUTHORISED_TO_VALIDATE": ("Paiement accepté", "Votre paiement est accepté, le marchand doit encore le valider."),
    "CAPTURED": ("Paiement accepté", "Votre paiement est accepté et remis en banque."),
    "REFUSED": ("Paiement refusé", "La banque a refusé le paiement. Rien n’est débité."),
    "ABANDONED": (
        "Paiement abandonné",
        "Le paiement est abandonné, ou le délai de 10 minutes est passé. Rien n’est débité.",
    ),
}
_OTHER: Final = ("Paiement terminé", "Ce paiement a changé d’état entre-temps.")


def payment(transaction: Transaction, shop: Shop) -> str:
    """The page on which a payer pays, is refused, or leaves."""
    amount = _euros(transaction.amount_cents)
    cards = "".join(
        f'<label><input type="radio" name="brand" value="{brand}"{" checked" if brand == "CB" else ""}> '
        f"{brand} {escape(number.replace('X', '•'))}</label>"
        for brand, number in CARDS.items()
    )
    return _page(
        "Paiement par carte",
        f"""{_TEST}
{_summary(transaction, shop)}
<form method="post">
<fieldset><legend>Carte de démonstration</legend>{cards}</fieldset>
<button class="first" name="outcome" value="AUTHORISED">Payer {amount}</button>
<button name="outcome" value="REFUSED">Faire refuser la carte par la banque</button>
<button name="outcome" value="ABANDONED">Annuler et retourner à la boutique</button>
</form>
<p>Cette page est ouverte pendant 10 minutes.</p>""",
    )


def result(transaction: Transaction, shop: Shop, back: Return | None) -> str:
    """What became of a payment, and the way back to the shop."""
    title, text = _OUTCOMES.get(transaction.status or "", _OTHER)
    way = "<p>Vous pouvez fermer cette page.</p>" if back is None else _way(back)
    return _page(title, f'{_TEST}\n<p role="status">{text}</p>\n{_summary(transaction, shop)}\n{way}')


def refusal(refused: FormRefused, shop: Shop) -> str:
    """The page instead of a payment when the form breaks a rule; the source is named in test mode only."""
    text = "<p>Une erreur est survenue dans la demande de paiement. Aucun paiement n’a été effectué.</p>"
    if shop.mode == "TEST":
        field = f" – <code>{escape(refused.field)}</code>" if refused.field else ""
        text += f"\n<p>Erreur <strong>{escape(refused.code)}</strong>{field} : {escape(refused.why)}.</p>"
    return _page("Demande de paiement refusée", text)


def missing() -> str:
    """The page for an address that leads nowhere."""
    return _page("Page inconnue", "<p>Cette page de paiement n’existe pas ou n’existe plus.</p>")


_TEST: Final = '<p class="test">Page de paiement simulée : aucune carte n’est demandée, aucun argent ne bouge.</p>'


def _summary(transaction: Transaction, shop: Shop) -> str:
    rows = {
        "Montant": _euros(transaction.amount_cents),
        "Boutique": f"{shop.name} ({shop.site_id})",
        "Commande": transaction.order_id,
        "Transaction": transaction.form["vads_trans_id"],
    }
    return (
        "<dl>" + "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in rows.items() if value) + "</dl>"
    )


def _way(back: Return) -> str:
    if back.method == "POST":
        button = '<button class="first">Retourner à la boutique</button>'
        return f'<form method="post" action="{escape(back.address)}">{_hidden(back.fields)}{button}</form>'
    address = back.address
    if back.fields:
        address += ("&" if "?" in address else "?") + urlencode(back.fields)
    return f'<a class="way first" href="{escape(address)}">Retourner à la boutique</a>'


def _hidden(fields: Mapping[str, str]) -> str:
    return "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items()
    )


def _euros(cents: int) -> str:
    """1234567 → « 12 345,67 € » with narrow and plain no-break spaces."""
    return f"{cents // 100:,}".replace(",", "\u202f") + f",{cents % 100:02d}\u00a0€"


def _page(title: str, contents: str) -> str:
    return f"""<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} – simulation</title>
<link rel="stylesheet" href="/vads-payment/page.css">
</head>
<body>
<main>
<h1>{title}</h1>
{contents}
</main>
</body>
</html>
"""

"""The data operations of billing, after token and fields have been checked."""

from collections.abc import Callable, Iterable
from datetime import datetime
from random import Random

from gateway.simulator.billing import records
from gateway.simulator.billing.books import ACCOUNT_CLOSED, Books
from gateway.simulator.billing.documents import Documents
from gateway.simulator.billing.requests import Call
from gateway.simulator.billing.values import dumps
from gateway.simulator.faults import Fired, Item, altered
from gateway.simulator.landlord import Landlord, Tenant
from gateway.simulator.landlord.accounts import Notice
from gateway.simulator.windows import last_balance

Reply = tuple[int, str]
"""An HTTP status and JSON text."""


def ko(code: str, message: str) -> Reply:
    """A data error, always HTTP 200."""
    return 200, dumps({"statut": "KO", "code": code, "message": message, "donnees": None})


class Operations:
    """Answers data calls from the landlord's data and the books."""

    def __init__(self, landlord: Landlord, books: Books, documents: Documents, rng: Random) -> None:
        self._landlord = landlord
        self._books = books
        self._documents = documents
        self._rng = rng
        self._by_name: dict[str, Callable[[Call, datetime, Fired], Reply]] = {
            "lireCompte": self._account,
            "rechercherComptes": self._accounts,
            "listerMouvements": self._entries,
            "rechercherAvis": self._notices,
            "lireAvis": self._notice,
            "deposerEncaissement": self._deposit,
            "suivreEncaissement": self._tracking,
        }

    def answer(self, call: Call, now: datetime, fired: Fired) -> Reply:
        """The reply to one call."""
        return self._by_name[call.operation](call, now, fired)

    def find_notice(self, notice_id: str) -> tuple[Tenant, Notice] | None:
        """The notice with this id and its tenant."""
        kind, _, rest = notice_id.partition("-")
        tenant = self._landlord.by_account("L" + rest.partition("-")[2]) if kind == "AE" else None
        if tenant is None:
            return None
        return next(((tenant, notice) for notice in tenant.account.notices if notice.id == notice_id), None)

    def _account(self, call: Call, now: datetime, _fired: Fired) -> Reply:
        tenant = self._landlord.by_account(call.keys[0])
        return ko("FAC-404", "Compte inconnu") if tenant is None else (200, self._account_text(tenant, now))

    def _accounts(self, call: Call, now: datetime, fired: Fired) -> Reply:
        return self._batch("comptes", call.keys, fired, lambda tenant: [self._account_text(tenant, now)])

    def _notices(self, call: Call, now: datetime, fired: Fired) -> Reply:
        since = call.arguments["since"]

        def write(tenant: Tenant) -> list[str]:
            return [
                records.notice(tenant, notice, self._documents.state(notice, now))
                for notice in tenant.account.notices
                if notice.period.number >= since
            ]

        return self._batch("avis", call.keys, fired, write)

    def _notice(self, call: Call, now: datetime, _fired: Fired) -> Reply:
        found = self.find_notice(call.keys[0])
        if found is None:
            return ko("FAC-404", "Avis inconnu")
        tenant, notice = found
        return 200, records.notice(tenant, notice, self._documents.state(notice, now))

    def _entries(self, call: Call, now: datetime, fired: Fired) -> Reply:
        tenant = self._landlord.by_account(call.keys[0])
        if tenant is None:
            return ko("FAC-404", "Compte inconnu")
        since, until = call.arguments["du"], call.arguments["au"]
        found = [
            entry
            for entry in reversed(self._books.ledger(tenant, now))
            if (since is None or entry.value_date >= since) and (until is None or entry.value_date <= until)
        ]
        page, size = call.arguments["page"], call.arguments["taille"]
        shown = found[page * size : (page + 1) * size]
        items = [Item(entry.id, records.entry(entry, tenant.index)) for entry in shown]
        items = altered(items, fired, lambda: self._foreign_entry(tenant, now), self._rng)
        contents = ",".join(item.text for item in items)
        last = "true" if (page + 1) * size >= len(found) else "false"
        tail = f'"page":{page},"taille":{size},"total":{len(found)},"dernierePage":{last}'
        return 200, f'{{"contenu":[{contents}],{tail}}}'

    def _deposit(self, call: Call, now: datetime, fired: Fired) -> Reply:
        given = call.arguments
        tenant = self._landlord.by_account(given["account"])
        if tenant is None:
            return ko("FAC-404", "Compte inconnu")
        known = self._books.deposits.get(given["reference"])
        if known is None:
            reason = str(fired.detail("rejected", "reason", ACCOUNT_CLOSED)) if "rejected" in fired else None
            content = (given["reference"], given["cents"], given["mode"], given["day"])
            taken = self._books.deposit(tenant, *content, now, reject_reason=reason)
            return 202, dumps({"statut": "ACCEPTE", "lot": taken.lot.code})
        if known.same_as(given["account"], given["cents"], given["mode"], given["day"]):
            return 200, dumps({"statut": "DOUBLON", "lot": known.lot.code})
        return ko("FAC-409", "Référence externe déjà utilisée")

    def _tracking(self, call: Call, now: datetime, _fired: Fired) -> Reply:
        known = self._books.deposits.get(call.keys[0])
        return 200, '{"encaissements":[' + (records.deposit(known, now) if known else "") + "]}"

    def _batch(self, name: str, numbers: Iterable[str], fired: Fired, write: Callable[[Tenant], list[str]]) -> Reply:
        """Every different number once, in any order: found, or among the errors, or (without notice) nowhere."""
        asked = list(dict.fromkeys(numbers))
        refused = set(fired.detail("item_code", "keys", asked)) if "item_code" in fired else set()
        code = str(fired.detail("item_code", "code", "FAC-500")) if refused else ""
        items: list[Item] = []
        errors: list[dict[str, str]] = []
        for number in asked:
            tenant = self._landlord.by_account(number)
            if number in refused:
                errors.append({"numeroCompte": number, "code": code, "message": "Erreur interne"})
            elif tenant is None:
                errors.append({"numeroCompte": number, "code": "FAC-404", "message": "Compte inconnu"})
            else:
                items.extend(Item(number, text) for text in write(tenant))
        self._rng.shuffle(items)
        items = altered(items, fired, lambda: self._foreign(asked, write), self._rng)
        return 200, f'{{"{name}":[{",".join(item.text for item in items)}],"erreurs":{dumps(errors)}}}'

    def _account_text(self, tenant: Tenant, now: datetime) -> str:
        """Kept until the next 04:30, or a later entry."""
        computed_at, moved = last_balance(now), self._books.has_moved(tenant)
        kept = tenant.fragments.get("account")
        if kept is None or kept[0] != computed_at or moved:
            text = records.account(tenant.account, self._books.balance(tenant, now), tenant.index)
            kept = tenant.fragments["account"] = (computed_at, text)
        return str(kept[1])

    def _foreign(self, asked: list[str], write: Callable[[Tenant], list[str]]) -> Item | None:
        for tenant in self._strangers():
            texts = write(tenant) if tenant.account_number not in asked else []
            if texts:
                return Item(tenant.account_number, texts[0])
        return None

    def _foreign_entry(self, own: Tenant, now: datetime) -> Item | None:
        for tenant in self._strangers():
            ledger = self._books.ledger(tenant, now)
            if tenant.index != own.index and ledger:
                return Item(ledger[-1].id, records.entry(ledger[-1], tenant.index))
        return None

    def _strangers(self) -> Iterable[Tenant]:
        tenants = self._landlord.tenants
        start = self._rng.randrange(len(tenants))
        return (tenants[(start + step) % len(tenants)] for step in range(len(tenants)))

"""What people read of errors, in French and English."""

from gateway.errors import CallerError, UpstreamError
from gateway.models.freshness import SourceSystem
from gateway.models.money import Locale

_SYSTEMS = {
    SourceSystem.PROPERTY_MANAGEMENT: ("La gestion locative", "Property management"),
    SourceSystem.BILLING: ("La facturation", "Billing"),
    SourceSystem.GATEWAY: ("Le service", "The service"),
}
_MESSAGES = {
    "UPSTREAM_UNAVAILABLE": (
        "{system} ne répond pas pour le moment. Réessayez dans quelques minutes.",
        "{system} does not answer at the moment. Please try again in a few minutes.",
    ),
    "UPSTREAM_TIMEOUT": (
        "{system} met trop de temps à répondre. Réessayez dans quelques minutes.",
        "{system} takes too long to answer. Please try again in a few minutes.",
    ),
    "UPSTREAM_CLOSED": (
        "{system} est fermée pour le moment (traitement de nuit ou maintenance).",
        "{system} is closed at the moment (nightly run or maintenance).",
    ),
    "UPSTREAM_MALFORMED": (
        "{system} a donné une réponse inutilisable. Nos équipes en sont informées.",
        "{system} gave an answer that cannot be used. Our teams have been told.",
    ),
    "UNAUTHENTICATED": ("Connectez-vous pour voir ces informations.", "Please sign in to see this."),
    "FORBIDDEN": ("Cette opération ne vous est pas ouverte.", "You may not do this."),
    "INTERNAL_SERVER_ERROR": (
        "Une erreur est survenue. Réessayez ; si elle persiste, donnez-nous la référence de la demande.",
        "Something went wrong. Please try again; if it goes on, tell us the reference of this request.",
    ),
    "first_out_of_range": (
        "« first » doit être compris entre 1 et {maximum}.",
        "`first` must be between 1 and {maximum}.",
    ),
    "cursor_unknown": ("« after » n'est pas un curseur de cette liste.", "`after` is not a cursor of this list."),
    "range_reversed": ("« from » doit précéder « to ».", "`from` must not come after `to`."),
    "months_out_of_range": (
        "La période doit aller de « from » à « to » et compter {maximum} mois au plus.",
        "The range must run from `from` to `to` and hold at most {maximum} months.",
    ),
}


def translate(locale: Locale, message_id: str, **parameters: object) -> str:
    """The message of that id, filled in; KeyError for an unknown id."""
    french, english = _MESSAGES[message_id]
    return (french if locale is Locale.FR else english).format(**parameters)


def describe(error: UpstreamError | CallerError, locale: Locale) -> str:
    """What a person may read of an error."""
    if isinstance(error, UpstreamError):
        return translate(locale, error.code, system=_SYSTEMS[error.system][locale is Locale.EN])
    return translate(locale, error.message_id, **error.parameters)

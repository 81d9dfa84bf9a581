"""What front ends ask before anybody signs in: the rules for passwords, the oldest app that is served."""

from gateway.models import account, app_version
from gateway.schema.fields import described, plain, shows

described(
    account.PasswordRule,
    "What a password must be, or must not be.",
    MIN_LENGTH="At least `minLength` characters.",
    MAX_LENGTH="At most `maxLength` characters.",
    DIGIT="A digit.",
    UPPERCASE="An upper-case letter.",
    SPECIAL_CHARACTER="A special character.",
    TOO_COMMON="Not one that many people use.",
    CONTAINS_PERSONAL_DATA="Not holding the account label, a name of the lease holder or the landlord's name.",
    SAME_AS_CURRENT="Not the current one.",
)
described(app_version.Platform, "What the app runs on.", ANDROID="Android.", IOS="iOS.")


@shows(account.PasswordRuleInfo, "A rule for passwords.")
class PasswordRuleInfo:
    """A rule."""

    rule: account.PasswordRule = plain("The rule, as violations name it.")
    label: str = plain("The rule as people read it, in their language.")


@shows(account.PasswordPolicy, "The rules for passwords, for showing beside the field.")
class PasswordPolicy:
    """The rules."""

    min_length: int = plain("Fewest characters.")
    max_length: int = plain("Most characters.")
    rules: list[PasswordRuleInfo] = plain("All rules.", size=8)


@shows(app_version.AppVersion, "The oldest app that is still served.")
class AppVersion:
    """A version."""

    minimum: str = plain("Dotted numbers, `3.10.0`. Older apps are answered CLIENT_OUTDATED.")
    store_url: str = plain("Where a newer one is.")

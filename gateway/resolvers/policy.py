"""What front ends ask before anybody signs in: the rules for passwords, the oldest app that is served."""

from gateway.accounts.app_versions import minimum_version
from gateway.accounts.password_policy import MAX_LENGTH, MIN_LENGTH
from gateway.accounts.wording import describe_rule
from gateway.context import Context
from gateway.models.account import PasswordPolicy, PasswordRule, PasswordRuleInfo
from gateway.models.app_version import AppVersion, Platform


def resolve_password_policy(context: Context, _: object) -> PasswordPolicy:
    """The landlord's rules, in the caller's language."""
    rules = tuple(PasswordRuleInfo(rule, describe_rule(rule, context.locale)) for rule in PasswordRule)
    return PasswordPolicy(MIN_LENGTH, MAX_LENGTH, rules)


def resolve_minimum_app_version(context: Context, _: object, platform: Platform) -> AppVersion:
    """The oldest app that is still served."""
    return minimum_version(context.services.settings, platform)

"""Settings are documented where people look for them."""

from pathlib import Path

import pytest

from gateway.settings import Settings

README = Path("README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_described_and_in_the_readme(name: str) -> None:
    variable = f"GATEWAY_{name.upper()}"
    described = Settings.model_fields[name].description or name == "environment"
    family = variable.removesuffix("_IOS") + "_ANDROID"  # the table names Android's and says "…_IOS"
    assert described
    assert f"`{variable}`" in README or (variable.endswith("_IOS") and f"`{family}`" in README)

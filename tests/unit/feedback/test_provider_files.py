"""What a provider's file says of itself is all that the rest of the program knows of it."""

import subprocess
import sys
from pathlib import Path

import pytest

from postlude.config import load, table
from postlude.edge import hook
from postlude.feedback import providers
from postlude.feedback.providers import PROVIDERS, Provider

FOLDER = Path(providers.__file__).parent
BY_NAME = pytest.mark.parametrize("provider", PROVIDERS.values(), ids=PROVIDERS)
SETTINGS_ALONE = (
    "import sys, postlude.config as c; c.load({'POSTLUDE_WEB_PORT': '1'}); print('postlude.feedback' in sys.modules)"
)


def test_every_file_of_the_folder_is_a_provider() -> None:
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__", "base"}
    assert set(PROVIDERS) == files


@BY_NAME
def test_a_provider_says_what_a_person_must_do(provider: Provider) -> None:
    assert provider.title
    assert provider.key
    assert provider.setup


@BY_NAME
def test_its_key_is_a_setting_unless_it_has_a_certificate(provider: Provider) -> None:
    assert (f"{provider.name}_key" in table()) is (provider.certificate_url is None)


@pytest.mark.parametrize("provider", [one for one in PROVIDERS.values() if one.setting], ids=lambda one: one.name)
def test_its_key_is_read_from_the_environment(provider: Provider, tmp_path: Path) -> None:
    settings = load({f"POSTLUDE_{provider.setting.upper()}": "the key", "POSTLUDE_DATA": str(tmp_path)})
    assert settings.provider_keys == {provider.name: "the key"}


def test_a_key_that_is_nearly_right_is_named() -> None:
    with pytest.raises(Exception, match="did you mean POSTLUDE_SENDGRID_KEY"):
        load({"POSTLUDE_SENDGRD_KEY": "x"})


def test_the_edge_asks_those_to_call_again_who_give_up_on_a_5xx() -> None:
    assert {"brevo"} == hook._DROPS_ON_5XX


def test_settings_without_a_key_read_no_provider() -> None:
    done = subprocess.run([sys.executable, "-c", SETTINGS_ALONE], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"

"""Settings of delivery: the mail server, the public address, and the variables that a mapping file names."""

import pytest

from app.errors import SettingError
from app.settings import Settings, channel_variables, unknown_settings

SECRET = "hush-4e7d0a55"


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HANDOFF_SMTP_URL", f"mail.acme.example:{SECRET}"),
        ("HANDOFF_SMTP_URL", f"http://user:{SECRET}@mail.acme.example"),
        ("HANDOFF_SMTP_URL", f"smtp://user:{SECRET}@mail.acme.example:port"),
        ("HANDOFF_SMTP_URL", "smtp://"),
        ("HANDOFF_MAIL_FROM", "Ada <ada@acme.example>"),
        ("HANDOFF_MAIL_FROM", "ada"),
        ("HANDOFF_MAIL_FROM", "ada@acme.example\nBcc: x@acme.example"),
        ("HANDOFF_PUBLIC_URL", "handoff.acme.example"),
        ("HANDOFF_PUBLIC_URL", "https://handoff.acme.example/?a=b"),
    ],
)
def test_a_setting_of_delivery_that_makes_no_sense_is_named_and_not_shown(elsewhere, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingError) as raised:
        Settings.load()
    assert raised.value.name == name
    assert raised.value.remedy
    assert SECRET not in str(raised.value)


def test_an_empty_setting_counts_as_not_set(elsewhere, monkeypatch):
    for name in ("HANDOFF_SMTP_URL", "HANDOFF_MAIL_FROM", "HANDOFF_PUBLIC_URL"):
        monkeypatch.setenv(name, " ")
    settings = Settings.load()
    assert (settings.smtp_url, settings.mail_from, settings.public_url) == (None, None, None)


def test_links_begin_with_the_public_address_or_with_where_we_listen(elsewhere, monkeypatch):
    assert Settings(_env_file=None, port=8181).public_address() == "http://127.0.0.1:8181"
    monkeypatch.setenv("HANDOFF_PUBLIC_URL", "https://acme.example/handoff/")
    assert Settings.load().public_address() == "https://acme.example/handoff"


def test_variables_of_channels_come_from_the_environment_before_the_file_and_are_no_misspelt_settings(
    elsewhere, monkeypatch
):
    written = "HANDOFF_CHANNEL_A=https://a.example\nHANDOFF_CHANNEL_B=of the file\nHANDOFF_CHANNEL_C=\nHANDOFF_PORT=1\n"
    (elsewhere / ".env").write_text(written)
    monkeypatch.setenv("HANDOFF_CHANNEL_B", "of the environment")
    assert channel_variables() == {"HANDOFF_CHANNEL_A": "https://a.example", "HANDOFF_CHANNEL_B": "of the environment"}
    assert unknown_settings(["HANDOFF_CHANNEL_B", "HANDOFF_CHANEL_B", "HANDOFF_PORT"]) == ["HANDOFF_CHANEL_B"]

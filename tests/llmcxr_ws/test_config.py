"""Settings of one machine and where its home is."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmcxr_ws import home
from llmcxr_ws.config import MachineConfig, load_config
from llmcxr_ws.errors import ConfigError


@pytest.fixture(autouse=True)
def no_settings_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LLMCXR_HOME", raising=False)
    monkeypatch.setattr(home, "SERVICE_SETTING", tmp_path / "no such setting")


def write(folder: Path, text: str) -> Path:
    (folder / "llmcxr.toml").write_text(text)
    return folder


def test_defaults_and_every_setting_says_what_it_means(tmp_path: Path) -> None:
    config = load_config(tmp_path)
    assert (config.ae_title, config.dicom_port, config.demo) == ("LLMCXR", 11112, False)
    assert all(field.description for field in MachineConfig.model_fields.values())


def test_the_file_and_before_it_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, 'dicom_port = 104\nae_title = "NODE 1"\nlog_json = true')
    assert load_config(tmp_path).dicom_port == 104
    monkeypatch.setenv("LLMCXR_DICOM_PORT", "11113")
    monkeypatch.setenv("LLMCXR_HOME", "/elsewhere")
    config = load_config(tmp_path)
    assert (config.dicom_port, config.ae_title, config.log_json) == (11113, "NODE 1", True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("dicom_prot = 104", r"'dicom_prot' is unknown\. Did you mean 'dicom_port'\?"),
        ("zzzz = 1", r"'zzzz' is unknown\.$"),
        ("dicom_port = 0", "'dicom_port' = 0 was refused"),
        ("dicom_port = 'x'", "'dicom_port' = 'x' was refused"),
        ("lease_s = inf", "'lease_s' = inf was refused"),
        ("lease_s = nan", "'lease_s' = nan was refused"),
        ('ae_title = ""', "'ae_title'"),
        ('ae_title = " NODE"', "'ae_title'"),
        ('ae_title = "A\\\\B"', "'ae_title'"),
        ('ae_title = "12345678901234567"', "'ae_title'"),
        ('log_level = "loud"', "'log_level' = 'loud' was refused"),
        ("dicom_port =", "isn't valid TOML"),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as refused:
        load_config(write(tmp_path, text))
    assert str(tmp_path / "llmcxr.toml") in refused.value.sentence


def test_a_refused_variable_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMCXR_DICOM_PORT", "many")
    with pytest.raises(ConfigError, match="LLMCXR_DICOM_PORT: The setting 'dicom_port' = 'many'"):
        load_config(tmp_path)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "llmcxr.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="isn't valid TOML"):
        load_config(tmp_path)


def test_which_folder_is_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert home.resolve_home().name == "llmcxr"
    setting = tmp_path / "home"
    monkeypatch.setattr(home, "SERVICE_SETTING", setting)
    setting.write_text("/var/lib/llmcxr\n")
    assert home.resolve_home() == Path("/var/lib/llmcxr")
    for wrong in ("", "var/lib"):
        setting.write_text(wrong)
        with pytest.raises(ConfigError, match="isn't an absolute path"):
            home.resolve_home()
    monkeypatch.setenv("LLMCXR_HOME", str(tmp_path / "a" / ".." / "b"))
    assert home.resolve_home() == tmp_path / "b"
    assert home.resolve_home(tmp_path / "c") == tmp_path / "c"


def test_a_home_is_its_owners_alone(tmp_path: Path) -> None:
    home.create_home(tmp_path / "x" / "home")
    assert (tmp_path / "x" / "home").stat().st_mode & 0o077 == 0
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError, match="can't be created"):
        home.create_home(tmp_path / "file" / "home")

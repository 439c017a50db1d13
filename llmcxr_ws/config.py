"""The settings of one machine, each declared once: name, type, default and what it means.

The file ``llmcxr.toml`` in the home holds the ones that differ from their default; an environment variable
``LLMCXR_<NAME>`` goes before the file. Validation, ``llmcxr config show`` and the documentation derive from the
class. Settings of the site (peers, rules, outputs) are not here but in :mod:`llmcxr_ws.site`.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, FiniteFloat, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from llmcxr_ws.errors import ConfigError
from llmcxr_ws.outputs import SECRETS
from llmcxr_ws.patterns import AE_TITLE, ASKED

FILE_NAME = "llmcxr.toml"


class MachineConfig(BaseSettings):
    """Settings of one machine."""

    model_config = SettingsConfigDict(env_prefix="LLMCXR_", extra="forbid", frozen=True)

    database_url: str = Field(
        default="", description="SQLAlchemy URL of the database; empty: SQLite file llmcxr.db in the home."
    )
    objects_dir: str = Field(
        default="", description="Folder of received files and documents; empty: objects in the home."
    )
    ae_title: str = Field(
        default="LLMCXR", max_length=16, pattern=AE_TITLE, description="AE title of the node."
    )
    bind_host: str = Field(
        default="0.0.0.0", description="Address on which the listener accepts associations."
    )
    dicom_port: int = Field(default=11112, ge=1, le=65535, description="Port of the listener.")
    tls_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="Port on which the listener accepts TLS; 0: none; the same as `dicom_port`: TLS only.",
    )
    tls_certificate: str = Field(
        default="",
        description="PEM file of this node's certificate, with those between it and its root; shown to peers in "
        "both directions. A relative path starts in the home.",
    )
    tls_private_key: str = Field(
        default="", description="PEM file of its private key, without a passphrase, mode 0600."
    )
    tls_trusted: str = Field(
        default="",
        description="PEM file, or folder of .pem and .crt files, of the authorities (or single certificates) that "
        "peers' certificates must go back to.",
    )
    tls_client_certificates: bool = Field(
        default=True, description="Whether a peer must show a certificate to be let in by TLS."
    )
    web_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="Port of the STOW-RS server, a process of its own (`llmcxr node web`); 0: there is none.",
    )
    web_host: str = Field(
        default="127.0.0.1",
        description="Address on which it accepts connections; any but loopback needs web_certificate and web_key.",
    )
    web_certificate: str = Field(
        default="",
        description="PEM file of its certificate and the chain behind it; empty: no TLS. A relative path starts in "
        "the home.",
    )
    web_key: str = Field(
        default="",
        description="PEM file of the certificate's key, without a passphrase, mode 0600; empty: it stands in the "
        "certificate's file.",
    )
    web_client_ca: str = Field(
        default="",
        description="PEM file, or folder, of the authorities (or single certificates) that senders' certificates "
        "must go back to; empty: it asks for none.",
    )
    web_requests: int = Field(
        default=8,
        ge=1,
        le=64,
        description="Requests that it works on at a time; what max_associations is for DIMSE.",
    )
    web_instance_mb: int = Field(
        default=512, ge=1, description="Largest instance that it takes, MB; at most max_instance_mb holds."
    )
    web_request_mb: int = Field(default=4096, ge=1, description="Largest request that it takes, MB.")
    max_associations: int = Field(
        default=20,
        ge=1,
        le=1000,
        description="Simultaneous associations the listener accepts; STOW-RS has web_requests.",
    )
    min_free_mb: int = Field(
        default=256,
        ge=1,
        description="Free space of the object store below which nothing is taken, by DIMSE or STOW-RS, MB.",
    )
    max_instance_mb: int = Field(
        default=4000,
        ge=1,
        description="Size above which a received data set is refused (C004H), by DIMSE or STOW-RS, MB.",
    )
    network_timeout_s: FiniteFloat = Field(
        default=30.0,
        gt=0,
        description="Silence after which an association is aborted, or a STOW-RS request ended, seconds.",
    )
    pdu_timeout_s: FiniteFloat = Field(
        default=30.0,
        gt=0,
        description="Time from a received PDU's first byte to its last after which the association is aborted, "
        "seconds. HTTP has no PDUs: STOW-RS holds network_timeout_s and min_rate_kb_s.",
    )
    min_rate_kb_s: int = Field(
        default=1,
        ge=0,
        description="Least rate of a received message, or a STOW-RS request, that takes longer than "
        "network_timeout_s, kB/s; below it the association is aborted, the request ended. 0: any.",
    )
    connect_timeout_s: FiniteFloat = Field(
        default=10.0, gt=0, description="Time allowed to open an association, seconds."
    )
    poll_s: FiniteFloat = Field(
        default=0.2, gt=0, le=10, description="Pause between two looks at the database, seconds."
    )
    lease_s: FiniteFloat = Field(
        default=30.0, ge=2, description="Time after which a silent engine loses its job, seconds."
    )
    retry_s: FiniteFloat = Field(
        default=10.0,
        gt=0,
        description="First pause before a failed delivery is tried again, seconds; doubles each time.",
    )
    retry_max_s: FiniteFloat = Field(
        default=900.0, gt=0, description="Longest pause between two tries of a delivery, seconds."
    )
    delivery_attempts: int = Field(
        default=200, ge=1, description="Tries of one delivery before it is set aside as dead."
    )
    commitment_timeout_s: FiniteFloat = Field(
        default=60.0,
        gt=0,
        description="Wait for a storage commitment result before asking by C-FIND, seconds.",
    )
    bundle: str = Field(
        default="",
        description="The engine's model: a folder, the name of an imported one, or “accepted” for the one that was "
        "accepted last for this site, found by its weights; empty: the demonstration bundle that ships.",
    )
    engine_threads: int = Field(
        default=0, ge=0, description="CPU threads of the engine; 0: one for each core."
    )
    engine_runtime: str = Field(
        default="auto",
        description="Runtime of the engine: auto, onnxruntime, hybrid, torch, tensorrt_rtx or tensorrt.",
    )
    engine_precision: str = Field(
        default="auto",
        description="Precision of the engine: auto, or one that the model was built in (`llmcxr model build`).",
    )
    evidence_budget_s: FiniteFloat = Field(
        default=3.0,
        ge=0,
        description="Longest time for sampling a draft, and for the maps of its sentences, by themselves, seconds; "
        "maps that take longer are made when a reader asks.",
    )
    idle_lock_min: FiniteFloat = Field(
        default=10.0, gt=0, description="Minutes without input after which the window locks."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Lowest level that is logged."
    )
    log_json: bool = Field(default=False, description="Log as JSON lines instead of text.")
    log_file_mb: FiniteFloat = Field(
        default=5.0,
        ge=0,
        description="Size at which a process's log file in the home is turned over, MB; 0: no log files.",
    )
    metrics_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="Port on loopback where the watcher serves /metrics (Prometheus) and /health (JSON); 0: none.",
    )
    audit_messages: Literal["off", "full", "masked"] = Field(
        default="off",
        description="Audit messages (PS3.15 A.5) in the folder audit of the home: with Patient ID and Study Instance "
        "UID as the standard has them, or with hashes instead.",
    )
    audit_syslog: str = Field(
        default="",
        description="HOST or HOST:PORT of the syslog server that gets the audit messages over TLS; empty: none.",
    )
    audit_syslog_ca: str = Field(
        default="",
        description="File of the authorities that vouch for the syslog server; empty: the system's. A relative "
        "path starts in the home, as of the two below.",
    )
    audit_syslog_certificate: str = Field(
        default="", description="File of our certificate for the syslog server, where it asks for one."
    )
    audit_syslog_key: str = Field(default="", description="File of that certificate's private key.")
    demo: bool = Field(default=False, description="A demonstration home: peers must be on loopback.")

    @property
    def wants_watcher(self) -> bool:
        """Whether any setting gives the node's watcher something to do."""
        return bool(self.metrics_port) or self.audit_messages != "off"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment before file."""
        return env_settings, init_settings


def load_config(home: Path) -> MachineConfig:
    """Read the machine's settings.

    Raises
    ------
    ConfigError
        The file isn't TOML, a key is unknown (the nearest one is named), or a value is out of range.
    """
    file = home / FILE_NAME
    values: dict[str, Any] = {}
    if file.is_file():
        try:
            values = tomllib.loads(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(
                f"{file} can't be read: {error.strerror}.", what_to_do="Check its owner and mode."
            ) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{file} isn't valid TOML: {error}.", what_to_do="Correct the file.") from error
    try:
        return MachineConfig(**values)
    except ValidationError as error:
        raise ConfigError(f"{_origin(error, file)}: {explain(error, MachineConfig.model_fields)}") from error


def _origin(error: ValidationError, file: Path) -> str:
    """Where the refused setting stands: the environment goes before the file."""
    variable = f"LLMCXR_{_first(error)['loc'][0]}".upper()
    return variable if variable in os.environ else str(file)


def _first(error: ValidationError) -> Any:
    """The fault to name: a misspelled key is also a missing one, and its spelling is what must be corrected."""
    return min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")


def explain(error: ValidationError, known: Any) -> str:
    """Say in one sentence which key was refused, with its value and the nearest valid name."""
    return explain_one(_first(error), known)


def explain_one(first: Any, known: Any) -> str:
    """Say the same of one fault of several, as pydantic lists them."""
    key = ".".join(str(part) for part in first["loc"]) or "(whole document)"
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(first["loc"][-1]), list(known), n=1)
        return f"The setting '{key}' is unknown." + (f" Did you mean '{near[0]}'?" if near else "")
    if first["type"] == "missing":
        return f"The setting '{key}' is missing."
    if first["type"] == "tuple_type":
        return f"The setting '{key}' = {first.get('input')!r} was refused: write it as [[{key}]]."
    if first["loc"] and first["loc"][-1] in SECRETS:
        return f"The setting '{key}' was refused (its value isn't shown): {_asked(first)}."
    return f"The setting '{key}' = {first.get('input')!r} was refused: {_asked(first)}."


def _asked(fault: Any) -> str:
    """What a setting must be: in our words where it is a pattern, else in those of the library."""
    pattern = fault.get("ctx", {}).get("pattern", "") if fault["type"] == "string_pattern_mismatch" else ""
    return ASKED.get(pattern, str(fault["msg"]))

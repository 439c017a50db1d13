"""The site's configuration: peers, outputs and times, one TOML document kept in the database by version.

One validator for the command line, the window and the node. Which machine does what is not here but in
:mod:`llmcxr_ws.config`.
"""

from __future__ import annotations

import re
import tomllib
from typing import Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, FiniteFloat, ValidationError, field_validator

from llmcxr_ws.config import explain
from llmcxr_ws.deidentification import PROJECT, Option
from llmcxr_ws.errors import ConfigError
from llmcxr_ws.outputs import (
    NAME,
    FhirDestination,
    Hl7Destination,
    OutputRule,
    Part,
    is_loopback,
    plain_url,
)
from llmcxr_ws.patterns import AE_TITLE, FINGERPRINT, WORKITEM_CODE
from llmcxr_ws.retention import RetentionRule
from llmcxr_ws.rules import RoutingRule
from llmcxr_ws.secret_files import ENVIRONMENT_NAME, FILE_NAME
from llmcxr_ws.site_checks import check_site
from llmcxr_ws.wording import mark

__all__ = [
    "AcceptedModel",
    "Destination",
    "FhirDestination",
    "Hl7Destination",
    "OutputRule",
    "Peer",
    "RetentionRule",
    "RoutingRule",
    "SiteConfig",
    "known_settings",
    "parse_site",
    "require_loopback",
]


CLASS_GROUPS: Final = ("films", "images", "reports", "documents")
"""Names that stand for several SOP classes; which ones, the node knows."""


class Peer(Part):
    """A DICOM application entity that we talk to."""

    name: str = Field(
        min_length=1,
        max_length=64,
        pattern=NAME,
        description=mark("Short name in rules and tables."),
    )
    ae_title: str = Field(
        max_length=16, pattern=AE_TITLE, description=mark("Its AE title, as its administrator says it.")
    )
    host: str = Field(min_length=1, description=mark("Host name or address."))
    port: int = Field(
        ge=1, le=65535, description=mark("Its DICOM port; 104 and 11112 are usual, 2762 by TLS.")
    )
    role: Literal["clinical", "research", "test"] = Field(
        default="clinical", description=mark("What the peer is used for.")
    )
    sends: bool = Field(
        default=True, description=mark("Whether it may send films to us, by DIMSE or STOW-RS.")
    )
    from_host: bool = Field(
        default=False,
        description=mark(
            "Whether an association under its AE title, or its STOW-RS request, is taken from its host only."
        ),
    )
    classes: tuple[str, ...] = Field(
        default=(),
        description=mark(
            "What it may send: `films` (CR and DX), `images`, `reports`, `documents` or SOP Class UIDs; "
            "empty: all that the node takes. Others are refused in negotiation, and one by one by STOW-RS."
        ),
    )
    tls: bool = Field(
        default=False,
        description=mark(
            "Whether it is reached by TLS, and let in by TLS only; needs this machine's `tls_` settings. At "
            "STOW-RS it holds too: the server must have web_certificate, a proxy's TLS doesn't count."
        ),
    )
    tls_name: str = Field(
        default="",
        max_length=255,
        description=mark(
            "Name that its certificate must bear; empty: its host when we connect, any when it does. At STOW-RS it "
            "holds too, and needs web_client_ca."
        ),
    )
    tls_fingerprint: str = Field(
        default="",
        pattern=FINGERPRINT,
        description=mark(
            "SHA-256 of its certificate, hexadecimal: exactly this one is accepted, whatever name it bears; by "
            "STOW-RS too. Its DICOMweb services are known by web_ca and the host of their address instead."
        ),
    )
    user: str = Field(
        default="",
        max_length=64,
        description=mark("User name that we give it with an association (PS3.7 D.3.3.7)."),
    )
    password_env: str = Field(
        default="",
        pattern=ENVIRONMENT_NAME,
        description=mark(
            "Name of the node's environment variable that holds the password for it, in capitals."
        ),
    )
    password_key: str = Field(
        default="",
        pattern=FILE_NAME,
        description=mark("Or name of a file in the home's folder `keys` (mode 0600) that holds it."),
    )
    must_give_user: str = Field(
        default="",
        max_length=64,
        description=mark(
            "User name that it must give with an association to us, else it is rejected; at STOW-RS by HTTP Basic, "
            "unless it has web_token_key, which stands in for it."
        ),
    )
    must_give_password_env: str = Field(
        default="",
        pattern=ENVIRONMENT_NAME,
        description=mark(
            "Name of the node's environment variable that holds the password it must give, in capitals."
        ),
    )
    must_give_password_key: str = Field(
        default="",
        pattern=FILE_NAME,
        description=mark(
            "Or name of a file in the home's folder `keys` (mode 0600) that holds it; empty: the name alone counts, "
            "and lets it in by STOW-RS only beside web_client."
        ),
    )
    identity: bool = Field(
        default=False, description=mark("Whether it is asked for the patient's identity before a signature.")
    )
    commitment: Literal["auto", "n-action", "find"] = Field(
        default="auto",
        description=mark("How storage is confirmed: storage commitment, C-FIND, or whichever the peer has."),
    )
    quiet_s: FiniteFloat | None = Field(
        default=None, gt=0, description=mark("Quiet time of its studies, seconds; empty: the site's.")
    )
    patience_s: FiniteFloat | None = Field(
        default=None,
        gt=0,
        description=mark(
            "How long missing images of its studies are waited for, seconds; empty: the site's."
        ),
    )
    tells: tuple[Literal["mpps", "ian"], ...] = Field(
        default=(),
        description=mark(
            "What is believed of it about which images a study has: `mpps` (performed procedure steps), "
            "`ian` (Instance Availability Notifications). What isn't named is refused."
        ),
    )
    count_from: str = Field(
        default="",
        description=mark(
            "Name of the peer that is asked by C-FIND, or QIDO-RS, how many images a study of this one has; "
            "empty: none is."
        ),
    )
    priors: bool = Field(
        default=False,
        description=mark("Whether it is asked for earlier chest films of a new study's patient."),
    )
    prior_years: FiniteFloat = Field(
        default=5.0, gt=0, description=mark("How many years back it is asked for.")
    )
    prior_count: int = Field(
        default=3, ge=1, le=20, description=mark("How many earlier studies are fetched from it at most.")
    )
    retrieve: Literal["auto", "move", "get"] = Field(
        default="auto",
        description=mark(
            "How studies are fetched from it: C-MOVE to this node, C-GET (WADO-RS where it has DICOMweb), or "
            "whichever it has."
        ),
    )
    worklist: bool = Field(
        default=False,
        description=mark("Whether it is asked by Modality Worklist for the order of a new study."),
    )
    max_mb_s: FiniteFloat | None = Field(
        default=None,
        gt=0,
        description=mark(
            "Rate at which it may send to us, MB/s; what is faster waits. Empty: any. All its associations share it; "
            "and apart from them, all its STOW-RS requests."
        ),
    )
    max_associations: int | None = Field(
        default=None,
        ge=1,
        description=mark(
            "Associations it may have with us at once; apart from them, as many STOW-RS requests (more are answered "
            "503). Empty: as many as the node."
        ),
    )
    dicomweb: str = Field(
        default="",
        description=mark(
            "Base URL of its DICOMweb services, such as https://pacs.example.org/dicom-web. Objects are then "
            "sent, asked for and fetched there instead of by AE title."
        ),
    )
    token_env: str = Field(
        default="",
        max_length=128,
        pattern=ENVIRONMENT_NAME,
        description=mark(
            "Name of the courier's environment variable with the bearer token for its DICOMweb services."
        ),
    )
    token_key: str = Field(
        default="",
        max_length=64,
        pattern=FILE_NAME,
        description=mark("Or name of a file in the home's folder `keys` (mode 0600) that holds it."),
    )
    web_ca: str = Field(
        default="",
        max_length=64,
        pattern=FILE_NAME,
        description=mark(
            "File in `keys` (PEM) with the authorities that its DICOMweb server's certificate must come "
            "from; empty: those that the system trusts."
        ),
    )
    workitems: str = Field(
        default="",
        pattern=WORKITEM_CODE,
        description=mark(
            "Code of the workitems that are claimed from its UPS-RS worklist, as VALUE^SCHEME; empty: none."
        ),
    )
    web_token_key: str = Field(
        default="",
        max_length=64,
        pattern=FILE_NAME,
        description=mark(
            "File in `keys` (mode 0600) with the bearer token that it presents to our STOW-RS server."
        ),
    )
    web_client: str = Field(
        default="",
        max_length=253,
        description=mark(
            "Name in the client certificate that it shows there: a DNS name, else the common name."
        ),
    )
    shows: tuple[str, ...] = Field(
        default=(),
        description=mark(
            "Test objects that an administrator saw on its displays (`llmcxr dicom display`), by kind."
        ),
    )

    deidentify: Literal["", "basic"] = Field(
        default="",
        description=mark(
            "`basic`: what goes to it is de-identified by the basic profile of PS3.15 Annex E; "
            'only with role = "research" or "test".'
        ),
    )
    deidentify_options: tuple[Option, ...] = Field(
        default=(), description=mark("Options of the profile; see docs/deidentification.md.")
    )
    project: str = Field(
        default="",
        pattern=PROJECT,
        description=mark("The research project: pseudonyms begin with it, and each project has its own."),
    )

    @field_validator("dicomweb")
    @classmethod
    def _plain_dicomweb(cls, value: str) -> str:
        return plain_url(value) if value else ""

    @field_validator("classes")
    @classmethod
    def _known_classes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            if one not in CLASS_GROUPS and not re.fullmatch(r"[0-9]+(\.[0-9]+)+", one):
                raise ValueError(f"'{one}' is neither a SOP Class UID nor one of {', '.join(CLASS_GROUPS)}")
        return value

    @property
    def where(self) -> str:
        """Its address in words."""
        if self.dicomweb:
            return f"DICOMweb {self.dicomweb}"
        return f"{self.ae_title}@{self.host}:{self.port}" + (" by TLS" if self.tls else "")


Destination = Peer | Hl7Destination | FhirDestination


class AcceptedModel(Part):
    """A model that an administrator has accepted for this site, by its weights; written by the node."""

    weights_sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="Hash of the model's weights.")
    name: str = Field(min_length=1, max_length=64, description="The model's name.")
    version: str = Field(default="", max_length=64, description="Its version.")
    accepted_by: str = Field(min_length=1, description="The administrator who accepted it.")
    accepted_at: str = Field(min_length=1, description="When, as ISO 8601 in UTC.")
    reason: str = Field(min_length=1, description="Why, in the administrator's words.")


class SiteConfig(Part):
    """The whole document."""

    name: str = Field(default="Unnamed site", description="Name of the site.")
    institution: str = Field(
        default="", description="Institution name in documents when the film carries none."
    )
    quiet_s: FiniteFloat = Field(
        default=30.0, gt=0, description="Seconds without a new image after which a study is complete."
    )
    patience_s: FiniteFloat = Field(
        default=600.0,
        gt=0,
        description="Seconds without a new image after which a study is gone on with although images are missing.",
    )
    early_draft: bool = Field(
        default=False,
        description="Whether the first frontal film is drafted while more images are expected; the draft is "
        "renewed when they came.",
    )
    reader_first: bool = Field(
        default=False,
        description="Whether a reader writes an own impression before the draft is shown; both are kept.",
    )
    peers: tuple[Peer, ...] = Field(default=(), alias="peer", description="The peers.")
    hl7: tuple[Hl7Destination, ...] = Field(default=(), description="Receivers of HL7 v2 messages.")
    fhir: tuple[FhirDestination, ...] = Field(default=(), description="FHIR servers.")
    outputs: tuple[OutputRule, ...] = Field(default=(), alias="output", description="The output matrix.")
    rules: tuple[RoutingRule, ...] = Field(
        default=(), alias="rule", description="The routing rules, in the order in which they are asked."
    )
    accepted_models: tuple[AcceptedModel, ...] = Field(
        default=(),
        alias="accepted_model",
        description="Models accepted for this site; empty: any, with a hint in the window.",
    )

    retention: tuple[RetentionRule, ...] = Field(
        default=(), description="What is purged, and when; without a rule nothing is."
    )
    purge_below_gb: FiniteFloat = Field(
        default=0.0,
        ge=0,
        description=mark(
            "With less free space than this, rules with `at_least_days` purge earlier; 0: never."
        ),
    )

    @property
    def send_drafts(self) -> bool:
        """Whether any destination gets something of unreviewed drafts."""
        return any(rule.moment == "draft" for rule in self.outputs)

    @property
    def destinations(self) -> tuple[Destination, ...]:
        """Everything that an output rule can name: peers, HL7 and FHIR destinations."""
        return (*self.peers, *self.hl7, *self.fhir)

    def destination(self, name: str) -> Destination | None:
        """The destination of that name, if it is configured."""
        return next((one for one in self.destinations if one.name == name), None)

    def peer(self, name: str) -> Peer:
        """The peer of that name.

        Raises
        ------
        ConfigError
            No peer bears it.
        """
        for peer in self.peers:
            if peer.name == name:
                return peer
        raise ConfigError(
            f"There is no peer '{name}'.",
            what_to_do=f"Configured are: {', '.join(p.name for p in self.peers) or 'none'}.",
        )

    def waits_of(self, name: str) -> tuple[float, float]:
        """Quiet time and patience for studies from a peer, seconds; the site's for one that isn't configured."""
        peer = next((peer for peer in self.peers if peer.name == name), None)
        quiet_s = peer.quiet_s if peer is not None and peer.quiet_s is not None else self.quiet_s
        patient_s = peer.patience_s if peer is not None and peer.patience_s is not None else self.patience_s
        return quiet_s, patient_s

    def peer_of(self, ae_title: str) -> Peer | None:
        """The peer that bears this AE title."""
        return next((peer for peer in self.peers if peer.ae_title == ae_title.strip()), None)

    def accepts_model(self, weights_sha256: str) -> bool:
        """Whether the model of these weights was accepted; without a list every one is."""
        listed = [model.weights_sha256 for model in self.accepted_models]
        return not listed or weights_sha256 in listed

    @property
    def promoted_model(self) -> AcceptedModel | None:
        """The model that was accepted last, which an engine with ``bundle = "accepted"`` takes at its start."""
        return max(reversed(self.accepted_models), key=lambda model: model.accepted_at, default=None)

    def identity_peer(self) -> Peer | None:
        """The peer that is asked for patient identities."""
        return next((peer for peer in self.peers if peer.identity), None)


def parse_site(text: str, *, demo: bool = False) -> SiteConfig:
    """Read and check a site document.

    Parameters
    ----------
    text : str
        TOML with ``[[peer]]`` and ``[[output]]`` tables.
    demo : bool
        Refuse peers that aren't on loopback.

    Raises
    ------
    ConfigError
        Names the key, the value and, where there is one, the nearest valid name.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"The site document isn't valid TOML: {error}.", what_to_do="Correct it."
        ) from error
    try:
        site = SiteConfig(**values)
    except ValidationError as error:
        raise ConfigError(f"Site document: {explain(error, known_settings())}") from error
    check_site(site)
    if demo:
        for table, listed in _tables(site):
            for at, destination in enumerate(listed):
                require_loopback(destination, (table, at))
    return site


def known_settings() -> list[str]:
    """Every name that may stand in a site document."""
    parts = (Peer, RetentionRule, OutputRule, RoutingRule, Hl7Destination, FhirDestination, AcceptedModel)
    own = [field.alias or name for name, field in SiteConfig.model_fields.items()]
    return own + [name for part in parts for name in part.model_fields]


def require_loopback(peer: Destination, at: tuple[str | int, ...] = ()) -> None:
    """Refuse a destination that isn't on this machine; a demonstration talks to nobody else.

    Parameters
    ----------
    at : tuple
        Where it stands in the site document, ("peer", 0) say; empty where it doesn't.
    """
    hosts = {"base_url" if isinstance(peer, FhirDestination) else "host": peer.host}
    if isinstance(peer, Peer) and peer.dicomweb:
        hosts["dicomweb"] = urlsplit(peer.dicomweb).hostname or ""
    what = "Peer" if isinstance(peer, Peer) else "Destination"
    for field, host in hosts.items():
        if not is_loopback(host):
            raise ConfigError(
                f"{what} '{peer.name}' at {host} was refused: a demonstration home talks to loopback only.",
                what_to_do="Use 127.0.0.1, or set up a home of its own for a real site.",
                place=(*at, field) if at else (),
            )


def _tables(site: SiteConfig) -> tuple[tuple[str, tuple[Destination, ...]], ...]:
    """Every kind of destination by the name of its table."""
    return (("peer", site.peers), ("hl7", site.hl7), ("fhir", site.fhir))

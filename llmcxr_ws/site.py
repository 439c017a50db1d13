"""The site's configuration: peers, outputs and times, one TOML document kept in the database by version.

One validator for the command line, the window and the node. Which machine does what is not here but in
:mod:`llmcxr_ws.config`.
"""

from __future__ import annotations

import tomllib
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, FiniteFloat, ValidationError, field_validator

from llmcxr_ws.config import AE_TITLE, explain
from llmcxr_ws.errors import ConfigError
from llmcxr_ws.films import LIFTABLE
from llmcxr_ws.outputs import (
    KEY_FILE,
    KINDS,
    NAME,
    VARIABLE,
    FhirDestination,
    Hl7Destination,
    OutputRule,
    Part,
    Way,
    check_rule,
    check_token,
    is_loopback,
    plain_url,
)

__all__ = [
    "AcceptedModel",
    "Destination",
    "FhirDestination",
    "Hl7Destination",
    "OutputRule",
    "Peer",
    "RoutingRule",
    "SiteConfig",
    "known_settings",
    "parse_site",
    "require_loopback",
]


class Peer(Part):
    """A DICOM application entity that we talk to."""

    name: str = Field(
        min_length=1,
        max_length=64,
        pattern=NAME,
        description="Short name in rules and tables.",
    )
    ae_title: str = Field(max_length=16, pattern=AE_TITLE, description="Its AE title.")
    host: str = Field(min_length=1, description="Host name or address.")
    port: int = Field(ge=1, le=65535, description="DICOM port.")
    role: Literal["clinical", "research", "test"] = Field(
        default="clinical", description="What the peer is used for."
    )
    sends: bool = Field(default=True, description="Whether it may send films to us.")
    from_host: bool = Field(
        default=False, description="Whether an association under its AE title is accepted from its host only."
    )
    identity: bool = Field(
        default=False, description="Whether it is asked for the patient's identity before a signature."
    )
    commitment: Literal["auto", "n-action", "find"] = Field(
        default="auto",
        description="How storage is confirmed: storage commitment, C-FIND, or whichever the peer has.",
    )
    quiet_s: FiniteFloat | None = Field(
        default=None, gt=0, description="Quiet time of its studies, seconds; empty: the site's."
    )
    dicomweb: str = Field(
        default="",
        description="Base URL of its DICOMweb services, such as https://pacs.example.org/dicom-web. Objects are then "
        "sent, asked for and fetched there instead of by AE title.",
    )
    token_env: str = Field(
        default="",
        max_length=128,
        pattern=VARIABLE,
        description="Name of the courier's environment variable with the bearer token for its DICOMweb services.",
    )
    token_key: str = Field(
        default="",
        max_length=64,
        pattern=KEY_FILE,
        description="Or name of a file in the home's folder `keys` (mode 0600) that holds it.",
    )
    web_ca: str = Field(
        default="",
        max_length=64,
        pattern=KEY_FILE,
        description="File in `keys` (PEM) with the authorities that its DICOMweb server's certificate must come "
        "from; empty: those that the system trusts.",
    )
    workitems: str = Field(
        default="",
        pattern=r"^[^\^]{1,16}\^[^\^]{1,16}$|^$",
        description="Code of the workitems that are claimed from its UPS-RS worklist, as VALUE^SCHEME; empty: none.",
    )
    web_token_key: str = Field(
        default="",
        max_length=64,
        pattern=KEY_FILE,
        description="File in `keys` (mode 0600) with the bearer token that it presents to our STOW-RS server.",
    )
    web_client: str = Field(
        default="",
        max_length=253,
        description="Name in the client certificate that it shows there: a DNS name, else the common name.",
    )
    shows: tuple[str, ...] = Field(
        default=(),
        description="Test objects that an administrator saw on its displays (`llmcxr dicom display`), by kind.",
    )

    @field_validator("dicomweb")
    @classmethod
    def _plain_dicomweb(cls, value: str) -> str:
        return plain_url(value) if value else ""

    @property
    def where(self) -> str:
        """Its address in words."""
        return f"DICOMweb {self.dicomweb}" if self.dicomweb else f"{self.ae_title}@{self.host}:{self.port}"


Destination = Peer | Hl7Destination | FhirDestination


class RoutingRule(Part):
    """What becomes of films that fit; the first rule that fits a film decides. An empty condition fits every film."""

    name: str = Field(min_length=1, max_length=64, description="What it is called in the reason of a study.")
    source: str = Field(default="", description="Name of the peer that sent the film.")
    view: Literal["", "PA", "AP", "frontal", "lateral", "oblique", "unknown"] = Field(
        default="", description="The film's view, as read from its header."
    )
    station: str = Field(
        default="", max_length=64, description="Its Station Name (0008,1010); `*` stands for any letters."
    )
    institution: str = Field(
        default="", max_length=64, description="Its Institution Name (0008,0080); `*` stands for any letters."
    )
    device: str = Field(
        default="",
        max_length=128,
        description="Manufacturer and model (0008,0070) (0008,1090), a space between; `*` stands for any letters.",
    )
    then: Literal["skip", "draft"] = Field(
        default="skip", description="Whether such a film gets no draft, or is drafted."
    )
    lifts: tuple[str, ...] = Field(
        default=(), description='Codes of fixed exclusions that don\'t count for it (with `then = "draft"`).'
    )


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
    _check_names(site)
    for server in site.fhir:
        what = f"FHIR destination '{server.name}'"
        check_token(what, server.base_url, server.token_env, server.token_key)
    _check_web(site)
    _check_rules(site)
    _check_routing(site)
    if demo:
        for destination in site.destinations:
            require_loopback(destination)
    return site


def known_settings() -> list[str]:
    """Every name that may stand in a site document."""
    parts = (Peer, OutputRule, RoutingRule, Hl7Destination, FhirDestination, AcceptedModel)
    own = [field.alias or name for name, field in SiteConfig.model_fields.items()]
    return own + [name for part in parts for name in part.model_fields]


def require_loopback(peer: Destination) -> None:
    """Refuse a destination that isn't on this machine; a demonstration talks to nobody else."""
    web_host = urlsplit(peer.dicomweb).hostname if isinstance(peer, Peer) else None
    for host in filter(None, (peer.host, web_host)):
        if not is_loopback(host):
            raise ConfigError(
                f"Peer '{peer.name}' at {host} was refused: a demonstration home talks to loopback only.",
                what_to_do="Use 127.0.0.1, or set up a home of its own for a real site.",
            )


def _check_names(site: SiteConfig) -> None:
    for attribute in ("name", "ae_title"):
        seen: set[str] = set()
        for peer in site.peers:
            value = getattr(peer, attribute)
            if value in seen:
                raise ConfigError(
                    f"Two peers have the {attribute} '{value}'.", what_to_do="Give each its own."
                )
            seen.add(value)
    if sum(peer.identity for peer in site.peers) > 1:
        raise ConfigError("More than one peer has identity = true.", what_to_do="Leave it on one.")


def _check_web(site: SiteConfig) -> None:
    """Refuse what makes no sense of a peer's DICOMweb services, and two peers that couldn't be told apart."""
    for peer in site.peers:
        check_token(f"Peer '{peer.name}'", peer.dicomweb, peer.token_env, peer.token_key)
        if not peer.dicomweb and (peer.token_env or peer.token_key or peer.web_ca or peer.workitems):
            raise ConfigError(
                f"Peer '{peer.name}' has a token, authorities or workitems, but no DICOMweb services for them.",
                what_to_do="Give dicomweb, or leave them out.",
            )
    shown: set[tuple[str, str]] = set()
    for peer in site.peers:
        pair = (peer.web_token_key, peer.web_client)
        if any(pair) and pair in shown:
            raise ConfigError(
                f"Peer '{peer.name}' shows the same token and certificate to our STOW-RS server as another one.",
                what_to_do="Give each its own.",
            )
        shown.add(pair)


def _check_rules(site: SiteConfig) -> None:
    ways: dict[str, tuple[Way, str]] = {peer.name: ("dicom", peer.role) for peer in site.peers}
    for name, way in [*((one.name, "hl7") for one in site.hl7), *((one.name, "fhir") for one in site.fhir)]:
        if name in ways:
            raise ConfigError(f"Two destinations have the name '{name}'.", what_to_do="Give each its own.")
        ways[name] = ("hl7" if way == "hl7" else "fhir", "")
    rules: set[tuple[str, str, str]] = set()
    moments: dict[str, str] = {}
    for rule in site.outputs:
        if rule.to not in ways:
            raise ConfigError(
                f"There is no peer '{rule.to}', and no HL7 or FHIR destination of that name.",
                what_to_do=f"Configured are: {', '.join(ways) or 'none'}.",
            )
        check_rule(rule, *ways[rule.to])
        if (rule.document, rule.to, rule.moment) in rules:
            raise ConfigError(
                f"Two output rules send '{rule.document}' to '{rule.to}'.", what_to_do="Leave one of them."
            )
        rules.add((rule.document, rule.to, rule.moment))
        if KINDS[rule.document].of_draft and moments.setdefault(rule.document, rule.moment) != rule.moment:
            raise ConfigError(
                f"The output rules send '{rule.document}' at two moments, and it is the same at both.",
                what_to_do="Leave one when.",
            )


def _check_routing(site: SiteConfig) -> None:
    names: set[str] = set()
    for rule in site.rules:
        if rule.source:
            site.peer(rule.source)
        if rule.name in names:
            raise ConfigError(
                f"Two routing rules are called '{rule.name}'.", what_to_do="Give each its own name."
            )
        names.add(rule.name)
        if rule.lifts and rule.then == "skip":
            raise ConfigError(
                f"The routing rule '{rule.name}' skips films and lifts exclusions.",
                what_to_do="Leave one of both.",
            )
        for code in rule.lifts:
            if code not in LIFTABLE:
                raise ConfigError(
                    f"The routing rule '{rule.name}' lifts '{code}', which no rule can.",
                    what_to_do=f"It can lift: {', '.join(LIFTABLE)}.",
                )

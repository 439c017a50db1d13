"""What speaks against a site document as a whole: names, access, DICOMweb, output rules, de-identification.

Each sentence names the place of the setting that has to change, so that a form can say it there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from llmcxr_ws.deidentification import NEEDS, NEVER, check_options
from llmcxr_ws.errors import ConfigError
from llmcxr_ws.outputs import KINDS, OutputRule, Way, check_rule, check_token, is_loopback
from llmcxr_ws.retention import check_retention
from llmcxr_ws.rules import check_rules

if TYPE_CHECKING:
    from llmcxr_ws.site import Peer, SiteConfig


def check_site(site: SiteConfig) -> None:
    """Refuse settings that contradict each other.

    Raises
    ------
    ConfigError
        The first that does, with its place.
    """
    _check_names(site)
    for at, peer in enumerate(site.peers):
        _check_access(peer, at)
    for at, server in enumerate(site.fhir):
        what = f"FHIR destination '{server.name}'"
        check_token(what, server.base_url, server.token_env, server.token_key, ("fhir", at))
    _check_web(site)
    _check_rules(site)
    check_rules(site.rules, {peer.name: bool(peer.deidentify) for peer in site.peers})
    _check_deidentification(site)
    check_retention(site.retention)


def _check_names(site: SiteConfig) -> None:
    for attribute in ("name", "ae_title"):
        seen: set[str] = set()
        for at, peer in enumerate(site.peers):
            value = getattr(peer, attribute)
            if value in seen:
                raise ConfigError(
                    f"Two peers have the {attribute} '{value}'.",
                    what_to_do="Give each its own.",
                    place=("peer", at, attribute),
                )
            seen.add(value)
    asked = [at for at, peer in enumerate(site.peers) if peer.identity]
    if len(asked) > 1:
        raise ConfigError(
            "More than one peer has identity = true.",
            what_to_do="Leave it on one.",
            place=("peer", asked[-1], "identity"),
        )
    for at, peer in enumerate(site.peers):
        if peer.count_from and peer.count_from not in {one.name for one in site.peers}:
            raise ConfigError(
                f"There is no peer '{peer.count_from}'.",
                what_to_do=f"Configured are: {', '.join(one.name for one in site.peers)}.",
                place=("peer", at, "count_from"),
            )
        if peer.priors and peer.retrieve == "move" and not peer.sends:
            raise ConfigError(
                f"Peer '{peer.name}' is asked for priors by C-MOVE and may not send.",
                what_to_do="Write sends = true, or retrieve = 'get'.",
                place=("peer", at, "retrieve"),
            )


def _check_access(peer: Peer, at: int) -> None:
    """Refuse passwords without a name, named twice, or that would travel in clear."""
    for user, passwords in (
        ("user", ("password_env", "password_key")),
        ("must_give_user", ("must_give_password_env", "must_give_password_key")),
    ):
        named = [name for name in passwords if getattr(peer, name)]
        if len(named) > 1:
            raise ConfigError(
                f"Peer '{peer.name}' names one password twice.",
                what_to_do=f"Leave {' or '.join(named)}.",
                place=("peer", at, named[-1]),
            )
        if named and not getattr(peer, user):
            raise ConfigError(
                f"Peer '{peer.name}' has {named[0]} and no {user}.",
                what_to_do=f"Add {user}, or leave it out.",
                place=("peer", at, user),
            )
        if named and not peer.tls and not is_loopback(peer.host):
            raise ConfigError(
                f"Peer '{peer.name}' was refused: its password would travel in clear.",
                what_to_do="Add tls = true.",
                place=("peer", at, named[0]),
            )
    if not peer.tls and (peer.tls_name or peer.tls_fingerprint):
        raise ConfigError(
            f"Peer '{peer.name}' has a certificate to be checked and no tls = true.",
            what_to_do="Add it.",
            place=("peer", at, "tls_fingerprint" if peer.tls_fingerprint else "tls_name"),
        )


def _check_web(site: SiteConfig) -> None:
    """Refuse what makes no sense of a peer's DICOMweb services, and two peers that couldn't be told apart."""
    for at, peer in enumerate(site.peers):
        what = f"Peer '{peer.name}'"
        check_token(what, peer.dicomweb, peer.token_env, peer.token_key, ("peer", at), "dicomweb")
        if not peer.dicomweb and (peer.token_env or peer.token_key or peer.web_ca or peer.workitems):
            raise ConfigError(
                f"Peer '{peer.name}' has a token, authorities or workitems, but no DICOMweb services for them.",
                what_to_do="Give dicomweb, or leave them out.",
                place=("peer", at, "dicomweb"),
            )
    shown: set[tuple[str, str]] = set()
    for at, peer in enumerate(site.peers):
        pair = (peer.web_token_key, peer.web_client)
        if any(pair) and pair in shown:
            raise ConfigError(
                f"Peer '{peer.name}' shows the same token and certificate to our STOW-RS server as another one.",
                what_to_do="Give each its own.",
                place=("peer", at, "web_token_key" if peer.web_token_key else "web_client"),
            )
        shown.add(pair)


def _check_rules(site: SiteConfig) -> None:
    ways: dict[str, tuple[Way, str]] = {peer.name: ("dicom", peer.role) for peer in site.peers}
    others: list[tuple[Way, int, str]] = [("hl7", at, one.name) for at, one in enumerate(site.hl7)]
    others += [("fhir", at, one.name) for at, one in enumerate(site.fhir)]
    for way, at, name in others:
        if name in ways:
            raise ConfigError(
                f"Two destinations have the name '{name}'.",
                what_to_do="Give each its own.",
                place=(way, at, "name"),
            )
        ways[name] = (way, "")
    rules: set[tuple[str, str, str]] = set()
    moments: dict[str, str] = {}
    for at, rule in enumerate(site.outputs):
        if rule.to not in ways:
            raise ConfigError(
                f"There is no peer '{rule.to}', and no HL7 or FHIR destination of that name.",
                what_to_do=f"Configured are: {', '.join(ways) or 'none'}.",
                place=("output", at, "to"),
            )
        with _at("output", at):
            check_rule(rule, *ways[rule.to])
        if (rule.document, rule.to, rule.moment) in rules:
            raise ConfigError(
                f"Two output rules send '{rule.document}' to '{rule.to}'.",
                what_to_do="Leave one of them.",
                place=("output", at),
            )
        rules.add((rule.document, rule.to, rule.moment))
        if KINDS[rule.document].of_draft and moments.setdefault(rule.document, rule.moment) != rule.moment:
            raise ConfigError(
                f"The output rules send '{rule.document}' at two moments, and it is the same at both.",
                what_to_do="Leave one when.",
                place=("output", at, "when"),
            )


def _check_deidentification(site: SiteConfig) -> None:
    projects: dict[str, Peer] = {}
    for at, peer in enumerate(site.peers):
        whose = f"Peer '{peer.name}'"
        if not peer.deidentify:
            if peer.deidentify_options:
                raise ConfigError(
                    f"{whose} has options of de-identification, and nothing is de-identified for it.",
                    what_to_do="Add deidentify = 'basic', or leave them out.",
                    place=("peer", at, "deidentify"),
                )
            continue
        if peer.role == "clinical":
            raise ConfigError(
                f"{whose} is clinical: what is sent there must say whose it is.",
                what_to_do="Leave deidentify out, or give it role = 'research'.",
                place=("peer", at, "deidentify"),
            )
        if not peer.project:
            raise ConfigError(
                f"{whose} is de-identified for no project.",
                what_to_do="Add project = '…'.",
                place=("peer", at, "project"),
            )
        check_options(peer.deidentify_options, whose, ("peer", at, "deidentify_options"))
        first = projects.setdefault(peer.project.upper(), peer)
        if set(first.deidentify_options) != set(peer.deidentify_options) or first.project != peer.project:
            raise ConfigError(
                f"The peers '{first.name}' and '{peer.name}' are of one project and differ in their options.",
                what_to_do="Give both the same, or each its own project.",
                place=("peer", at, "project"),
            )
    recipients = {peer.name: peer for peer in site.peers if peer.deidentify}
    for at, rule in enumerate(site.outputs):
        if rule.to in recipients:
            with _at("output", at):
                _check_deidentified_rule(rule, recipients[rule.to])


@contextmanager
def _at(*place: str | int) -> Iterator[None]:
    """What is refused inside stands here, where it doesn't say so itself."""
    try:
        yield
    except ConfigError as error:
        error.place = error.place or place
        raise


def _check_deidentified_rule(rule: OutputRule, to: Peer) -> None:
    if rule.document in NEVER:
        raise ConfigError(
            f"The output rule that sends '{rule.document}' to '{rule.to}' was refused: {NEVER[rule.document]}.",
            what_to_do="Send another document to a peer with deidentify.",
        )
    needed = NEEDS.get(rule.document)
    if needed and needed not in to.deidentify_options:
        raise ConfigError(
            f"The output rule that sends '{rule.document}' to '{rule.to}' was refused: without the option "
            f"'{needed}' nothing is left of its content.",
            what_to_do=f"Add '{needed}' to the peer's deidentify_options.",
        )

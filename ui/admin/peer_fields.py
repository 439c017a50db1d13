"""The fields of a peer's form in their groups; what each is and allows stands in :class:`llmcxr_ws.site.Peer`."""

from __future__ import annotations

from functools import partial
from typing import Final

from llmcxr_ws.site import Peer
from ui.admin.controls import Group
from ui.admin.declared import declared
from ui.language import mark

_of = partial(declared, Peer)

LEFT_TO: Final = {"shows": "Displays…"}
"""Settings that stand in no form, and who writes them."""

_ROLES = {"clinical": mark("patients' care"), "research": mark("research"), "test": mark("tests")}
_COMMITMENT = {
    "auto": mark("whichever it has"),
    "n-action": mark("storage commitment"),
    "find": mark("a query"),
}
_WAYS = {
    "auto": mark("whichever it has"),
    "move": mark("C-MOVE to this node"),
    "get": mark("C-GET or WADO-RS"),
}
_CLASSES = {
    "films": mark("films"),
    "images": mark("images"),
    "reports": mark("reports"),
    "documents": mark("documents"),
}
_TELLS = {"mpps": mark("procedure steps (MPPS)"), "ian": mark("availability of instances (IAN)")}
_PROFILES = {"": mark("not at all"), "basic": mark("basic profile")}

OPTIONS: Final = {
    "clean_graphics": mark("clean graphics"),
    "clean_structured_content": mark("clean structured content"),
    "clean_descriptors": mark("clean descriptors"),
    "retain_full_dates": mark("retain full dates"),
    "retain_modified_dates": mark("retain modified dates"),
    "retain_patient_characteristics": mark("retain patient characteristics"),
    "retain_device_identity": mark("retain device identity"),
    "retain_institution_identity": mark("retain institution identity"),
    "retain_uids": mark("retain UIDs"),
    "retain_safe_private": mark("retain safe private elements"),
}
"""Options of PS3.15 table E.1-1, shorter than their code meanings."""

GROUPS: Final = (
    Group(
        mark("Connection"),
        (
            _of("name", mark("Name")),
            _of(
                "ae_title", mark("AE title"), hint=mark("As its administrator says it, at most 16 characters")
            ),
            _of("host", mark("Host")),
            _of("port", mark("Port"), hint="104"),
            _of("role", mark("Used for"), words=_ROLES),
        ),
        is_open=True,
    ),
    Group(
        mark("Receiving from it"),
        (
            _of("sends", mark("May send films to us")),
            _of(
                "classes",
                mark("What it may send"),
                words=_CLASSES,
                others=mark("SOP Class UIDs, comma between"),
            ),
            _of("tells", mark("What it tells"), words=_TELLS),
            _of("quiet_s", mark("Quiet time"), hint=mark("Seconds; empty: the site's")),
            _of("patience_s", mark("Patience"), hint=mark("Seconds; empty: the site's")),
            _of("count_from", mark("Counted by"), hint=mark("Name of a peer")),
        ),
    ),
    Group(
        mark("Sending to it"),
        (
            _of("commitment", mark("Storage confirmed by"), words=_COMMITMENT),
            _of("identity", mark("Is asked who the patient is")),
        ),
    ),
    Group(
        mark("Priors and orders"),
        (
            _of("priors", mark("Is asked for earlier films")),
            _of("prior_years", mark("Years back")),
            _of("prior_count", mark("Studies at most")),
            _of("retrieve", mark("Fetched by"), words=_WAYS),
            _of("worklist", mark("Is asked for orders")),
        ),
    ),
    Group(
        mark("Limits"),
        (
            _of("max_mb_s", mark("Rate, MB/s")),
            _of("max_associations", mark("Associations at once")),
        ),
    ),
    Group(
        mark("Security"),
        (
            _of("from_host", mark("Accepted from its host only")),
            _of("tls", mark("By TLS only")),
            _of("tls_name", mark("Name in its certificate")),
            _of("tls_fingerprint", mark("Fingerprint of its certificate")),
            _of("user", mark("User name that we give")),
            _of("password_env", mark("Password in the variable")),
            _of("password_key", mark("Or in the file (keys/)")),
            _of("must_give_user", mark("User name that it must give")),
            _of("must_give_password_env", mark("Its password in the variable")),
            _of("must_give_password_key", mark("Or in the file (keys/)")),
        ),
    ),
    Group(
        mark("DICOMweb"),
        (
            _of("dicomweb", mark("Base URL"), hint=mark("empty: by AE title")),
            _of("token_env", mark("Token in the variable")),
            _of("token_key", mark("Or in the file (keys/)")),
            _of("web_ca", mark("Authorities in the file (keys/)")),
            _of("workitems", mark("Workitems that are claimed")),
            _of("web_token_key", mark("Its token, in the file (keys/)")),
            _of("web_client", mark("Name in its client certificate")),
        ),
    ),
    Group(
        mark("De-identification"),
        (
            _of("deidentify", mark("De-identified"), words=_PROFILES),
            _of("project", mark("Research project")),
            _of(
                "deidentify_options",
                mark("Options of the profile"),
                words=OPTIONS,
            ),
        ),
    ),
)

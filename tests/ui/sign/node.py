"""What the node makes of a window's requests, without the network: it decides as the courier does."""

from __future__ import annotations

from llmcxr_ws.domain import RequestRow
from llmcxr_ws.site import SiteConfig, parse_site
from llmcxr_ws.store import requests, retracting, signing
from llmcxr_ws.store.administration import apply_request
from llmcxr_ws.uids import derived_uid
from tests.ui.homes import House

SITE = parse_site("")


def document_facts(number: int, kind: str) -> dict[str, str]:
    """The bytes' facts, as if they had been built."""
    return {
        "sop_class_uid": "1.2.840.10008.5.1.4.1.1.88.22",
        "sop_instance_uid": derived_uid("document", kind, str(number)),
        "series_instance_uid": derived_uid("document series", kind, str(number)),
        "path": f"documents/{kind}-{number}.dcm",
        "sha256": "0" * 64,
    }


def decide(home: House, site: SiteConfig = SITE) -> list[RequestRow]:
    """Decide every waiting request; give them as decided."""
    db, key = home.workplace.db, home.workplace.service_key()
    waiting = requests.waiting_requests(db)
    for request in waiting:
        if request.kind == "sign":
            order = signing.verify_sign_request(db, request, key)
            assert order is not None
            assert signing.complete(db, order, key, site, document_facts(order.report.id, order.report.kind))
        elif request.kind == "retract":
            retraction = retracting.verify(db, request, key)
            assert retraction is not None
            assert retracting.complete(db, retraction, key)
        else:
            apply_request(db, request, key)
    return [requests.request_by_id(db, request.id) for request in waiting]

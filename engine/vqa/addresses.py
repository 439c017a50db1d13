"""Where reports may be sent: this machine and private networks, unless the user allows more.

Resolves the name once and gives the address to connect to, so that a name can't point elsewhere later.
"""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from engine.errors import SynthesisError

_PRIVATE = tuple(
    ipaddress.ip_network(network)
    for network in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
)


@dataclass(frozen=True)
class Destination:
    """A checked server: `base` is the address to connect to, `host` the name that stands in the requests."""

    base: str
    host: str
    name: str


def destination(url: str, allow_remote: bool) -> Destination:
    """Check a server's base address.

    Raises SynthesisError for an address that isn't http(s), doesn't resolve, or isn't private without
    `allow_remote`.
    """
    parts = urlsplit(url.rstrip("/"))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise SynthesisError(f"{url!r} isn't a server's address. Give one such as http://127.0.0.1:8000/v1.")
    port = _port(parts, url)
    addresses = _resolve(parts.hostname, port or (443 if parts.scheme == "https" else 80))
    remote = [address for address in addresses if not _is_private(address)]
    if remote and not allow_remote:
        raise SynthesisError(
            f"{parts.hostname!r} ({remote[0]}) is neither this machine nor in a private network. Reports are "
            "patient data and aren't sent there. Use a local server; give --allow-remote only if your site "
            "permits that this server reads the reports."
        )
    shown = f":{port}" if port else ""
    # A private server is connected to by its checked address, a remote one by its name.
    target = parts.hostname if remote else addresses[0]
    target = f"[{target}]" if ":" in target else target
    return Destination(f"{parts.scheme}://{target}{shown}{parts.path}", parts.netloc, parts.hostname)


def _port(parts: SplitResult, url: str) -> int | None:
    try:
        return parts.port
    except ValueError as error:
        raise SynthesisError(f"{url!r} has no valid port: {error}. Give the server's port.") from error


def _resolve(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise SynthesisError(
            f"The server's name {host!r} can't be resolved: {error}. Check --url."
        ) from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _is_private(text: str) -> bool:
    address = ipaddress.ip_address(text.split("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in _PRIVATE)

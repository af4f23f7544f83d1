"""Where requests may go: names are resolved once, checked, and the connection is made to the very address checked.

A name that answers with a public address when asked and with a private one a moment later (DNS rebinding) gets nowhere.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable
from typing import Any

import httpcore
import httpx

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class SiteError(Exception):
    """The site cannot be read just now; a later run may."""


class Forbidden(SiteError):
    """We do not go there: another host, a private address, or robots.txt says no."""


def resolved(host: str, port: int) -> list[str]:
    """The addresses behind a name. Raises SiteError where there are none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise SiteError(f"no such host: {host}") from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(text: str) -> bool:
    """Whether an address leads out into the internet, also where an IPv6 address only wraps an IPv4 one."""
    address = ipaddress.ip_address(text.partition("%")[0])
    return all(one.is_global and not one.is_multicast for one in (address, *_wrapped(address)))


def _wrapped(address: Address) -> Iterable[Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return ()
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64 or int(address) >> 32 == 0:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [one for one in found if one is not None]


class Pinned(httpcore.SyncBackend):
    """Connects to checked addresses only. private: the site may live at a private address (tests, intranets)."""

    def __init__(self, *, private: bool, resolve: Resolve = resolved) -> None:
        super().__init__()
        self._private, self._resolve = private, resolve

    def connect_tcp(self, host: str, port: int, *args: Any, **options: Any) -> httpcore.NetworkStream:
        addresses = self._resolve(host, port)
        if not self._private and not all(map(is_public, addresses)):
            raise Forbidden(f"private address: {host}")
        for address in addresses[:-1]:
            try:
                return super().connect_tcp(address, port, *args, **options)
            except httpcore.ConnectError:
                continue
        return super().connect_tcp(addresses[-1], port, *args, **options)


def transport(*, private: bool, resolve: Resolve = resolved) -> httpx.HTTPTransport:
    """An HTTP transport whose connections are all made by Pinned; names in TLS and Host stay the site's own."""
    made = httpx.HTTPTransport(trust_env=False)
    # httpx has no argument for this; the pool it would make differs in nothing else.
    made._pool = httpcore.ConnectionPool(
        ssl_context=httpx.create_ssl_context(trust_env=False),
        max_connections=2,
        keepalive_expiry=30.0,
        network_backend=Pinned(private=private, resolve=resolve),
    )
    return made

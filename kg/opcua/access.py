"""The address of a server and who asks -> a connection: name and password, certificates, a secure channel.

asyncua does the talking; it is imported here and in the modules that use a connection, and nowhere else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from asyncua import Client, ua

from kg.errors import KgError

TROUBLE = (OSError, ua.UaError, TimeoutError)
"""What a connection ends with."""
REFUSED = (
    ua.uaerrors.BadUserAccessDenied,
    ua.uaerrors.BadIdentityTokenRejected,
    ua.uaerrors.BadIdentityTokenInvalid,
)
"""What a server answers to those whom it does not let in."""


@dataclass(frozen=True)
class Access:
    """How to be let in: name and password or certificate of a user, and what a secure channel needs."""

    user: str = ""
    password: str = field(default="", repr=False)
    policy: str = ""
    mode: str = "SignAndEncrypt"
    certificate: Path | None = None
    key: Path | None = None
    server_certificate: Path | None = None
    user_certificate: Path | None = None
    user_key: Path | None = None

    @property
    def name(self) -> str:
        """Return who asks to be let in."""
        return self.user or (self.user_certificate.name if self.user_certificate else "anonymous")


class SetupError(KgError):
    """Something that no further attempt to connect will mend."""


@asynccontextmanager
async def connected(url: str, access: Access, timeout: float = 10.0) -> AsyncIterator[Client]:
    """Connect to a server and leave it in good order.

    Raises SetupError for what cannot be right, and one of TROUBLE where the server is not there.
    """
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)  # what matters of it is said by us
    client = Client(url, timeout=timeout)
    if access.user:
        client.set_user(access.user)
        client.set_password(access.password)
    try:
        if access.policy:
            await _secure(client, access)
        if access.user_certificate:
            await _badge(client, access)
        await client.connect()
    except REFUSED as error:
        text = f"{url}: the server does not let '{access.name}' in. Give --user, and the password in"
        raise SetupError(f"{text} KG_OPCUA_PASSWORD, or --user-certificate and --user-key.") from error
    except ua.UaError as error:
        if not str(error).startswith("No matching endpoints"):
            raise
        raise SetupError(f"{url}: {await _offers(client, access)}") from error
    try:
        yield client
    finally:
        with suppress(*TROUBLE):
            await asyncio.wait_for(client.disconnect(), timeout)


def reason(error: BaseException) -> str:
    """Return why there is no connection."""
    if isinstance(error, ConnectionRefusedError):
        return "no server answers at this host and port"
    return str(error) or type(error).__name__


async def _badge(client: Client, access: Access) -> None:
    if not access.user_key:
        raise SetupError("--user-certificate needs --user-key, its private key.")
    try:
        await client.load_client_certificate(access.user_certificate)
        await client.load_private_key(access.user_key)
    except ValueError as error:
        text = f"{access.user_certificate}: the certificate of the user or its key cannot be read: {error}."
        raise SetupError(text) from error


async def _offers(client: Client, access: Access) -> str:
    """Return what a server offers to those who asked for another channel."""
    offered = set()
    for each in await Client(client.server_url.geturl()).connect_and_get_server_endpoints():
        policy = str(each.SecurityPolicyUri).rpartition("#")[2].replace("_", "")
        offered.add("no policy" if policy == "None" else f"--policy {policy} --mode {each.SecurityMode.name}")
    wanted = f"{access.policy} with {access.mode}" if access.policy else "a channel without policy"
    return f"the server does not offer {wanted}. It offers: {'; '.join(sorted(offered)) or 'nothing'}."


async def _secure(client: Client, access: Access) -> None:
    from asyncua.crypto import security_policies

    name = f"SecurityPolicy{access.policy}"
    policies = [
        n.removeprefix("SecurityPolicy") for n in dir(security_policies) if n.startswith("SecurityPolicy")
    ]
    policy = getattr(security_policies, name, None)
    if policy is None or not access.policy:
        known = ", ".join(p for p in policies if p and p not in ("NoSecurity", "None"))
        raise SetupError(f"no security policy is called '{access.policy}'. There are: {known}.")
    if not access.certificate or not access.key:
        raise SetupError("a security policy needs --certificate and --key, files of your own certificate.")
    client.application_uri = _application_uri(access.certificate) or client.application_uri
    try:
        await client.set_security(
            policy,
            certificate=str(access.certificate),
            private_key=str(access.key),
            server_certificate=str(access.server_certificate) if access.server_certificate else None,
            mode=ua.MessageSecurityMode[access.mode],
        )
    except ValueError as error:
        raise SetupError(
            f"{access.certificate}: the certificate or its key cannot be read: {error}."
        ) from error


def _application_uri(certificate: Path) -> str:
    """Return the name of the program that a certificate is made out to; servers compare the two."""
    from cryptography import x509

    data = certificate.read_bytes()
    with suppress(ValueError, x509.ExtensionNotFound):
        load = x509.load_pem_x509_certificate if data.startswith(b"-----") else x509.load_der_x509_certificate
        names = load(data).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return next(iter(names.get_values_for_type(x509.UniformResourceIdentifier)), "")
    return ""

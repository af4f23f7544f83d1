"""E-mail to staff over SMTP."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

from bot.adapters.staff.errors import Later, Misconfigured, NotTold, Refused

TIMEOUT = 15.0
_PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Mail:
    """`url` like smtps://user:password@host:465 or smtp://host:587 (then STARTTLS where the server offers it)."""

    url: str = field(repr=False)
    sender: str
    to: tuple[str, ...]
    name: str = "mail"

    def send(self, text: str) -> None:
        letter = self._letter(text)
        try:
            with self._server() as server:
                server.send_message(letter)
        except smtplib.SMTPException as error:
            raise _meaning(error) from None
        except (OSError, ssl.SSLError) as error:
            raise Later(type(error).__name__) from None

    def _letter(self, text: str) -> EmailMessage:
        letter = EmailMessage()
        letter["Subject"] = text.split("\n", 1)[0]
        letter["From"] = self.sender
        letter["To"] = ", ".join(self.to)
        letter["Date"] = formatdate()
        letter["Message-ID"] = make_msgid()
        letter.set_content(text)
        return letter

    def _server(self) -> smtplib.SMTP:
        parts = urlsplit(self.url)
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        context = ssl.create_default_context()
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=TIMEOUT)
            server.ehlo_or_helo_if_needed()
            if server.has_extn("starttls"):
                server.starttls(context=context)
            elif parts.username and host not in ("127.0.0.1", "localhost", "::1"):
                raise smtplib.SMTPNotSupportedError("a password is never sent in the clear")
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        return server


def _meaning(error: smtplib.SMTPException) -> NotTold:
    """4xx answers of a mail server pass, 5xx do not."""
    match error:
        case smtplib.SMTPAuthenticationError() | smtplib.SMTPNotSupportedError() | smtplib.SMTPSenderRefused():
            return Misconfigured(type(error).__name__)
        case smtplib.SMTPRecipientsRefused(recipients=refused):
            codes = [code for code, _ in refused.values()]
            return Later("recipients refused for now") if min(codes) < 500 else Misconfigured("recipients refused")
        case smtplib.SMTPResponseException(smtp_code=code):
            return Later(f"SMTP {code}") if code < 500 else Refused(f"SMTP {code}")
        case _:
            return Later(type(error).__name__)

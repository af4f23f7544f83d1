"""The platform's callback: bytes become a Message, a Reply becomes bytes; whatever is wrong is one error, Refused."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.adapters.wechat.crypto import Cipher, Foreign, Undecipherable, is_signed, signature
from bot.adapters.wechat.kinds import message_from
from bot.adapters.wechat.replies import SUCCESS, rendered
from bot.adapters.wechat.xml import Malformed, Node, parsed
from bot.dialogue.message import Message
from bot.dialogue.reply import Reply

LARGEST_BODY = 1024 * 1024
_LONGEST_NONCE = 128
_NO_KEY = "A" * 43


class Refused(Exception):
    """Not from the platform (403) or not readable (400); `reason` is for our log, not for the caller."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        self.status, self.reason = status, reason


@dataclass(frozen=True, slots=True)
class Opened:
    """A genuine callback. `nonce` is to be seen only once for each new message; `seal` renders the answer.

    sent: when the platform sent this try, by its own clock, like `message.at`.
    """

    message: Message
    nonce: str
    sent: datetime
    seal: Callable[[Reply], bytes]


class Callback:
    """One account's door: `mode` is plain, compatible or safe; `window` is how far clocks may be apart."""

    def __init__(self, token: str, app_id: str, aes_key: str, mode: str, window: timedelta) -> None:
        if mode not in ("plain", "compatible", "safe"):
            raise ValueError(f"no such mode: {mode}")
        self._token = token
        self._mode = mode
        self._window = window
        # In plain mode there is nothing to decipher and often no key; any key will do.
        self._cipher = Cipher(_NO_KEY if mode == "plain" else aes_key, app_id)

    def verify_url(self, query: Mapping[str, str], now: datetime) -> str:
        """The echostr to send back as it is. Raises Refused."""
        self._check_signature(query, now)
        if "echostr" not in query:
            raise Refused(400, "echostr is missing")
        return query["echostr"]

    def open(self, query: Mapping[str, str], body: bytes, now: datetime) -> Opened:
        """Raises Refused, and nothing else."""
        if len(body) > LARGEST_BODY:
            raise Refused(400, "body too large")
        try:
            fields, cipher = self._verified(query, body, now)
            message = message_from(fields)
        except (Malformed, Undecipherable) as trouble:
            raise Refused(400, str(trouble)) from None
        except Foreign as trouble:
            raise Refused(403, str(trouble)) from None
        sent = datetime.fromtimestamp(int(query["timestamp"]), UTC)
        return Opened(
            message, query["nonce"], sent, lambda reply: self._sealed(cipher, rendered(reply, message, now), now)
        )

    def _verified(
        self, query: Mapping[str, str], body: bytes, now: datetime
    ) -> tuple[Mapping[str, Node], Cipher | None]:
        """The nodes, and the cipher they came with. Safe mode knows no way around the cipher."""
        match self._mode:
            case "plain":
                self._check_signature(query, now)
                return parsed(body), None
            case "safe":
                return self._deciphered(query, body, now), self._cipher
            case _:
                # Any trace of encryption means that the encrypted part is there to be checked.
                if "msg_signature" in query or query.get("encrypt_type") == "aes" or "Encrypt" in parsed(body):
                    return self._deciphered(query, body, now), self._cipher
                self._check_signature(query, now)
                return parsed(body), None

    def _deciphered(self, query: Mapping[str, str], body: bytes, now: datetime) -> Mapping[str, Node]:
        timestamp, nonce = self._stamp(query, now)
        # Cheap refusals come first: an unsigned body is not even parsed.
        given = query.get("msg_signature", "")
        if not given:
            raise Refused(403, "unsigned")
        encrypted = parsed(body).get("Encrypt")
        if not isinstance(encrypted, str) or not encrypted.strip():
            raise Refused(403, "unencrypted")
        if not is_signed(given, self._token, timestamp, nonce, encrypted):
            raise Refused(403, "wrong signature")
        return parsed(self._cipher.decrypted(encrypted))

    def _check_signature(self, query: Mapping[str, str], now: datetime) -> None:
        timestamp, nonce = self._stamp(query, now)
        if not is_signed(query.get("signature", ""), self._token, timestamp, nonce):
            raise Refused(403, "wrong signature")

    def _stamp(self, query: Mapping[str, str], now: datetime) -> tuple[str, str]:
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 11):
            raise Refused(403, "no timestamp")
        if not 1 <= len(nonce) <= _LONGEST_NONCE:
            raise Refused(403, "no nonce")
        if abs(now.timestamp() - int(timestamp)) > self._window.total_seconds():
            raise Refused(403, "outside the time window")
        return timestamp, nonce

    def _sealed(self, cipher: Cipher | None, answer: bytes, now: datetime) -> bytes:
        if cipher is None or answer == SUCCESS:
            return answer
        encrypted = cipher.encrypted(answer)
        timestamp, nonce = str(int(now.timestamp())), str(secrets.randbelow(10**10))
        signed = signature(self._token, timestamp, nonce, encrypted)
        return _ENVELOPE.format(encrypted=encrypted, signed=signed, timestamp=timestamp, nonce=nonce).encode()


_ENVELOPE = (
    "<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt><MsgSignature><![CDATA[{signed}]]></MsgSignature>"
    "<TimeStamp>{timestamp}</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
)

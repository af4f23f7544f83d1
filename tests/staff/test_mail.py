"""E-mail over a real SMTP conversation."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.header import decode_header, make_header

import pytest

from bot.adapters.staff.errors import Later, Misconfigured, NotTold, Refused
from bot.adapters.staff.mail import Mail


@dataclass
class Server:
    """`says` overrides the answer to a command, e.g. {"RCPT": "550 no"}."""

    port: int = 0
    says: dict[str, str] = field(default_factory=dict)
    letters: list[bytes] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say("220 here")
            while line := self.rfile.readline().decode().strip():
                verb = line.split()[0].split(":")[0].upper()
                if verb == "DATA" and verb not in made.says:
                    self.say("354 go on")
                    made.letters.append(self.letter())
                self.say(made.says.get(verb, "221 bye" if verb == "QUIT" else "250 ok"))

        def letter(self) -> bytes:
            return b"".join(iter(self.rfile.readline, b".\r\n"))

        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    class Tcp(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Tcp(("127.0.0.1", 0), Handler) as tcp:
        made.port = tcp.server_address[1]
        thread = threading.Thread(target=tcp.serve_forever, args=(0.01,))
        thread.start()
        yield made
        tcp.shutdown()
        thread.join()


def mail(server: Server, user: str = "") -> Mail:
    return Mail(f"smtp://{user}127.0.0.1:{server.port}", "bot@firm.example", ("a@firm.example", "b@firm.example"))


def test_a_letter_arrives_with_the_first_line_as_its_subject(server: Server) -> None:
    mail(server).send("【新线索 L1】A级\n需求：求租")
    letter = message_from_bytes(server.letters[0])
    assert str(make_header(decode_header(letter["Subject"]))) == "【新线索 L1】A级"
    assert letter["To"] == "a@firm.example, b@firm.example"
    body = letter.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert "需求：求租" in body.decode()


@pytest.mark.parametrize(
    ("verb", "answer", "error"),
    [
        ("RCPT", "450 mailbox busy", Later),
        ("RCPT", "550 no such user", Misconfigured),
        ("MAIL", "550 not you", Misconfigured),
        ("DATA", "451 later", Later),
        ("DATA", "554 spam", Refused),
        ("EHLO", "421 closing", Later),
    ],
)
def test_what_a_server_refuses_says_what_to_do(server: Server, verb: str, answer: str, error: type[NotTold]) -> None:
    server.says = {verb: answer, "HELO": answer} if verb == "EHLO" else {verb: answer}
    with pytest.raises(error):
        mail(server).send("x")


def test_a_server_that_is_not_there_is_tried_later() -> None:
    with pytest.raises(Later):
        Mail("smtp://127.0.0.1:1", "a@firm.example", ("b@firm.example",)).send("x")


def test_a_password_is_never_sent_in_the_clear(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.adapters.staff import mail as module

    real = module.smtplib.SMTP
    monkeypatch.setattr(module.smtplib, "SMTP", lambda host, port, timeout: real("127.0.0.1", port, timeout=timeout))
    with pytest.raises(Misconfigured):
        Mail(f"smtp://u:p@mail.firm.example:{server.port}", "a@firm.example", ("b@firm.example",)).send("x")

"""A server of mail: encrypted unless it is said otherwise, and what its answers mean for one mail.

Delivered       it has taken the mail
Later           it may take it another time: 4xx, a connection that ends
Never           it will not take it: 5xx
RunError        no mail goes: no server, no encryption, a login or a sender that is refused
"""

import os
import smtplib
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from types import TracebackType
from typing import Self

from aitia.errors import OptionError, RunError
from aitia.feed.addressees import checked_addressee

__all__ = ["PASSWORD_VARIABLE", "SECURITIES", "USER_VARIABLE", "Later", "MailServer", "Mailer", "Never"]

USER_VARIABLE, PASSWORD_VARIABLE = "AITIA_SMTP_USER", "AITIA_SMTP_PASSWORD"
"""Environment variables of the login; there is no other way to give it."""
SECURITIES = {"starttls": 587, "tls": 465, "none": 25}
"""How the connection is encrypted, and the port for it."""
TIMEOUT = 60.0
_TOO_LARGE = (523, 552)


class Later(Exception):  # noqa: N818  # an event that is met by trying again
    """One mail may go another time.

    Args:
        why: In words.
        heard: Whether the server said so. Where the connection ended instead, it may have taken the mail.
    """

    def __init__(self, why: str, *, heard: bool = True) -> None:
        super().__init__(why)
        self.heard = heard


class Never(Exception):  # noqa: N818  # said of one mail
    """One mail will not go.

    Args:
        why: In words.
        addressee: Whether it is the address that is not taken.
    """

    def __init__(self, why: str, *, addressee: bool = True) -> None:
        super().__init__(why)
        self.addressee = addressee


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed over.

    Args:
        host: Of the server.
        sender: Address that mails are from.
        security: `starttls`, `tls` or `none`.
        port: None takes the usual one.
        user: For the login; empty for none.
        password: For the login.

    Raises:
        OptionError: If one of them is none, or the password would travel in the open.
    """

    host: str
    sender: str
    security: str = "starttls"
    port: int | None = None
    user: str = ""
    password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        checked_addressee(self.sender)
        if self.security not in SECURITIES:
            raise OptionError(f"the security of a mail server is {', '.join(SECURITIES)}, got {self.security!r}")
        if not self.host or any(c.isspace() for c in self.host):
            raise OptionError(f"a mail server is HOST or HOST:PORT, got {self.host!r}")
        if bool(self.user) != bool(self.password):
            raise OptionError(f"a login is a user and a password: set both {USER_VARIABLE} and {PASSWORD_VARIABLE}")
        if self.user and self.security == "none":
            raise OptionError("the password would travel for all to read: take starttls or tls, or no login")

    @classmethod
    def of(
        cls, address: str, sender: str, security: str = "starttls", environment: Mapping[str, str] = os.environ
    ) -> Self:
        """The server at `HOST` or `HOST:PORT`, with the login of the environment."""
        host, colon, port = address.rpartition(":") if address.count(":") == 1 else (address, "", "")
        if colon and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise OptionError(f"a mail server is HOST or HOST:PORT, got {address[:80]!r}")
        user, password = environment.get(USER_VARIABLE, ""), environment.get(PASSWORD_VARIABLE, "")
        return cls(host, sender, security, int(port) if colon else None, user, password)


class Mailer:
    """A connection to a server, made when the first mail goes.

    Args:
        server: The server.
    """

    def __init__(self, server: MailServer) -> None:
        self.server = server
        self._smtp: smtplib.SMTP | None = None

    def connect(self) -> None:
        """Makes the connection where there is none.

        Raises:
            RunError: If no mail can go.
        """
        if self._smtp is not None and self._smtp.sock is not None:
            return
        server, shown = self.server, f"the mail server {self.server.host}"
        port = server.port or SECURITIES[server.security]
        context = ssl.create_default_context()
        try:
            if server.security == "tls":
                smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, port, timeout=TIMEOUT, context=context)
            else:
                smtp = smtplib.SMTP(server.host, port, timeout=TIMEOUT)
            self._smtp = smtp
            smtp.ehlo_or_helo_if_needed()
            if server.security == "starttls":
                if not smtp.has_extn("starttls"):
                    raise RunError(
                        f"{shown} offers no STARTTLS, so that mail and password would travel for all to read: take "
                        "tls, or none for a server on this machine"
                    )
                smtp.starttls(context=context)
            if server.user:
                smtp.login(server.user, server.password)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            self._drop()
            if isinstance(error, RunError):
                raise
            raise RunError(_said(shown, error)) from None

    def send(self, message: EmailMessage, address: str) -> None:
        """Hands one mail over; when this returns the server has taken it.

        Raises:
            Later: If it may go another time.
            Never: If it will not.
            RunError: If no mail goes.
        """
        self.connect()
        assert self._smtp is not None
        try:
            self._smtp.send_message(message, self.server.sender, [address])
        except smtplib.SMTPNotSupportedError:
            raise Never("its address has letters that the mail server does not take (no SMTPUTF8)") from None
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            raise _verdict(code, said) from None
        except smtplib.SMTPSenderRefused as error:
            if error.smtp_code >= 500 and error.smtp_code not in _TOO_LARGE:
                raise RunError(
                    f"the mail server {self.server.host} takes no mail from {self.server.sender} "
                    f"({error.smtp_code} {_line(error.smtp_error)})"
                ) from None
            raise _verdict(error.smtp_code, error.smtp_error, addressee=False) from None
        except smtplib.SMTPResponseException as error:
            if error.smtp_code < 400:  # no answer in the middle of a mail
                self._drop()
                raise Later(f"the connection ended: {_line(error.smtp_error)}", heard=False) from None
            raise _verdict(error.smtp_code, error.smtp_error) from None
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            raise Later(f"the connection ended: {str(error)[:200] or type(error).__name__}", heard=False) from None

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
        self._smtp = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._smtp is not None and self._smtp.sock is not None and kind is None:
            try:
                self._smtp.quit()
            except (smtplib.SMTPException, OSError):
                self._drop()  # it has taken what it took
        else:
            self._drop()


def _verdict(code: int, said: bytes | str, *, addressee: bool = True) -> Exception:
    told = f"{code} {_line(said)}"
    return Never(told, addressee=addressee and code not in _TOO_LARGE) if code >= 500 else Later(told)


def _line(said: bytes | str) -> str:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    return " ".join(text.split())[:200]


def _said(shown: str, error: Exception) -> str:
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"{shown} refuses the login ({error.smtp_code}): look at {USER_VARIABLE} and {PASSWORD_VARIABLE}"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return f"{shown} takes no login over this connection: leave {USER_VARIABLE} away, or take another server"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate of {shown} is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"{shown} does not speak TLS there: look at its port and its security"
    if isinstance(error, socket.gaierror):
        return f"there is no host for {shown}, or the net is down"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{shown} refuses: {error.smtp_code} {_line(error.smtp_error)}"
    return f"{shown} does not answer: {str(error)[:200] or type(error).__name__}"

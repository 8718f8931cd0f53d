"""Reads from PostgreSQL in its own protocol (version 3.0), so that the demo needs no driver."""

import base64
import hashlib
import hmac
import os
import socket
import struct
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from ..problem import Problem

Row = dict[str, str | None]


class Database:
    """One connection. Use it in a `with`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._name = parts.path.lstrip("/")
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        try:
            self._socket = socket.create_connection((parts.hostname or "", parts.port or 5432), timeout=10)
        except OSError as error:
            raise Problem(f"PostgreSQL at {parts.hostname}:{parts.port} does not answer: {error}") from None
        self._stream = self._socket.makefile("rwb")

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._socket.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stream.close()
        self._socket.close()

    def rows(self, sql: str, *values: str) -> list[Row]:
        """The rows of a query with $1, $2…, every value as text."""
        bound = b"".join(struct.pack("!i", len(value.encode())) + value.encode() for value in values)
        self._send(b"P", b"\0" + sql.encode() + b"\0" + struct.pack("!h", 0))
        self._send(b"B", b"\0\0" + struct.pack("!hh", 0, len(values)) + bound + struct.pack("!h", 0))
        self._send(b"D", b"P\0")
        self._send(b"E", b"\0" + struct.pack("!i", 0))
        self._send(b"S", b"")
        names: list[str] = []
        found: list[Row] = []
        failure = None
        while True:
            kind, body = self._receive()
            if kind == b"T":
                names = _names(body)
            elif kind == b"D":
                found.append(dict(zip(names, _fields(body), strict=True)))
            elif kind == b"E":
                failure = _message(body)
            elif kind == b"Z":
                if failure:
                    raise Problem(f"the database {self._name} refused a query: {failure}")
                return found

    def _start(self) -> None:
        options = f"user\0{self._user}\0database\0{self._name}\0application_name\0demo\0\0".encode()
        self._write(struct.pack("!ii", len(options) + 8, 196608) + options)
        scram = _Scram(self._password)
        while True:
            kind, body = self._receive()
            if kind == b"E":
                raise Problem(f"the database {self._name} lets nobody in: {_message(body)}")
            if kind == b"Z":
                return
            if kind == b"R":
                self._authenticate(struct.unpack("!i", body[:4])[0], body[4:], scram)

    def _authenticate(self, step: int, said: bytes, scram: "_Scram") -> None:
        if step == 10:
            first = scram.first()
            self._send(b"p", b"SCRAM-SHA-256\0" + struct.pack("!i", len(first)) + first)
        elif step == 11:
            self._send(b"p", scram.final(said))
        elif step == 12:
            scram.check(said)
        elif step != 0:
            raise Problem(f"PostgreSQL asks for a sign-in that the demo does not know ({step})")

    def _send(self, kind: bytes, body: bytes) -> None:
        self._write(kind + struct.pack("!i", len(body) + 4) + body)

    def _write(self, data: bytes) -> None:
        try:
            self._stream.write(data)
            self._stream.flush()
        except OSError as error:
            raise Problem(f"PostgreSQL hung up: {error}") from None

    def _receive(self) -> tuple[bytes, bytes]:
        try:
            head = self._stream.read(5)
            body = self._stream.read(struct.unpack("!i", head[1:])[0] - 4) if len(head) == 5 else b""
        except OSError as error:
            raise Problem(f"PostgreSQL hung up: {error}") from None
        if len(head) < 5:
            raise Problem("PostgreSQL hung up")
        return head[:1], body


class _Scram:
    """The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding."""

    def __init__(self, password: str) -> None:
        self._password = password.encode()
        self._bare = "n=,r=" + base64.b64encode(os.urandom(18)).decode()
        self._expected = b""

    def first(self) -> bytes:
        return b"n,," + self._bare.encode()

    def final(self, challenge: bytes) -> bytes:
        said = dict(part.split("=", 1) for part in challenge.decode().split(","))
        if not said["r"].startswith(self._bare.removeprefix("n=,r=")):
            raise Problem("PostgreSQL answered another client's sign-in")
        salted = hashlib.pbkdf2_hmac("sha256", self._password, base64.b64decode(said["s"]), int(said["i"]))
        key = _mac(salted, b"Client Key")
        without_proof = f"c=biws,r={said['r']}"
        signed = f"{self._bare},{challenge.decode()},{without_proof}".encode()
        signature = _mac(hashlib.sha256(key).digest(), signed)
        self._expected = _mac(_mac(salted, b"Server Key"), signed)
        proof = bytes(left ^ right for left, right in zip(key, signature, strict=True))
        return f"{without_proof},p={base64.b64encode(proof).decode()}".encode()

    def check(self, verdict: bytes) -> None:
        if not hmac.compare_digest(verdict, b"v=" + base64.b64encode(self._expected)):
            raise Problem("PostgreSQL does not know the password that it checked")


def _mac(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, hashlib.sha256).digest()


def _names(body: bytes) -> list[str]:
    names, at = [], 2
    for _ in range(struct.unpack("!h", body[:2])[0]):
        end = body.index(b"\0", at)
        names.append(body[at:end].decode())
        at = end + 19  # the zero, and 18 bytes about table and type
    return names


def _fields(body: bytes) -> list[str | None]:
    fields: list[str | None] = []
    at = 2
    for _ in range(struct.unpack("!h", body[:2])[0]):
        length = struct.unpack("!i", body[at : at + 4])[0]
        at += 4
        fields.append(None if length < 0 else body[at : at + length].decode())
        at += max(length, 0)
    return fields


def _message(body: bytes) -> str:
    parts = {part[:1]: part[1:].decode(errors="replace") for part in body.split(b"\0") if part}
    return parts.get(b"M", "no reason given")

"""What a tutor hands in before a verification: real files, sent as a browser sends them."""

import base64
import hashlib
import time
import urllib.error
import urllib.request
import uuid
from typing import Any, Callable

from .problem import Problem

PATH = "/v1/tutors/me/documents"
# An identity document and one qualification: what a verification asks for.
KINDS = ("identity", "degree")

# Calls our API as the tutor and gives the data of a success: method, path, body.
Call = Callable[[str, str, Any], dict[str, Any]]


def pdf(comment: str) -> bytes:
    """A whole PDF of one empty page, with a comment that makes it unlike others."""
    file = f"%PDF-1.4\n% {comment}\n"
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
    )
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(file))
        file += f"{number} 0 obj\n{body}\nendobj\n"
    table = len(file)
    file += "xref\n0 4\n0000000000 65535 f \n" + "".join(f"{place:010} 00000 n \n" for place in places)
    file += f"trailer\n<< /Size 4 /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n"
    return file.encode()


def announcement(kind: str, file: bytes) -> dict[str, Any]:
    """What is said of a file before it is sent."""
    checksum = base64.b64encode(hashlib.sha256(file).digest()).decode()
    return {"kind": kind, "contentType": "application/pdf", "size": len(file), "sha256": checksum}


def multipart(fields: dict[str, str], file: bytes) -> tuple[bytes, str]:
    """A form with a file at its end, where S3 wants it (RFC 7578), and its content type."""
    boundary = uuid.uuid4().hex
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()]
    head = 'Content-Disposition: form-data; name="file"; filename="document.pdf"\r\nContent-Type: application/pdf'
    before = "".join(parts) + f"--{boundary}\r\n{head}\r\n\r\n"
    return before.encode() + file + f"\r\n--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def send(upload: dict[str, Any], file: bytes) -> int:
    """Sends a file by the form that the answer to its announcement has; gives the status."""
    body, kind = multipart(upload["fields"], file)
    request = urllib.request.Request(upload["url"], data=body, method="POST", headers={"Content-Type": kind})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        raise Problem(f"the upload was answered {error.code}: {error.read().decode(errors='replace')}") from None


def stands(listed: dict[str, Any], document: str) -> bool:
    """Whether a document has been looked through, in the list of a tutor's own; one that was rejected ends it."""
    found = next((each for each in listed["documents"] if each["documentId"] == document), None)
    if found is None:
        raise Problem(f"the document {document} is not in the list")
    if found["status"] == "rejected":
        raise Problem(f"the document {document} was rejected: {found['reason']}")
    return found["status"] != "awaiting_upload"


def hand_in(call: Call, kind: str, seconds: float = 60) -> None:
    """Hands in a file of this kind, and waits until it has been looked through."""
    file = pdf(f"{kind} {uuid.uuid4()}")
    announced = call("POST", PATH, announcement(kind, file))
    send(announced["upload"], file)
    limit = time.monotonic() + seconds
    while not stands(call("GET", PATH, None), announced["documentId"]):
        if time.monotonic() > limit:
            raise Problem(f"the {kind} document was not looked through in {seconds:.0f} s: see `make logs`")
        time.sleep(0.2)


def hand_in_missing(call: Call) -> None:
    """Hands in what the tutor's verification asks for and isn't there yet."""
    there = {each["kind"] for each in call("GET", PATH, None)["documents"] if each["status"] in ("uploaded", "accepted")}
    for kind in KINDS:
        if kind not in there:
            hand_in(call, kind)

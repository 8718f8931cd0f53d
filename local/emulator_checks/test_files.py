"""Files: private, with links that end, and forms that say what may be sent."""

import unittest
import uuid
from typing import Any
from urllib.parse import urlparse

from .world import http, shared, until


def _files(do: str, key: str, function: str = "files", **more: Any) -> Any:
    return shared().invoke(function, {"do": do, "key": key, **more})


class Bucket(unittest.TestCase):
    def test_it_is_made_as_the_template_says(self) -> None:
        s3 = shared().client("s3")
        shut = s3.get_public_access_block(Bucket="check-files")["PublicAccessBlockConfiguration"]
        self.assertEqual(set(shut.values()), {True})
        [rule] = s3.get_bucket_encryption(Bucket="check-files")["ServerSideEncryptionConfiguration"]["Rules"]
        self.assertEqual(rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256")
        rules = {each["ID"]: each for each in s3.get_bucket_lifecycle_configuration(Bucket="check-files")["Rules"]}
        self.assertEqual(rules["exports"]["Expiration"], {"Days": 7})
        self.assertEqual(rules["uploads"]["AbortIncompleteMultipartUpload"], {"DaysAfterInitiation": 1})

    def test_nobody_reads_it_without_a_signature(self) -> None:
        _files("put", "exports/private", body="secret")
        url = f"{shared().settings.emulator_url}/check-files/exports/private"
        self.assertEqual(http("GET", url)[0], 403)


class Links(unittest.TestCase):
    def test_a_link_gives_the_file_to_whoever_has_it(self) -> None:
        self.assertIn("done", _files("put", "exports/one", body="hello"))
        link = _files("link", "exports/one", seconds=60)["done"]
        self.assertEqual(urlparse(link).path, "/check-files/exports/one")
        status, body, headers = http("GET", link)
        self.assertEqual((status, body, headers["Content-Type"]), (200, b"hello", "text/plain"))

    def test_a_link_ends(self) -> None:
        _files("put", "exports/short", body="hello")
        link = _files("link", "exports/short", seconds=2)["done"]
        self.assertEqual(http("GET", link)[0], 200)
        refused = until(lambda: (answer := http("GET", link))[0] != 200 and answer)
        self.assertEqual(refused[0], 403)
        self.assertIn(b"Request has expired", refused[1])

    def test_a_link_is_for_one_file(self) -> None:
        for key in ("exports/mine", "exports/theirs"):
            _files("put", key, body=key)
        link = _files("link", "exports/mine", seconds=60)["done"]
        status, body, _ = http("GET", link.replace("mine", "theirs"))
        self.assertEqual(status, 403)
        self.assertIn(b"SignatureDoesNotMatch", body)

    def test_a_link_opens_no_more_than_its_signer_may(self) -> None:
        self.assertIn("done", _files("put", "exports/written", "files-writer", body="hello"))
        link = _files("link", "exports/written", "files-writer", seconds=60)["done"]
        status, body, _ = http("GET", link)
        self.assertEqual(status, 403)
        self.assertIn(b"AccessDenied", body)

    def test_a_role_writes_only_where_it_may(self) -> None:
        self.assertEqual(_files("put", "elsewhere/one", body="x"), {"error": "AccessDenied"})


class Forms(unittest.TestCase):
    def _send(self, form: dict[str, Any], content: bytes, **changed: str) -> tuple[int, bytes]:
        boundary = uuid.uuid4().hex
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in {**form["fields"], **changed}.items()
        ]
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'.encode()
        body = b"".join(parts) + head + content + f"\r\n--{boundary}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        return http("POST", form["url"], headers, body)[:2]

    def _form(self, key: str, most: int = 100, seconds: int = 60, function: str = "files") -> dict[str, Any]:
        return _files("form", key, function, most=most, seconds=seconds)["done"]

    def _exists(self, key: str) -> bool:
        listed = shared().client("s3").list_objects_v2(Bucket="check-files", Prefix=key)
        return bool(listed["KeyCount"])

    def test_a_form_takes_the_file_that_it_is_for(self) -> None:
        self.assertEqual(self._send(self._form("exports/form"), b"%PDF-1.7")[0], 204)
        kept = shared().client("s3").head_object(Bucket="check-files", Key="exports/form")
        self.assertEqual((kept["ContentType"], kept["ContentLength"]), ("application/pdf", 8))

    def test_a_form_takes_no_file_that_is_too_large_or_empty(self) -> None:
        form = self._form("exports/large", most=10)
        for content, code in ((b"x" * 11, b"EntityTooLarge"), (b"", b"EntityTooSmall")):
            status, body = self._send(form, content)
            self.assertEqual(status, 400)
            self.assertIn(code, body)
        self.assertFalse(self._exists("exports/large"))

    def test_a_form_takes_no_other_type_and_no_other_key(self) -> None:
        form = self._form("exports/typed")
        for changed in ({"Content-Type": "text/html"}, {"key": "exports/typed-2"}):
            status, body = self._send(form, b"%PDF", **changed)
            self.assertEqual(status, 403)
            self.assertIn(b"AccessDenied", body)
        self.assertFalse(self._exists("exports/typed"))

    def test_a_form_that_somebody_changed_is_refused(self) -> None:
        form, other = self._form("exports/a"), self._form("exports/a", most=10_000)
        status, body = self._send(form, b"%PDF", policy=other["fields"]["policy"])
        self.assertEqual(status, 403)
        self.assertIn(b"SignatureDoesNotMatch", body)

    def test_a_form_ends(self) -> None:
        form = self._form("exports/late", seconds=1)
        refused = until(lambda: (answer := self._send(form, b"%PDF"))[0] != 204 and answer)
        self.assertEqual(refused[0], 403)

    def test_a_form_does_no_more_than_its_signer_may(self) -> None:
        form = self._form("elsewhere/form")
        status, body = self._send(form, b"%PDF")
        self.assertEqual(status, 403)
        self.assertIn(b"AccessDenied", body)

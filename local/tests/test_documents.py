"""The files that demo people hand in."""

import base64
import hashlib
import unittest

from ..documents import announcement, multipart, pdf, stands
from ..problem import Problem


class Documents(unittest.TestCase):
    def test_the_file_is_a_whole_pdf_whose_table_says_where_its_objects_are(self) -> None:
        file = pdf("a test")
        table = int(file.splitlines()[-2])
        lines = file[table:].splitlines()
        self.assertEqual(lines[0], b"xref")
        for number, line in enumerate(lines[3:6], 1):
            self.assertTrue(file[int(line[:10]) :].startswith(f"{number} 0 obj".encode()))
        self.assertTrue(file.startswith(b"%PDF-1.4") and file.endswith(b"%%EOF\n"))

    def test_an_announcement_names_size_and_checksum_of_the_file(self) -> None:
        file = pdf("a test")
        said = announcement("degree", file)
        self.assertEqual((said["kind"], said["size"]), ("degree", len(file)))
        self.assertEqual(base64.b64decode(said["sha256"]), hashlib.sha256(file).digest())

    def test_the_file_comes_after_every_field_of_the_form(self) -> None:
        body, kind = multipart({"key": "a", "policy": "b"}, b"FILE")
        places = [body.index(word) for word in (b'name="key"', b'name="policy"', b'name="file"', b"FILE")]
        self.assertEqual(places, sorted(places))
        self.assertTrue(body.endswith(f"--{kind.split('=')[1]}--\r\n".encode()))

    def test_a_document_stands_once_it_has_been_looked_through_and_a_rejected_one_is_a_problem(self) -> None:
        def listed(status: str) -> dict[str, list[dict[str, str]]]:
            return {"documents": [{"documentId": "d", "status": status, "reason": "cut off"}]}

        self.assertEqual([stands(listed(each), "d") for each in ("awaiting_upload", "uploaded", "accepted")], [False, True, True])
        for wrong in (listed("rejected"), {"documents": []}):
            with self.assertRaises(Problem):
                stands(wrong, "d")

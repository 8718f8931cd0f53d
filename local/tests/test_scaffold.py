"""What the scaffold prints is what stands in the templates."""

import unittest

from .. import scaffold
from ..settings import ROOT

# One of each kind, as `lectern use-cases` prints it.
USE_CASES = (
    {"context": "booking", "name": "list-lessons", "trigger": {"http": {"method": "GET", "path": "/v1/lessons", "access": ["student"]}}},
    {"context": "tutoring", "name": "check-slot", "trigger": {"http": {"method": "POST", "path": "/internal/slots/check", "access": "iam"}}},
    {"context": "tutoring", "name": "get-tutor", "trigger": {"http": {"method": "GET", "path": "/v1/tutors/{tutorId}", "access": "public"}}},
    {"context": "booking", "name": "answer-payment-outcome", "trigger": {"events": ["payment.held", "payment.failed"]}},
    {"context": "payments", "name": "replicate-payments-revocations", "trigger": {"events": ["access.revoked"]}},
    {"context": "booking", "name": "sweep-sagas", "trigger": {"schedule": "RelayRate"}},
    {"context": "booking", "name": "tidy-booking-records", "trigger": {"schedule": "rate(1 day)"}},
    {"context": "identity", "name": "pre-sign-up", "trigger": {"cognito": "PreSignUp"}},
    {"context": "booking", "name": "hold-slot", "trigger": {"step": "lesson-payment"}},
    {"context": "booking", "name": "check-booking-health", "trigger": "invoke"},
)


class Scaffold(unittest.TestCase):
    def test_every_resource_is_in_the_template_word_for_word(self) -> None:
        for use_case in USE_CASES:
            template = (ROOT / "functions" / use_case["context"] / "template.yaml").read_text()
            # The function itself has rights and variables of its own.
            function, *others = scaffold.resources(use_case).split("\n\n")
            self.assertIn(function.splitlines()[1], template)
            for resource in others:
                with self.subTest(use_case=use_case["name"]):
                    self.assertIn(resource.strip("\n"), template)


if __name__ == "__main__":
    unittest.main()

"""Ports, parameters and stacks."""

import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from ..problem import Problem
from ..processes import Processes
from ..runs import Count
from ..services import check_ports
from ..settings import DEFAULT_PORTS, Settings, free_ports, ports_from_environment, stripe_from_environment


class Ports(unittest.TestCase):
    def test_a_variable_moves_one_port(self) -> None:
        with mock.patch.dict(os.environ, {"LECTERN_PORT_API": "9999"}):
            self.assertEqual(ports_from_environment(), DEFAULT_PORTS | {"api": 9999})

    def test_what_is_no_port_is_refused_by_name(self) -> None:
        with mock.patch.dict(os.environ, {"LECTERN_PORT_MAIL": "post"}):
            with self.assertRaisesRegex(Problem, "LECTERN_PORT_MAIL"):
                ports_from_environment()

    def test_free_ports_are_all_different(self) -> None:
        self.assertEqual(len(set(free_ports().values())), len(DEFAULT_PORTS))

    def test_a_taken_port_is_named_with_the_variable_that_moves_it(self) -> None:
        import socket

        with socket.socket() as taken, tempfile.TemporaryDirectory() as folder:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            settings = Settings(state=Path(folder), ports=free_ports() | {"stripe": taken.getsockname()[1]})
            with self.assertRaisesRegex(Problem, "LECTERN_PORT_STRIPE"):
                check_ports(settings, Processes(settings))


class RealStripe(unittest.TestCase):
    def test_two_values_put_stripe_itself_in_the_place_of_the_stand_in(self) -> None:
        given = {"LECTERN_STRIPE_SECRET_KEY": "sk_test_x", "LECTERN_STRIPE_WEBHOOK_SECRET": "whsec_x"}
        with mock.patch.dict(os.environ, given):
            settings = Settings(state=Path("s"), ports=free_ports(), real_stripe=stripe_from_environment())
        self.assertEqual(settings.parameters()["StripeApiBase"], "https://api.stripe.com")
        self.assertEqual((settings.stripe.secret_key, settings.stripe.connect_webhook_secret), ("sk_test_x", "whsec_x"))

    def test_without_them_the_stand_in_is_paid_through(self) -> None:
        settings = Settings(state=Path("s"), ports=free_ports(), real_stripe=stripe_from_environment())
        self.assertEqual(settings.parameters()["StripeApiBase"], settings.stripe_url)

    def test_a_live_key_and_half_of_it_are_refused(self) -> None:
        for given in ({"LECTERN_STRIPE_SECRET_KEY": "sk_live_x"}, {"LECTERN_STRIPE_SECRET_KEY": "sk_test_x"}):
            with mock.patch.dict(os.environ, given), self.assertRaisesRegex(Problem, "LECTERN_STRIPE"):
                stripe_from_environment()


class Parameters(unittest.TestCase):
    def test_an_override_wins_over_the_stage_and_the_page_may_call_the_api(self) -> None:
        settings = Settings(state=Path("unused"), ports=DEFAULT_PORTS, overrides={"HoldSeconds": "12"})
        parameters = settings.parameters()
        self.assertEqual((parameters["Stage"], parameters["HoldSeconds"]), ("local", "12"))
        self.assertIn("http://localhost:8080", parameters["WebOrigins"].split(","))


class Counting(unittest.TestCase):
    def test_every_runners_last_line_is_counted_once(self) -> None:
        count = Count()
        count.add("test result: ok. 12 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s")
        count.add("emulator checks: 39 passed, 0 failed")
        count.add("test something ... ok")
        self.assertEqual(str(count), "51 passed, 1 failed")

"""`make dev`."""

import argparse

from ..demo_people import PEOPLE
from ..install import install
from ..platform import Platform
from ..settings import development
from ..steps import say, total


def command(_: argparse.Namespace) -> None:
    """Starts everything, and says where it is."""
    platform = Platform(development())
    with platform.alone():
        install()
        platform.up()
    settings = platform.settings
    say(f"\nLectern runs (after {total()}).\n")
    say(f"  API            {platform.api_url()}")
    say(f"  API page       {settings.api_page_url}")
    say(f"  Sign-in        {platform.sign_in_url()}")
    say(f"  Mail inbox     {settings.mail_url}")
    say(f"  Stripe         {settings.stripe.api} ({'test mode' if settings.real_stripe else 'stand-in'})")
    say(f"  For scripts    {settings.endpoints}\n")
    for person in PEOPLE:
        say(f"  {person.role:<11} {person.email:<28} {person.password}")
    say("\n  make demo  make status  make logs  make reload  make stop  make reset")

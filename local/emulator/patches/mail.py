"""SES: the right to send is a right to one sender."""

import json
from email.utils import parseaddr

import ministack.core.iam_actions as actions
import ministack.services.ses as ses
import ministack.services.ses_v2 as ses_v2


def apply() -> None:
    """Puts the patch on: MiniStack asks whether the role may send from everywhere ("*")."""
    original = actions._ses_v2_resource_arn

    def resource(method: str, path: str, body: bytes, region: str, account: str) -> str:
        if path.rstrip("/") != "/v2/email/outbound-emails":
            return original(method, path, body, region, account)
        return f"arn:aws:ses:{region}:{account}:identity/{_identity(body)}"

    actions._ses_v2_resource_arn = resource


def _identity(body: bytes) -> str:
    """The identity that lets a mail out: the address itself if it is one, or else its domain or one above it."""
    try:
        mail = json.loads(body)
    except ValueError:
        return ""
    named = mail.get("FromEmailAddressIdentityArn")
    if named:
        return str(named).rpartition("identity/")[2]
    address = parseaddr(mail.get("FromEmailAddress") or "")[1]
    domain = address.rpartition("@")[2].lower()
    known = {*ses._identities, *ses_v2._identities}
    return next((each for each in (address, *ses._domain_and_parents(domain)) if each in known), address)

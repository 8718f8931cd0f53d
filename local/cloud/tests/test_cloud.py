"""Without an account: the decisions of the tool, against stand-ins of the AWS clients."""

import contextlib
import io
import tempfile
import unittest
from datetime import datetime, timezone
from pathlib import Path
from unittest import mock

from botocore.exceptions import ClientError, WaiterError

from local.cloud import checks, deploy, destroy, secrets_store
from local.cloud.problem import Problem
from local.cloud.stage import CONTEXTS, code_directories, template


def client_error(code: str, message: str = "") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


class Ssm:
    """Parameters in memory."""

    def __init__(self, **values: str) -> None:
        self.values = {f"/lectern/dev/{name}": value for name, value in values.items()}
        self.kinds: dict[str, dict] = {}

    def get_parameter(self, Name, WithDecryption):
        if Name not in self.values:
            raise client_error("ParameterNotFound")
        return {"Parameter": {"Value": self.values[Name]}}

    def put_parameter(self, Name, Value, Overwrite, **kind):
        self.values[Name], self.kinds[Name] = Value, kind

    def get_paginator(self, _name):
        page = {"Parameters": [{"Name": name} for name in self.values]}
        return mock.Mock(paginate=mock.Mock(return_value=[page]))

    def delete_parameters(self, Names):
        assert len(Names) <= 10
        for name in Names:
            del self.values[name]


class Quiet(unittest.TestCase):
    def setUp(self) -> None:
        self.printed = io.StringIO()
        self.enterContext(contextlib.redirect_stdout(self.printed))


class SecretsTest(Quiet):
    def test_the_admin_password_is_made_once_and_never_printed(self):
        ssm = Ssm()
        store = secrets_store.Secrets(ssm, "dev")
        store.make_admin_password()
        password = ssm.values["/lectern/dev/database/admin-password"]
        store.make_admin_password()
        self.assertEqual(password, ssm.values["/lectern/dev/database/admin-password"])
        self.assertGreaterEqual(len(password), 43)  # 256 bits
        self.assertRegex(password, "^[A-Za-z0-9_-]+$")  # RDS refuses / @ " and spaces
        self.assertEqual(ssm.kinds["/lectern/dev/database/admin-password"], {"Type": "SecureString"})
        self.assertNotIn(password, self.printed.getvalue())

    def test_a_stage_without_stripes_key_asks_for_it(self):
        with self.assertRaisesRegex(Problem, "STRIPE_SECRET_KEY"):
            secrets_store.Secrets(Ssm(), "dev").take_stripe_values({})

    def test_live_money_stays_out_of_dev_and_play_money_out_of_prod(self):
        for stage, key in (("dev", "sk_live_x"), ("prod", "sk_test_x"), ("dev", "pk_test_x")):
            with self.subTest(stage=stage, key=key), self.assertRaises(Problem):
                secrets_store.check_stripe_key(stage, key)
        secrets_store.check_stripe_key("dev", "sk_test_x")
        secrets_store.check_stripe_key("prod", "rk_live_x")

    def test_an_unknown_webhook_secret_is_random_until_it_is_given_and_then_kept(self):
        ssm = Ssm()
        store = secrets_store.Secrets(ssm, "dev")
        store.take_stripe_values({"STRIPE_SECRET_KEY": "sk_test_x"})
        self.assertTrue(store.webhook_secret_is_pending())
        store.take_stripe_values({"STRIPE_WEBHOOK_SECRET": "whsec_y"})
        self.assertTrue(store.webhook_secret_is_pending(), "there are two")
        store.take_stripe_values({"STRIPE_CONNECT_WEBHOOK_SECRET": "whsec_z"})
        self.assertFalse(store.webhook_secret_is_pending())
        store.take_stripe_values({})
        self.assertEqual(ssm.values["/lectern/dev/stripe/webhook-secret"], "whsec_y")
        self.assertEqual(ssm.values["/lectern/dev/stripe/secret-key"], "sk_test_x")

    def test_the_admin_url_escapes_the_password_and_asks_for_tls(self):
        url = secrets_store.admin_url("db.example", "27183", "a/b@c")
        self.assertEqual(url, "postgresql://lectern_admin:a%2Fb%40c@db.example:27183/postgres?sslmode=require")

    def test_the_databases_certificates_are_stored_as_plain_text(self):
        ssm = Ssm()
        secrets_store.Secrets(ssm, "dev").write_ca("eu-central-1", fetch=lambda region: f"PEM of {region}")
        self.assertEqual(ssm.values["/lectern/dev/database/ca"], "PEM of eu-central-1")
        self.assertEqual(ssm.kinds["/lectern/dev/database/ca"]["Type"], "String")


class BuildTest(Quiet):
    def tree(self, head: bytes) -> Path:
        root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for part in ("platform", *CONTEXTS):
            path = template(part, root)
            path.parent.mkdir(parents=True, exist_ok=True)
            up = "" if part == "platform" else "../../"
            path.write_text(f"Resources:\n  F:\n    Properties:\n      CodeUri: {up}target/lambda/{part}-f/\n")
            binary = root / "target" / "lambda" / f"{part}-f" / "bootstrap"
            binary.parent.mkdir(parents=True)
            binary.write_bytes(head)
        return root

    def test_code_is_found_beside_the_repositorys_root(self):
        root = self.tree(b"").resolve()
        self.assertEqual(code_directories("booking", root), [root / "target" / "lambda" / "booking-f"])

    def test_a_binary_for_arm64_is_shipped(self):
        checks.check_build(self.tree(b"\x7fELF" + bytes(14) + (183).to_bytes(2, "little")))

    def test_a_stub_of_the_local_platform_is_not_shipped(self):
        with self.assertRaisesRegex(Problem, "booking-f: not a binary"):
            checks.check_build(self.tree(b"#!/bin/sh\nexec x\n........"))

    def test_a_binary_for_another_processor_is_not_shipped(self):
        with self.assertRaisesRegex(Problem, "not built for arm64"):
            checks.check_build(self.tree(b"\x7fELF" + bytes(14) + (62).to_bytes(2, "little")))


def session(**clients) -> mock.Mock:
    return mock.Mock(region_name="eu-central-1", client=lambda name, **_: clients[name])


def sts() -> mock.Mock:
    return mock.Mock(get_caller_identity=lambda: {"Account": "1", "Arn": "arn:aws:iam::1:user/ann"})


class ChecksTest(Quiet):
    def test_without_a_region_nothing_is_tried(self):
        with self.assertRaisesRegex(Problem, "AWS_REGION"):
            checks.check_account(mock.Mock(region_name=None), "dev")

    def test_bad_credentials_are_named(self):
        refused = mock.Mock(get_caller_identity=mock.Mock(side_effect=client_error("ExpiredToken")))
        with self.assertRaisesRegex(Problem, "no valid AWS credentials"):
            checks.check_account(session(sts=refused), "dev")

    def test_a_stack_that_never_came_up_stops_the_deployment(self):
        formation = mock.Mock(describe_stacks=lambda StackName: {"Stacks": [{"StackStatus": "ROLLBACK_COMPLETE"}]})
        with self.assertRaisesRegex(Problem, "lectern-dev-platform is in ROLLBACK_COMPLETE"):
            checks.check_stacks(session(cloudformation=formation), "dev")

    def test_no_stacks_at_all_is_fine(self):
        missing = mock.Mock(side_effect=client_error("ValidationError", "Stack with id x does not exist"))
        checks.check_stacks(session(cloudformation=mock.Mock(describe_stacks=missing)), "dev")

    def test_a_failed_stack_names_the_resource_that_failed_and_not_the_cancelled_ones(self):
        def event(name, status, reason):
            return {"LogicalResourceId": name, "ResourceType": "T", "ResourceStatus": status,
                    "ResourceStatusReason": reason, "Timestamp": datetime(2026, 1, 1, tzinfo=timezone.utc)}

        events = [event("B", "CREATE_FAILED", "Resource creation cancelled"), event("A", "CREATE_FAILED", "no such zone"),
                  event("C", "CREATE_COMPLETE", "")]
        formation = mock.Mock(describe_stack_events=lambda StackName: {"StackEvents": events})
        self.assertEqual(checks.failures(formation, "s", 0), ":\n  A (T): no such zone")


class InvokeTest(Quiet):
    def answers(self, *payloads):
        replies = []
        for payload in payloads:
            reply = {"Payload": io.BytesIO(payload.encode())}
            if "errorMessage" in payload:
                reply["FunctionError"] = "Unhandled"
            replies.append(reply)
        return mock.Mock(invoke=mock.Mock(side_effect=replies))

    def test_a_sleeping_database_is_waited_for(self):
        client = self.answers('{"errorMessage":"database asleep"}', '{"databases":[]}')
        answer = deploy._invoke(session(**{"lambda": client}), "f", pause=lambda _: None)
        self.assertEqual(answer, '{"databases":[]}')
        self.assertIn("database asleep", self.printed.getvalue())

    def test_a_function_that_keeps_failing_stops_the_deployment_with_its_words(self):
        client = self.answers(*['{"errorMessage":"V003 is broken"}'] * 4)
        with self.assertRaisesRegex(Problem, "V003 is broken"):
            deploy._invoke(session(**{"lambda": client}), "f", pause=lambda _: None)


class DeployTest(Quiet):
    def test_platform_comes_first_then_logins_then_each_context_and_its_migration(self):
        ssm, steps = Ssm(), []
        with (
            mock.patch.multiple(deploy, check_room=mock.DEFAULT, check_stacks=mock.DEFAULT, check_build=mock.DEFAULT),
            mock.patch.object(deploy, "sam", return_value="sam"),
            mock.patch.object(deploy, "_deploy_stack", side_effect=lambda _s, _p, _stage, part: steps.append(part)),
            mock.patch.object(deploy, "_invoke", side_effect=lambda _s, name: steps.append(name)),
            mock.patch.object(deploy, "_is_healthy", return_value=True),
            mock.patch.object(secrets_store, "fetch_ca", return_value="PEM"),
            mock.patch.object(deploy, "_outputs", return_value={
                "DatabaseHost": "db", "DatabasePort": "27183", "ApiUrl": "https://api", "SignInUrl": "https://in",
                "WebClientId": "w"}),
        ):
            deploy.deploy(session(sts=sts(), ssm=ssm), "dev", {"STRIPE_SECRET_KEY": "sk_test_x"}, build=False)
        self.assertEqual(steps, [
            "platform", "lectern-dev-prepare-databases",
            "identity", "lectern-dev-migrate-identity", "tutoring", "lectern-dev-migrate-tutoring",
            "booking", "lectern-dev-migrate-booking", "payments", "lectern-dev-migrate-payments",
            "lectern-dev-ensure-billing-catalogue"])
        self.assertIn("database/admin-url", "".join(ssm.values))
        text = self.printed.getvalue()
        self.assertIn("https://api/v1/webhooks/stripe", text)
        for name, value in ssm.values.items():
            if name.split("/")[-1] in ("admin-password", "admin-url", "secret-key", "webhook-secret", "connect-webhook-secret"):
                self.assertNotIn(value, text)


class DestroyTest(Quiet):
    def setUp(self) -> None:
        super().setUp()
        self.formation = mock.Mock(describe_stacks=lambda StackName: {"Stacks": [{"StackStatus": "CREATE_COMPLETE"}]})
        self.ssm = Ssm(**{f"p{number}": "v" for number in range(23)})
        self.rds = mock.Mock(describe_db_cluster_snapshots=lambda SnapshotType: {"DBClusterSnapshots": [
            {"DBClusterIdentifier": "lectern-dev", "DBClusterSnapshotIdentifier": "last-of-dev"},
            {"DBClusterIdentifier": "lectern-prod", "DBClusterSnapshotIdentifier": "of-prod"}]})
        self.s3 = mock.Mock(delete_objects=mock.Mock(return_value={}))
        self.s3.get_paginator.return_value.paginate.return_value = [{}]
        clients = {"cloudformation": self.formation, "ssm": self.ssm, "rds": self.rds, "s3": self.s3}
        self.session = session(sts=sts(), **clients)

    def test_prod_needs_a_flag(self):
        with self.assertRaisesRegex(Problem, "PROD=yes"):
            destroy.destroy(self.session, "prod", ask=lambda _: "prod")
        self.formation.delete_stack.assert_not_called()

    def test_another_name_deletes_nothing(self):
        with self.assertRaisesRegex(Problem, "nothing was deleted"):
            destroy.destroy(self.session, "dev", ask=lambda _: "yes")
        self.formation.delete_stack.assert_not_called()

    def test_contexts_go_before_the_platform_and_the_parameters_last(self):
        destroy.destroy(self.session, "dev", ask=lambda _: "dev")
        deleted = [call.kwargs["StackName"] for call in self.formation.delete_stack.call_args_list]
        self.assertEqual(deleted, [f"lectern-dev-{part}" for part in
                                   ("payments", "booking", "tutoring", "identity", "platform")])
        self.assertEqual(self.ssm.values, {})
        self.assertIn("last-of-dev", self.printed.getvalue())
        self.assertNotIn("of-prod", self.printed.getvalue())

    def test_each_bucket_is_emptied_before_its_stack_goes(self):
        pages = [{"Contents": [{"Key": "exports/a"}, {"Key": "exports/b"}]}, {"Contents": [{"Key": "exports/c"}]}]
        self.s3.get_paginator.return_value.paginate.return_value = pages
        seen = []
        self.s3.delete_objects.side_effect = lambda Bucket, Delete: seen.append(
            (Bucket[:20], [each["Key"] for each in Delete["Objects"]], self.formation.delete_stack.call_count)) or {}
        destroy.destroy(self.session, "dev", ask=lambda _: "dev")
        self.assertEqual(seen, [(bucket, keys, after) for bucket, after in
                                (("lectern-dev-tutor-fi", 2), ("lectern-dev-exports-", 4))
                                for keys in (["exports/a", "exports/b"], ["exports/c"])])

    def test_a_bucket_that_never_was_is_no_reason_to_stop_and_one_that_stays_full_is(self):
        pages = self.s3.get_paginator.return_value.paginate
        pages.side_effect = client_error("NoSuchBucket")
        destroy.destroy(self.session, "dev", ask=lambda _: "dev")
        self.assertEqual(self.formation.delete_stack.call_count, 5)
        pages.side_effect = client_error("AccessDenied")
        with self.assertRaisesRegex(Problem, "couldn't be emptied"):
            destroy.destroy(self.session, "dev", ask=lambda _: "dev")
        pages.side_effect, pages.return_value = None, [{"Contents": [{"Key": "exports/a"}]}]
        self.s3.delete_objects.return_value = {"Errors": [{"Code": "AccessDenied"}]}
        with self.assertRaisesRegex(Problem, "couldn't be emptied"):
            destroy.destroy(self.session, "dev", ask=lambda _: "dev")
        self.assertEqual(self.formation.delete_stack.call_args.kwargs["StackName"], "lectern-dev-booking")

    def test_a_stack_that_stays_is_named_and_stops_the_rest(self):
        failed = WaiterError("StackDeleteComplete", "state", {})
        self.formation.get_waiter.return_value.wait.side_effect = failed
        self.formation.describe_stack_events.return_value = {"StackEvents": []}
        with self.assertRaisesRegex(Problem, "lectern-dev-payments wasn't deleted"):
            destroy.destroy(self.session, "dev", ask=lambda _: "dev")
        self.assertEqual(len(self.ssm.values), 23)


if __name__ == "__main__":
    unittest.main()

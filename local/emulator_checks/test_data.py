"""What is kept: parameters, tables, and everything over a kill."""

import os
import signal
import unittest

from .accounts import claims, refresh, tokens
from .world import World, http, shared, until


class Data(unittest.TestCase):
    def test_a_template_can_say_which_attribute_ends_an_items_life(self) -> None:
        described = shared().client("dynamodb").describe_time_to_live(TableName="check")["TimeToLiveDescription"]
        self.assertEqual((described["TimeToLiveStatus"], described["AttributeName"]), ("ENABLED", "expiresAt"))

    def test_a_condition_that_fails_changes_nothing(self) -> None:
        table = shared().client("dynamodb")
        table.put_item(TableName="check", Item={"id": {"S": "one"}, "n": {"N": "1"}})
        with self.assertRaises(table.exceptions.ConditionalCheckFailedException):
            table.put_item(
                TableName="check",
                Item={"id": {"S": "one"}, "n": {"N": "2"}},
                ConditionExpression="attribute_not_exists(id)",
            )
        self.assertEqual(table.get_item(TableName="check", Key={"id": {"S": "one"}})["Item"]["n"], {"N": "1"})

    def test_a_secure_string_is_only_readable_decrypted(self) -> None:
        ssm = shared().client("ssm")
        ssm.put_parameter(Name="/secret/one", Value="hush", Type="SecureString", Overwrite=True)
        shut = ssm.get_parameter(Name="/secret/one", WithDecryption=False)["Parameter"]
        self.assertEqual(shut["Type"], "SecureString")
        self.assertNotEqual(shut["Value"], "hush")
        self.assertEqual(ssm.get_parameter(Name="/secret/one", WithDecryption=True)["Parameter"]["Value"], "hush")

    def test_a_stack_can_hand_a_parameter_over(self) -> None:
        self.assertEqual(shared().client("ssm").get_parameter(Name="/handed/over")["Parameter"]["Value"], "yes")


class Kill(unittest.TestCase):
    def _is_saved(self, world: World, service: str, word: str) -> bool:
        path = world.settings.state / "emulator" / f"{service}.json"
        return path.exists() and word in path.read_text()

    def test_a_killed_emulator_loses_nothing_older_than_a_few_seconds(self) -> None:
        world = World()
        self.addCleanup(world.end)
        world.start()
        world.deploy()
        session, ended = tokens(world, "survivor@example.com"), tokens(world, "survivor@example.com")
        world.client("cognito-idp").revoke_token(ClientId=world.outputs["Client"], Token=ended["RefreshToken"])
        out = tokens(world, "out@example.com")
        world.client("cognito-idp").global_sign_out(AccessToken=out["AccessToken"])
        world.client("ssm").put_parameter(Name="/kept/one", Value="v", Type="String")
        world.client("dynamodb").put_item(TableName="check", Item={"id": {"S": "kept"}})
        world.invoke("echo", {})
        for service, word in (
            *(("cloudformation", "check"), ("lambda", "check-echo"), ("apigateway", world.outputs["Api"])),
            *(("dynamodb", '"kept"'), ("ssm", "/kept/one"), ("iam", "TriggerRole")),
            *(("cognito", ended["RefreshToken"]), ("cognito", "_signout_at")),
        ):
            until(lambda service=service, word=word: self._is_saved(world, service, word))
        pid = world.processes.pid("emulator")
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        until(lambda: world.processes.pid("emulator") is None)
        world.start()
        self.assertEqual(world.client("ssm").get_parameter(Name="/kept/one")["Parameter"]["Value"], "v")
        self.assertIn("Item", world.client("dynamodb").get_item(TableName="check", Key={"id": {"S": "kept"}}))
        # A token from before the kill still opens a route of a stack from before the kill.
        authorization = {"Authorization": f"Bearer {session['AccessToken']}"}
        self.assertEqual(http("GET", world.api + "/mine", authorization)[0], 200)
        # And a session goes on, except where it was ended.
        refreshed = refresh(world, session["RefreshToken"])["AccessToken"]
        self.assertEqual(claims(refreshed)["origin_jti"], claims(session["AccessToken"])["origin_jti"])
        for each in (ended, out):
            with self.assertRaises(world.client("cognito-idp").exceptions.NotAuthorizedException):
                refresh(world, each["RefreshToken"])
        self.assertEqual(world.invoke("echo", {"again": True})["event"], {"again": True})

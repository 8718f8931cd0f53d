"""Makes the contract that the stand-in is held to: `python -m local.stripe_checks.contract PUBLISHED CONTRACT`.

Stripe's OpenAPI as npm has it is older than the version of the API that we pin. What changed since then is not written
down by us: Stripe's SDK of the pinned version says it. So the contract is the published document, in which each object
and each request has the members that the SDK knows: those that it doesn't know any more are gone, those that are new
are added with the SDK's type, words that a member may newly be are added to its own.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from stripe._api_version import _ApiVersion

from .json_schema import of_answer, of_form, of_query
from .sdk_types import Names, Operation, Schema, Types, annotations_of, operations

_FORM = "application/x-www-form-urlencoded"
_METHODS = ("get", "post", "delete")


class Contract:
    """The document while it is being brought up to date."""

    def __init__(self, published: dict[str, Any]) -> None:
        self.document = published
        self.schemas: dict[str, Schema] = published["components"]["schemas"]
        self.names = Names()
        self.types = Types()
        self._done: set[tuple[int, type]] = set()

    def expandable(self) -> dict[str, dict[str, list[str]]]:
        """Of each object the ids that can be expanded, and the members that lead to such or are lists to be had."""
        found = {}
        for kind, owner in self.names.resources.items():
            members = annotations_of(owner)
            ids = [name for name, annotation in members.items() if self.types.is_expandable(annotation)]
            hashes = [name for name, annotation in members.items() if self.types.nested(annotation)]
            listed = self.schemas[kind].get("x-expandableFields", ())
            ways = sorted({*hashes, *listed} - {*ids})
            found[kind] = {"ids": ids, "ways": ways}
        return found

    def bring_up_to_date(self) -> None:
        """Does all of it."""
        for kind, owner in self.names.resources.items():
            if kind in self.schemas:
                self._merge(self.schemas[kind], owner)
            else:
                self.schemas[kind] = self.types.object(owner)
        for operation in operations():
            self._merge_operation(operation)

    def _merge(self, schema: Schema, owner: type) -> None:
        """Gives a schema the members of a class, in place."""
        if (id(schema), owner) in self._done or "properties" not in schema:
            return
        self._done.add((id(schema), owner))
        members = annotations_of(owner)
        # A class without members stands for an object that the SDK says nothing about.
        if not members:
            return
        properties = schema["properties"]
        for name in [name for name in properties if name not in members]:
            del properties[name]
        for name, kind in members.items():
            if name in properties:
                self._merge_member(properties, name, kind)
            else:
                properties[name] = self.types.schema(kind)
        required = [name for name in schema.get("required", ()) if name in properties]
        required = [name for name in required if not self.types.shape(members[name])[2]]
        schema.pop("required", None)
        if required:
            schema["required"] = required

    def _merge_member(self, properties: dict[str, Schema], name: str, kind: Any) -> None:
        classes = self.types.nested(kind)
        held = [each for each in self._held(properties[name]) if "properties" in each]
        for owner in classes:
            if len(held) == len(classes) == 1:
                self._merge(held[0], owner)
        newer = self.types.schema(kind)
        if newer.get("nullable") and not properties[name].get("nullable"):
            # An alternative of its own, since a reference has no room for it.
            properties[name] = {"nullable": True, "anyOf": [properties[name]]}
        only = self._only(properties[name])
        if "enum" in newer and "enum" in only:
            known = only["enum"]
            known += [word for word in newer["enum"] if word not in known]
        elif not (classes and held) and newer and _kind(newer) != _kind(only):
            properties[name] = newer

    def _only(self, schema: Schema) -> Schema:
        """The one alternative of a member that has but one."""
        inner = schema.get("anyOf", ())
        return self._only(inner[0]) if len(inner) == 1 else schema

    def _held(self, schema: Schema) -> list[Schema]:
        """The objects that a member may hold: itself, what it refers to, its elements."""
        if "$ref" in schema:
            return [self.schemas[schema["$ref"].rsplit("/", 1)[1]]]
        inner = [*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else [])]
        return [schema] if not inner else [each for one in inner for each in self._held(one)]

    def _merge_operation(self, operation: Operation) -> None:
        paths = self.document["paths"]
        path = next((known for known in paths if _same(known, operation.path)), operation.path)
        methods = paths.setdefault(path, {})
        owner = operation.params
        described = methods.setdefault(operation.method, {"responses": self._answer(operation)})
        if operation.method == "post":
            body = described.setdefault("requestBody", {"content": {_FORM: {"schema": {}}}})
            form = body["content"].setdefault(_FORM, {"schema": {}})
            if form["schema"].get("properties"):
                self._merge(form["schema"], owner)
            else:
                form["schema"] = self.types.object(owner)
        else:
            self._merge_query(described, owner)

    def _answer(self, operation: Operation) -> dict[str, Any]:
        """Of an operation that is newer than the document, where it answers a resource."""
        kind = vars(operation.answer).get("OBJECT_NAME") if operation.answer else None
        if kind not in self.schemas:
            return {}
        schema = {"$ref": f"#/components/schemas/{kind}"}
        return {"200": {"content": {"application/json": {"schema": schema}}}}

    def _merge_query(self, described: dict[str, Any], owner: type) -> None:
        members = annotations_of(owner)
        listed = [each for each in described.get("parameters", ()) if each["in"] != "query" or each["name"] in members]
        known = {each["name"] for each in listed}
        for name, kind in members.items():
            if name not in known:
                required = self.types.is_required(kind)
                listed.append({"in": "query", "name": name, "required": required, "schema": self.types.schema(kind)})
        described["parameters"] = listed


def _kind(schema: Schema) -> str:
    """What tells apart a text from a number from an object."""
    if "anyOf" in schema:
        return "anyOf"
    return "object" if "$ref" in schema else str(schema.get("type", ""))


def _same(known: str, path: str) -> bool:
    """Whether two paths are the same but for the names of what they hold."""
    return re.sub(r"{\w+}", "{}", known) == re.sub(r"{\w+}", "{}", path)


def _requests(described: dict[str, Any], method: str) -> Schema:
    if method != "post":
        return of_query(described.get("parameters", []))
    form = described.get("requestBody", {}).get("content", {}).get(_FORM, {}).get("schema", {})
    return of_form(form) | {"additionalProperties": False}


def _answers(described: dict[str, Any]) -> Schema:
    answers = described["responses"].get("200", {}).get("content", {})
    return of_answer(answers.get("application/json", {}).get("schema", {}))


def make(published: Path, contract: Path) -> None:
    """Writes the contract: the schemas of objects, and of each operation what it is asked and what it answers."""
    made = Contract(json.loads(published.read_text()))
    made.bring_up_to_date()
    listed = [
        {"method": method, "path": path, "request": _requests(described, method), "answer": _answers(described)}
        for path, methods in made.document["paths"].items()
        for method, described in methods.items()
        if method in _METHODS and path.startswith("/v1/")
    ]
    schemas = {name: of_answer(schema) for name, schema in made.schemas.items()}
    kept = {
        "version": _ApiVersion.CURRENT,
        "operations": listed,
        "schemas": schemas,
        "expandable": made.expandable(),
    }
    contract.write_text(json.dumps(kept, separators=(",", ":")))


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))

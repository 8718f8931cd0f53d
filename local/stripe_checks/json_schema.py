"""Schemas of OpenAPI 3.0 as JSON Schema: of what is answered, and of the forms that ask."""

from typing import Any

from .sdk_types import Schema

# The name under which the schemas refer to each other.
ADDRESS = "json-schema:///stripe.json"
_REFERENCE = "#/components/schemas/"
# Of what is left these say what may be; all else is for people and generators.
_KEPT = ("type", "enum", "maxLength", "pattern", "required", "maximum", "minimum", "maxItems", "minItems")

_WHOLE = {"type": "string", "pattern": "^-?[0-9]+$"}
_DECIMAL = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
_BOOLEAN = {"enum": ["true", "false"]}
_IN_FORMS: dict[str, Schema] = {"integer": _WHOLE, "number": _DECIMAL, "boolean": _BOOLEAN}


def of_answer(schema: Schema) -> Schema:
    """What may be answered. An object that names its members has no others: a member too many is one that we made up."""
    if "$ref" in schema:
        made: Schema = {"$ref": schema["$ref"].replace(_REFERENCE, ADDRESS + "#/schemas/")}
    else:
        made = {name: schema[name] for name in _KEPT if name in schema}
        _members(schema, made, of_answer)
        if "anyOf" in schema:
            made["anyOf"] = [of_answer(each) for each in schema["anyOf"]]
    return _or_null(made) if schema.get("nullable") else made


def of_form(schema: Schema) -> Schema:
    """What may be asked in a form, where everything is text."""
    if "anyOf" in schema:
        return {"anyOf": [of_form(each) for each in schema["anyOf"]]}
    kind = schema.get("type", "")
    if kind in _IN_FORMS:
        # Nothing at all unsets what was set, where Stripe allows it: not for a schema to say.
        return _IN_FORMS[kind]
    made = {name: schema[name] for name in _KEPT if name in schema}
    _members(schema, made, of_form)
    if "enum" in made:
        made["enum"] = [each if isinstance(each, str) else str(each).lower() for each in made["enum"]]
    return made


def of_query(parameters: list[dict[str, Any]]) -> Schema:
    """What may be asked in a query."""
    asked = [each for each in parameters if each["in"] == "query"]
    properties = {each["name"]: each["schema"] for each in asked}
    required = sorted(each["name"] for each in asked if each.get("required"))
    return of_form({"type": "object", "properties": properties, "required": required}) | {"additionalProperties": False}


def _members(schema: Schema, made: Schema, convert: Any) -> None:
    if schema.get("properties"):
        made["properties"] = {name: convert(each) for name, each in schema["properties"].items()}
        made["additionalProperties"] = False
    if isinstance(schema.get("additionalProperties"), dict):
        made["additionalProperties"] = convert(schema["additionalProperties"])
    if "items" in schema:
        made["items"] = convert(schema["items"])


def _or_null(made: Schema) -> Schema:
    if "enum" in made:
        made["enum"] = [*made["enum"], None]
    if isinstance(made.get("type"), str) and "anyOf" not in made:
        return made | {"type": [made["type"], "null"]}
    return {"anyOf": [made, {"type": "null"}]} if made else made

"""Holds an OpenAPI description to the rules of OpenAPI 3.1, and exchanges with the service to the description.

Reads {"description": …, "exchanges": […]} from standard input. An exchange is what was asked and answered:
{"path": template, "method", "request": {"media", "body"} or null, "status", "media", "headers": {…}, "body"}. A body is
the parsed JSON, or null where it is none. Says what is wrong, a line each, and ends with 1 if anything is.
"""

import json
import sys

from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

DESCRIPTION = "urn:description"


def resolve(document, value):
    while "$ref" in value:
        pointer = value["$ref"].removeprefix("#/").split("/")
        value = document
        for name in pointer:
            value = value[name]
    return value


def schema_errors(document, schema, body):
    """The schema stands in the description, so that its references are looked up there."""
    registry = Registry().with_resource(DESCRIPTION, Resource(contents=document, specification=DRAFT202012))
    validator = OAS31Validator(
        anchored(schema), registry=registry, format_checker=OAS31Validator.FORMAT_CHECKER
    )
    for error in validator.iter_errors(body):
        yield f"{error.json_path}: {error.message[:300]}"


def anchored(schema):
    if isinstance(schema, dict):
        return {
            name: DESCRIPTION + value if name == "$ref" else anchored(value) for name, value in schema.items()
        }
    return [anchored(value) for value in schema] if isinstance(schema, list) else schema


def content_errors(document, content, media, body):
    media = media.split(";")[0]
    if media not in content:
        return [f"{media} is not among {sorted(content)}"]
    schema = content[media].get("schema")
    return list(schema_errors(document, schema, body)) if body is not None and schema else []


def exchange_errors(document, exchange):
    operation = document["paths"][exchange["path"]][exchange["method"]]
    if exchange["request"]:
        content = resolve(document, operation["requestBody"])["content"]
        yield from content_errors(document, content, exchange["request"]["media"], exchange["request"]["body"])
    status = str(exchange["status"])
    if status not in operation["responses"]:
        yield f"{status} is not among {sorted(operation['responses'])}"
        return
    response = resolve(document, operation["responses"][status])
    for name, header in response.get("headers", {}).items():
        header, value = resolve(document, header), exchange["headers"].get(name.lower())
        if value is None:
            yield f"header {name} is missing"
        else:
            value = int(value) if header["schema"].get("type") == "integer" else value
            yield from (f"header {name}: {error}" for error in schema_errors(document, header["schema"], value))
    yield from content_errors(document, response["content"], exchange["media"], exchange["body"])


def main():
    given = json.load(sys.stdin)
    document = given["description"]
    wrong = [f"description: {error.message}" for error in OpenAPIV31SpecValidator(document).iter_errors()]
    if not wrong:
        for exchange in given["exchanges"]:
            name = f"{exchange['method']} {exchange['path']} {exchange['status']}"
            wrong += [f"{name}: {error}" for error in exchange_errors(document, exchange)]
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

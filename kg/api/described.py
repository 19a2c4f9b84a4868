"""The OpenAPI document of the interface -> its operations as a page shows them."""

from __future__ import annotations

from typing import Any

from kg.api.problems import ALWAYS


def groups(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the operations of an OpenAPI document by tag, each with its parameters and answers."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            one = {
                "method": method.upper(),
                "path": path,
                "anchor": told["operationId"],
                "summary": told["summary"],
                "description": told["description"],
                "params": [_param(param) for param in told.get("parameters", ())],
                "body": _body(document, told),
                "answers": [
                    {
                        "status": status,
                        "description": answer["description"],
                        "media": list(answer.get("content", ())),
                    }
                    for status, answer in told["responses"].items()
                    if status not in {str(one) for one in ALWAYS}
                ],
            }
            found.setdefault(told["tags"][0], []).append(one)
    return found


def _param(param: dict[str, Any]) -> dict[str, Any]:
    schema = param["schema"]
    examples = schema.get("examples") or schema.get("items", {}).get("examples") or [""]
    kinds = [one.get("type", "") for one in schema.get("anyOf", [schema])]
    return {
        "name": param["name"],
        "where": param["in"],
        "type": next((kind for kind in kinds if kind != "null"), ""),
        "description": param.get("description", ""),
        "example": param.get("example", examples[0]),
    }


def _body(document: dict[str, Any], told: dict[str, Any]) -> list[dict[str, Any]]:
    parts = []
    for media, content in told.get("requestBody", {}).get("content", {}).items():
        schema = content["schema"]
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
        fields = [
            {"name": name, "description": field.get("description", "")}
            for name, field in schema.get("properties", {}).items()
        ]
        parts.append({"media": media, "fields": fields})
    return parts

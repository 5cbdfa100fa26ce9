"""The document agrees with the code."""

import re

import pytest
from bottle import Bottle

from player.web import api
from player.web.openapi import document
from tests.player.web.house import SETTINGS


@pytest.fixture
def paths(client):
    return client.get("/api/openapi.json").json()["paths"]


def test_every_route_is_in_the_document_and_vice_versa(house, paths):
    app = Bottle()
    api.mount(app, house.remote)
    routes = {(route.method.lower(), re.sub(r"<(\w+)>", r"{\1}", route.rule)) for route in app.routes}
    assert routes == {(method, path) for path, operations in paths.items() for method in operations}


def test_only_get_and_post_and_every_operation_says_what_it_does(paths):
    for operations in paths.values():
        for method, operation in operations.items():
            assert method in ("get", "post")
            assert operation["summary"].endswith(".")
            assert {"400", "401", "403", "429"} <= set(operation["responses"])
            assert (method == "get") <= ("requestBody" not in operation)


def test_answers_have_the_properties_of_their_schemas(house, client, paths):
    found = document(list(SETTINGS))
    schemas = found["components"]["schemas"]
    house.log_tail("a line")

    def check(schema, value, where):
        if "$ref" in schema:
            schema = schemas[schema["$ref"].rpartition("/")[2]]
        if schema.get("type") == "object" and "properties" in schema:
            assert set(value) == set(schema["properties"]), where
            for name, inner in schema["properties"].items():
                check(inner, value[name], f"{where}.{name}")
        if schema.get("type") == "array" and value and "items" in schema:
            check(schema["items"], value[0], f"{where}[0]")

    looked_at = 0
    for path, operations in paths.items():
        content = operations.get("get", {}).get("responses", {}).get("200", {}).get("content", {})
        if "application/json" in content:
            check(content["application/json"]["schema"], client.get(path).json(), path)
            looked_at += 1
    assert looked_at >= 7


def test_the_settings_that_can_be_sent_are_those_that_can_be_set(paths):
    body = paths["/api/settings"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert list(body["properties"]) == list(SETTINGS)
    assert body["properties"]["interval"]["maximum"] == 604800
    assert body["properties"]["end"]["enum"] == ["stop", "next", "loop"]

"""The API against its own document, by schemathesis: requests that keep to it, and requests that do not.

Its checks: never a server error, no status and no content type that the document does not name, answers as
their schema says, what breaks the document is refused, other methods are refused.
"""

import io

import pytest

from player.web.guard import Bucket
from player.web.openapi import document
from tests.player.web.house import HERE, HOST, PHONE, SETTINGS, House

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from schemathesis import GenerationMode  # noqa: E402
from schemathesis.checks import CHECKS  # noqa: E402

HEADERS = {"Host": HOST, "Origin": HERE}
CASES = [
    pytest.param(method.upper(), path, mode, id=f"{method}-{path}-{mode.value}")
    for path, operations in document(list(SETTINGS))["paths"].items()
    for method, operation in operations.items()
    for mode in GenerationMode
    if path != "/api/openapi.json"  # schemathesis leaves out what it was loaded from
    if mode is GenerationMode.POSITIVE or "requestBody" in operation  # otherwise nothing can be wrong
]
# A quiet hour such as "x" keeps to the schema, which knows a text there, and is refused all the same.
NOT_CHECKED = {"positive_data_acceptance"}


@pytest.fixture
def operations(make_house):
    """All operations of a house that needs no token and limits no rate."""
    house: House = make_house(asks=False)
    house.show()
    house.log_tail("a line")
    house.remote.pace = Bucket(10**9, 1.0, lambda: 0.0)

    def app(environ, start_response):
        return house.app({**environ, "REMOTE_ADDR": PHONE, "wsgi.errors": io.StringIO()}, start_response)

    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app, headers=HEADERS)
    found = [result.ok() for result in schema.get_all_operations()]
    yield {(operation.method.upper(), operation.path): operation for operation in found}
    assert house.logged == [] or all("upload" in line for line in house.logged), "nothing failed"


@pytest.mark.parametrize(("method", "path", "mode"), CASES)
def test_the_api_keeps_to_its_document(operations, method, path, mode):
    excluded = [check for check in CHECKS.get_all() if check.__name__ in NOT_CHECKED]
    assert len(excluded) == len(NOT_CHECKED)

    @settings(max_examples=25, deadline=None, derandomize=True, database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(case=operations[method, path].as_strategy(generation_mode=mode))
    def keeps_to_it(case):
        case.call_and_validate(headers=HEADERS, excluded_checks=excluded)

    keeps_to_it()

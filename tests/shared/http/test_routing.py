"""Which route a path means, behind a stage, a base path, or neither."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.http.api import ROUTES
from shared.http.routing import Place, find
from shared.triggers import HttpRequest

ONE = "/recordings/{id}"


def place(path: str, method: str = "GET", stage: str = "", matched: str = "") -> Place | None:
    """Find what a call means."""
    request = HttpRequest(method, path, {}, {}, b"", "", stage=stage, matched=matched)
    return find(request, method, ROUTES)


@pytest.mark.parametrize("base", ["", "/release", "/release/v1", "/other.example", "/v1.2~a_b-c"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_every_route_is_found_under_any_base_path(base: str, slash: str) -> None:
    """Whole, with one slash at its end or none."""
    for route, methods in ROUTES.items():
        path = base + route.replace("{id}", "lesson-42") + slash
        expected = Place(base, route, "lesson-42" if "{id}" in route else None)
        assert {expected} == {place(path, method) for method in methods}


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "//",
        "recordings",
        "//other.example/console",
        "/\\other.example/console",
        "///console",
        "/https:/other.example/console",
        "/other.example:8080/console",
        "/user@other.example/console",
        "/../console",
        "/./console",
        "/release/../recordings",
        "/%2e%2e/recordings",
        "/%2Fother.example/console",
        "/%5Cother.example/console",
        "/release//recordings",
        "/recordings//",
        "/recordings/a%2Fstop",
        "/recordings/..",
        "/recordings/%252e",
        "/recordings/a b",
        "/recordings/录制",
        f"/recordings/{'a' * 27}",
        "/recordings/x/nothing",
        "/recordings/x/stop/more",
        "/recordingsx",
        "/xrecordings",
        "/console/console.html",
        "/console/../api.py",
        "/healthz/x",
        "/openapi.json/x",
        "/a/b/c/d/e/f/g/h/i/recordings",
        "/release" * 300 + "/recordings",
        "/recordings\n",
        "/rec\x00ordings",
    ],
)
def test_any_other_path_leads_nowhere(path: str) -> None:
    """It is matched from its first character to its last, never searched."""
    assert place(path) is None


@pytest.mark.parametrize(
    ("path", "method", "stage", "matched", "expected"),
    [
        # A gateway that says its stage: the base is the stage.
        ("/release/recordings/recordings", "GET", "release", "/recordings", Place("/release", ONE, "recordings")),
        ("/recordings/recordings", "GET", "recordings", "/recordings", Place("/recordings", "/recordings")),
        ("/console/console", "GET", "console", "/", Place("/console", "/console")),
        ("/healthz/recordings/x", "DELETE", "healthz", "/recordings", Place("/healthz", ONE, "x")),
        ("/recordings/abc", "GET", "recordings", "/recordings", Place("", ONE, "abc")),
        # A domain with a base path: the gateway says what it matched behind it.
        ("/recordings/recordings", "POST", "release", "/recordings", Place("/recordings", "/recordings")),
        ("/recordings/recordings", "GET", "release", "/recordings", Place("/recordings", "/recordings")),
        ("/recordings/recordings/x", "GET", "release", "/recordings", Place("/recordings", ONE, "x")),
        ("/recordings/console", "GET", "release", "/console", Place("/recordings", "/console")),
        ("/recordings/recordings/x", "GET", "release", ONE, Place("/recordings", ONE, "x")),
        ("/console/recordings", "GET", "release", "=/recordings", Place("/console", "/recordings")),
        # Nobody says anything: the method, then the shortest base path.
        ("/recordings/recordings", "POST", "", "", Place("/recordings", "/recordings")),
        ("/recordings/recordings", "GET", "", "", Place("", ONE, "recordings")),
        ("/recordings/recordings/stop", "POST", "", "", Place("", "/recordings/{id}/stop", "recordings")),
        ("/recordings/recordings/stop", "DELETE", "", "", Place("/recordings", ONE, "stop")),
        ("/console/recordings", "GET", "", "", Place("/console", "/recordings")),
        ("/recordings/x/console", "GET", "", "", Place("/recordings/x", "/console")),
        ("/recordings/a%2Db", "GET", "", "", Place("", ONE, "a-b")),
        # A method that no reading has.
        ("/recordings/x", "PATCH", "", "", Place("", ONE, "x")),
    ],
)  # fmt: skip
def test_a_base_path_may_be_named_like_a_route(
    path: str, method: str, stage: str, matched: str, expected: Place
) -> None:
    """The gateway's own words come first, then what has the method."""
    assert expected == place(path, method, stage, matched)


@given(
    st.text(max_size=80)
    | st.lists(st.sampled_from(["", "..", "recordings", "console", "x", "%2e", "\\"])).map("/".join)
)
def test_a_path_is_read_whole_or_not_at_all(path: str) -> None:
    """What is found makes up the path, and its base is plain: with an origin in front it stays there."""
    found = place(path, stage=path[1:8], matched=path)
    if found is not None:
        assert re.fullmatch(r"(/[A-Za-z0-9._~-]+)*", found.base)
        whole = found.base + found.route.replace("{id}", found.id or "")
        assert quote(whole) in (quote(path, safe="/%"), quote(path.removesuffix("/"), safe="/%")) or "%" in path

"""Hosts: a name in another script is one name in two forms, and a glob may be written in either."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import Url

from shared.domain.errors import PageNotAllowed
from shared.domain.hosts import check_glob, matches, names
from shared.domain.notify_hosts import check_notify_url
from shared.domain.pages import check_page_host

READ, SENT = "例子.中国", "xn--fsqu00a.xn--fiqs8s"


@pytest.mark.parametrize("page", [READ, SENT, "例子。中国", "XN--fsqu00a.中国", f"{READ}:8443", f"{READ}."])
@pytest.mark.parametrize(
    "glob",
    [
        READ,
        SENT,
        "例子.xn--fiqs8s",
        "*.中国",
        "*.xn--fiqs8s",
        "例*.中国",
        "例?.*",
        "xn--*.中国",
        "例子。中国",
        f"{READ}.",
    ],
)
def test_either_form_matches_either(page: str, glob: str) -> None:
    """In pages and in notifications, whole or with wildcards."""
    check_page_host(f"https://{page}/", ["never.example", glob])
    check_notify_url(f"https://{page}/", ["never.example", glob])


@pytest.mark.parametrize(
    "glob", ["例.中国", "*.例子.中国", "例子.中", "例?子.中国", "xn--fsq.xn--fiqs8s", "?.中国", "*.cn"]
)
def test_another_name_does_not(glob: str) -> None:
    """Neither part of a name, nor a name below it."""
    with pytest.raises(PageNotAllowed):
        check_page_host(f"https://{READ}/", [glob])


@pytest.mark.parametrize(
    ("page", "glob"), [("bücher.example", "BÜCHER.example"), ("faß.de", "faß.de"), ("ａ.example", "a.example")]
)
def test_case_and_width_are_those_of_the_url(page: str, glob: str) -> None:
    """As browsers map a name."""
    check_page_host(f"https://{page}/", [glob])


@pytest.mark.parametrize("entry", ["private", "Private", "PRIVATE"])
def test_what_allows_private_hosts_is_read_in_any_case(entry: str) -> None:
    """It is a word of ours, as `REFUSE` is; in capitals it would be a host that nobody has."""
    check_page_host("http://10.0.0.1/", [check_glob(entry)])


def test_the_full_name_is_literal_in_either_form() -> None:
    """What an entry without wildcards allows besides, plain http, holds for both forms of it."""
    assert names(SENT, [READ])
    assert names(SENT, [SENT])
    assert not names(SENT, ["*.中国", "例?.中国"])
    check_notify_url(f"http://{SENT}/", [READ])


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_text_is_more_than_a_glob(host: str, glob: str) -> None:
    """Whatever is compared, the answer is yes or no; what is no glob is refused in words."""
    assert matches(host, [glob]) in (True, False)
    assert names(host, [glob]) in (True, False)
    said = ""
    try:
        check_glob(glob)
    except ValueError as error:
        said = str(error)
    assert said.startswith(("has a ", "must be ", "begins with ", "is no host name")) or not said


labels = st.text(st.sampled_from("abcxyz019例子中国ßüé"), min_size=1, max_size=8)


@given(st.lists(labels, min_size=2, max_size=4))
def test_a_name_matches_itself_and_its_parent_s_glob(parts: list[str]) -> None:
    """However it is written, in the form that a browser sends."""
    name = ".".join([*parts, "example"])
    sent = Url(f"https://{name}/").host
    assert sent
    readable, parent = Url(f"https://{sent}/").unicode_host(), ".".join([*parts[1:], "example"])
    for glob in (name, sent, readable, f"*.{parent}", f"*.{sent.partition('.')[2]}"):
        assert check_glob(str(glob)) == glob
        assert matches(sent, [str(glob)]), glob

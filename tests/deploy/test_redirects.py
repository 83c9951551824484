"""A deployment's keys and settings go to no host that an answer names."""

from __future__ import annotations

import pytest

from tests.serving import answering
from tests.shared.adapters.test_redirects import leading
from webrecord.deploy.cloud import Tencent
from webrecord.deploy.errors import ApiError


@pytest.mark.parametrize("service", ["scf", "cam", "cls", "sts"])
@pytest.mark.parametrize("status", [302, 307])
def test_an_api_that_redirects_is_an_error(service: str, status: int) -> None:
    """Who is named is not asked, be it for a read or a write."""
    with leading(status) as (url, asked):
        cloud = Tencent("AKIDx", "secret", "ap-guangzhou", endpoint=url, sleep=lambda _: None)
        for action in ("CreateThing", "DescribeThing"):
            with pytest.raises(ApiError):
                cloud.call(service, action, Secret="upload-key")
    assert [] == asked


@pytest.mark.parametrize("status", [302, 307])
def test_cos_that_redirects_is_an_error(status: int) -> None:
    """Neither is another host asked, nor is a redirect a bucket that was made."""
    with leading(status) as (url, asked):
        buckets = Tencent("AKIDx", "secret", "ap-guangzhou", cos_endpoint=url).buckets
        for call in (
            lambda: buckets.region_of("b-1250000000"),
            lambda: buckets.create("b-1250000000"),
            lambda: buckets.keys("b-1250000000", "", "", 9),
            lambda: buckets.read("b-1250000000", "k"),
        ):
            with pytest.raises(ApiError):
                call()
    assert [] == asked


def test_a_redirect_without_an_address_makes_no_bucket() -> None:
    """The SDK takes every status below 400 for success."""
    with answering(302) as (url, _), pytest.raises(ApiError):
        Tencent("AKIDx", "secret", "ap-guangzhou", cos_endpoint=url).buckets.create("b-1250000000")

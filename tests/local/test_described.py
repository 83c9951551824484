"""`python -m local up` and `webrecord deploy` read one description: what runs here runs alike there."""

from __future__ import annotations

from pathlib import Path

import yaml

from local.config import BUCKET, REGION, LocalConfig
from local.scf_function import Function
from tests.cloud import RunningCloud
from webrecord.deploy.description import Description, describe

ROOT = Path(__file__).parents[2]


def deployed() -> Description:
    """Return what would be deployed."""
    text = (ROOT / "serverless.yml").read_text("utf-8")
    return describe(yaml.safe_load(text), {"TENCENT_REGION": REGION, "WEBRECORD_BUCKET": BUCKET}, "scf-webrecord")


def limits(function: Function) -> tuple[float, int]:
    """Return time limit and memory of a function that runs here."""
    return function.config.timeout_s, function.config.memory_mb


def test_time_limits_memory_and_triggers_are_those_that_would_be_deployed(tmp_path: Path) -> None:
    """All three functions, and the keys whose creation calls them."""
    plan = deployed()
    with RunningCloud(LocalConfig(tmp_path, timer_recorder=True, gentle=True, tick_s=0)) as running:
        functions, triggers = running.cloud.functions, running.cloud.gateway.triggers
    assert {one.key: (float(one.timeout_s), one.memory_mb) for one in plan.functions} == {
        name: limits(function) for name, function in functions.items()
    }
    wanted = {(one.function, one.means["prefix"]) for one in plan.triggers if one.type == "cos"}
    assert wanted == {(one.function, one.prefix) for one in triggers}

"""The rules as people write them: what is taken, what is refused, in which words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from local.faults import FaultFile, Faults
from local.faults.model import mistakes

FILE: dict[str, Any] = {
    "seed": 7,
    "faults": [
        {"on": "callback", "do": "drop", "types": [801, 310], "task": "abc*", "nth": 2, "count": 3, "share": 0.5},
        {"on": "callback", "do": "reorder", "seconds": 9},
        {"on": "trtc", "do": "fail", "action": "StartWebRecord", "code": "RequestLimitExceeded"},
        {"on": "trtc", "do": "hang", "seconds": 20},
        {"on": "cos", "do": "lose", "method": "PUT", "key": "webrecord/*"},
        {"on": "cos", "do": "fail", "code": "Odd", "status": 418},
        {"on": "listing", "do": "stale", "seconds": 30},
        {"on": "browser", "do": "crash", "seconds": 5, "count": 2},
    ],
}


def test_a_file_is_read_and_listed_as_it_was_written() -> None:
    """Every kind of rule with every option survives; names are given in order."""
    rules = Faults(FaultFile.model_validate_json(json.dumps(FILE))).list()
    assert [f"f{number}" for number in range(1, 9)] == [rule["name"] for rule in rules]
    listed = [rule["fault"] for rule in rules]
    listed[0]["types"].sort()
    assert [{**FILE["faults"][0], "types": [310, 801]}, *FILE["faults"][1:]] == listed


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"on": "callback", "do": "fail"}, "faults.0.do: must be 'drop', 'delay', 'duplicate' or 'reorder'"),
        ({"on": "callback", "do": "drop", "action": "X"}, "faults.0.action: unknown field"),
        ({"on": "callback", "do": "drop", "seconds": 1}, "seconds goes with delay or reorder, not with drop"),
        ({"on": "trtc", "do": "lose", "code": "X"}, "code goes with fail, not with lose"),
        ({"on": "trtc", "do": "fail", "seconds": 1}, "seconds goes with hang or delay, not with fail"),
        ({"on": "cos", "do": "lose", "status": 500}, "status goes with fail, not with lose"),
        ({"on": "cos", "do": "fail", "status": 200}, "faults.0.status: must be at least 400"),
        ({"on": "trtc", "do": "fail", "nth": 0}, "faults.0.nth: must be at least 1"),
        ({"on": "trtc", "do": "fail", "share": 0}, "faults.0.share: must be more than 0"),
        ({"on": "listing", "do": "stale"}, "faults.0.seconds: is missing"),
        ({"on": "moon", "do": "drop"}, "'on' must be one of"),
        ({"do": "drop"}, "faults.0: 'on' is missing"),
    ],
)
def test_a_wrong_rule_is_refused_in_one_line(rule: dict[str, Any], said: str) -> None:
    """The line names the place and what would be right."""
    with pytest.raises(ValidationError) as refused:
        FaultFile.model_validate({"faults": [rule]})
    line = mistakes(refused.value)
    assert said in line
    assert "\n" not in line

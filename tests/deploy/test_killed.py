"""`make deploy-faults` at one call: killed there, the same command ends as one clean run does."""

from __future__ import annotations

import pytest

from tests.deploy.killed import clean_run, killed_at


@pytest.mark.process
@pytest.mark.whole
def test_killed_while_it_has_a_secret_that_nobody_else_has_the_same_command_finishes() -> None:
    """The answer of CreateAccessKey never came: that key is switched off, another is made, all else is as ever."""
    names, clean = clean_run()
    assert {"CreateRole", "CreateFunction", "CreateTrigger", "InvokeFunction"} <= set(names)
    assert (True, "") == (clean["key"], killed_at(names.index("CreateAccessKey") + 1, clean)[1])

"""The recordings function where stored objects are damaged."""

from __future__ import annotations

import json

import pytest

from local.faults import CallbackFault
from tests.cloud import RunningCloud
from tests.contracts.test_object_store import cos_store
from tests.functions.test_recordings import call


def test_a_damaged_recording_is_named_in_the_line_of_a_list(
    deployed: RunningCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are in the reply."""
    unheard = deployed.cloud.faults.add(CallbackFault(do="drop"))  # each writes the document anew
    _, well, _ = call(deployed, body={"RecordUrl": "https://example.com/"})
    _, sick, _ = call(deployed, body={"RecordUrl": "https://example.com/"})
    store = cos_store(deployed, "webrecord")
    for name in ("request", "recording"):
        store.put(f"recordings/{sick['recording_id']}/{name}.json", b"{")
    capsys.readouterr()
    status, listed, _ = call(deployed, "GET", "/recordings")
    logged = json.loads(capsys.readouterr().out)
    ids = [one["recording_id"] for one in listed["recordings"]]
    assert (200, True, False) == (status, well["recording_id"] in ids, sick["recording_id"] in ids)
    assert (1, [sick["recording_id"]]) == (logged["unshown"], logged["unshown_ids"])
    store.delete(f"recordings/{sick['recording_id']}/request.json")
    deployed.cloud.faults.clear(unheard)
    call(deployed, "POST", f"/recordings/{well['recording_id']}/stop")

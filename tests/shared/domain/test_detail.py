"""What one recording tells beyond its document."""

from __future__ import annotations

from shared.domain.detail import detail
from shared.domain.document import decide
from shared.domain.evidence import fold
from testing.callbacks import callback
from tests.shared.domain.test_document import ACCEPTED, STARTED, evidence_of


def relay(status: int, ms: int) -> bytes:
    """Return event 401 about one address."""
    return callback(401, {"Url": "rtmp://live.example.com/live/key?txSecret=a", "Status": status, "ErrorMsg": ""}, ms)


def test_a_relay_that_failed_has_advice() -> None:
    """While the recording itself is well; and none once the relay runs again."""
    told = detail(decide(ACCEPTED, fold([evidence_of(piece) for piece in [*STARTED, relay(4, 1_500)]])))
    assert "only after its support has enabled that" in (told.advice or "")
    assert "a relay failed" == told.timeline[-1].text
    again = [*STARTED, relay(4, 1_500), relay(2, 1_900)]
    assert detail(decide(ACCEPTED, fold([evidence_of(piece) for piece in again]))).advice is None

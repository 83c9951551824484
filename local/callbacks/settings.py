"""Where callbacks go, and the documented times."""

from __future__ import annotations

from dataclasses import dataclass, field

from local.faults import Faults

__all__ = ["CallbackEndpoint", "CallbackSettings"]


@dataclass(frozen=True)
class CallbackEndpoint:
    """Where the callbacks of one SdkAppId go, and the key that signs them (at most 32 letters and digits)."""

    url: str
    key: str = field(repr=False)


@dataclass
class CallbackSettings:
    """Everything here may be changed while callbacks are sent; times in seconds, divided by `speed`."""

    endpoints: dict[int, CallbackEndpoint] = field(default_factory=dict)
    speed: float = 1.0
    timeout_s: float = 5.0
    retry_every_s: float = 10.0
    lifetime_s: float = 60.0
    faults: Faults = field(default_factory=Faults)

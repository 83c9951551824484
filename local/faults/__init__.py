"""Faults on purpose: one model of rules, one engine that the local TRTC, COS and callback sender ask."""

from local.faults.engine import Faults
from local.faults.model import (
    ApiFault,
    BrowserFault,
    CallbackFault,
    CallFault,
    CosFault,
    Fault,
    FaultFile,
    ListingFault,
    TrtcFault,
)

__all__ = [
    "ApiFault",
    "BrowserFault",
    "CallFault",
    "CallbackFault",
    "CosFault",
    "Fault",
    "FaultFile",
    "Faults",
    "ListingFault",
    "TrtcFault",
]

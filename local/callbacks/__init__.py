"""TRTC's callbacks: signed, sent on the documented schedule, every attempt logged."""

from local.callbacks.log import Delivery, DeliveryLog
from local.callbacks.sender import CallbackSender
from local.callbacks.settings import CallbackEndpoint, CallbackSettings
from local.callbacks.signing import sign

__all__ = ["CallbackEndpoint", "CallbackSender", "CallbackSettings", "Delivery", "DeliveryLog", "sign"]

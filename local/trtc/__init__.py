"""The local TRTC web-recording API: it answers, records and reports as the documented service does."""

from local.api3.tc3 import KeyPair
from local.trtc.app import create_app, service
from local.trtc.parameters import CosTarget, StartParameters, VodTarget
from local.trtc.ports import PageRecorder, RecorderFactory, RecorderJob, Sender, Uploader, UploadError
from local.trtc.process import ProcessRecorder
from local.trtc.settings import TrtcSettings
from local.trtc.task import TaskProgress
from local.trtc.tasks import TaskTable
from local.trtc.timer import TimerRecorders, TimerScript
from local.trtc.upload import CosUploader

__all__ = [
    "CosTarget",
    "CosUploader",
    "KeyPair",
    "PageRecorder",
    "ProcessRecorder",
    "RecorderFactory",
    "RecorderJob",
    "Sender",
    "StartParameters",
    "TaskProgress",
    "TaskTable",
    "TimerRecorders",
    "TimerScript",
    "TrtcSettings",
    "UploadError",
    "Uploader",
    "VodTarget",
    "create_app",
    "service",
]

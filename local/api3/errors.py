"""The one error that the local API 3.0 answers with, and the sentences Tencent Cloud API 3.0 uses."""

from __future__ import annotations

__all__ = ["ApiError"]


class ApiError(Exception):
    """A refusal, written as `{"Response": {"Error": {"Code", "Message"}, "RequestId"}}` with HTTP 200.

    Args:
        code: An error code of the TRTC API reference or of the common codes, such as `MissingParameter`.
        message: A sentence for people; names the parameter where there is one, never a secret.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message

    @classmethod
    def missing(cls, name: str) -> ApiError:
        """Answer `MissingParameter`."""
        return cls("MissingParameter", f"The request is missing a required parameter `{name}`.")

    @classmethod
    def wrong_type(cls, name: str, expected: str) -> ApiError:
        """Answer `InvalidParameter`: the JSON type is another one than the reference's."""
        return cls("InvalidParameter", f"The value type of parameter `{name}` is not valid: {expected} expected.")

    @classmethod
    def wrong_value(cls, name: str, rule: str) -> ApiError:
        """Answer `InvalidParameterValue`: right type, but outside what the reference allows."""
        return cls("InvalidParameterValue", f"The value of parameter `{name}` is not valid: {rule}.")

    @classmethod
    def unknown(cls, name: str) -> ApiError:
        """Answer `UnknownParameter`."""
        return cls("UnknownParameter", f"The parameter `{name}` is not recognized.")

    @classmethod
    def no_task(cls) -> ApiError:
        """Answer `FailedOperation.TaskNotExist`: ended or never started, the caller cannot tell."""
        return cls("FailedOperation.TaskNotExist", "task not exist")

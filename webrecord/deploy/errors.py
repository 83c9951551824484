"""Errors of a deployment: one line each, with the resource, what happened, and what to do."""

from __future__ import annotations

from webrecord.errors import BadUsage, CliError, NotAuthorized, ServiceFailed
from webrecord.words import t

ADVICE: tuple[tuple[str, str], ...] = (
    ("AuthFailure.SignatureExpire", "set this machine's clock: it is more than five minutes off"),
    ("AuthFailure.UnauthorizedOperation", "give the deployer's identity this right: `webrecord deploy policies`"),
    (
        "AuthFailure.SecretIdNotFound",
        "check the key and --site: each site has its own keys",
    ),
    ("AuthFailure", "check TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY"),
    ("UnauthorizedOperation", "give the deployer's identity this right: `webrecord deploy policies`"),
    ("AccessDenied", "give the deployer's identity this right: `webrecord deploy policies`"),
    ("RequestTimeTooSkewed", "set this machine's clock: it is more than five minutes off"),
    ("InvalidAccessKeyId", "check the key and --site: each site has its own keys"),
    ("SignatureDoesNotMatch", "check TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY"),
    ("BucketAlreadyExists", "choose another bucket: WEBRECORD_BUCKET in .env"),
    ("TooManyBuckets", "delete a bucket that is not needed, or ask for a higher quota"),
    ("FailedOperation.QcsRoleNotFound", "open SCF's console once and accept its service role SCF_QcsRole"),
    ("FailedOperation.ClsServiceUnregistered", "activate CLS, the log service, in its console"),
    ("FailedOperation.UnOpenedService", "activate the service in its console"),
    ("FailedOperation.OpenService", "activate the service in its console"),
    ("FailedOperation.AccountInsufficient", "top up the account"),
    ("FailedOperation.InsufficientBalance", "top up the account"),
    ("ResourceUnavailable.InsufficientBalance", "top up the account"),
    ("ResourceUnavailable.ServiceSuspended", "top up the account"),
    ("OperationDenied.AccountIsolate", "top up the account"),
    ("OperationDenied.AccessKeyOverLimit", "delete a key of the upload user that nothing uses, in the CAM console"),
    ("FailedOperation.DeleteTrigger.UrlUsed", "unbind the custom domain from the Function URL in SCF's console"),
    ("LimitExceeded", "delete what is not needed, or ask for a higher quota"),
    ("RequestSizeLimitExceeded", "the package is too large: see what `make package` prints"),
    ("RequestLimitExceeded", "wait a minute, then run the same command again"),
    ("UnsupportedRegion", "choose another region: TENCENT_REGION in .env"),
)
"""The beginning of a code, and what to do; the first that fits."""
NO_RIGHT = ("AuthFailure", "UnauthorizedOperation", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch")
"""Codes of the APIs, and of COS, for who may not do it."""
AGAIN = "run the same command again: it continues"


class DeployFailed(CliError):
    """The deployment could not be finished; the same command goes on."""


MOST_PAGES = 50
"""Of a list of the account: names like ours are few, and an endpoint may give the same page again and again."""


def endless(name: str, action: str) -> DeployFailed:
    """Return the error of a list in which a name is searched and that does not end."""
    return DeployFailed(
        t(
            "{name}: {action} does not end after {count} pages: check the endpoint, or delete what has a like name",
            name=name,
            action=action,
            count=MOST_PAGES,
        )
    )


class NotOurs(BadUsage):
    """Something of the same name exists, and nothing says that this deployment made it."""

    def __init__(self, resource: str) -> None:
        super().__init__(
            t("{resource} exists, and this deployment did not create it; --adopt takes it over", resource=resource)
        )


class ApiError(Exception):
    """An API refused a call.

    Attributes:
        action, code, request_id: which call, the service's code for it, and its RequestId.
    """

    def __init__(self, action: str, code: str, message: str, request_id: str | None = None) -> None:
        super().__init__(message)
        self.action, self.code, self.request_id = action, code, request_id

    def told(self, resource: str) -> CliError:
        """Return it as the line that ends the command."""
        what = next((what for start, what in ADVICE if self.code.startswith(start)), AGAIN)
        where = f", RequestId {self.request_id}" if self.request_id else ""
        line = t(
            "{resource}: {action} was refused: {code}: {said}{where}; {advice}",
            resource=resource,
            action=self.action,
            code=self.code,
            said=self,
            where=where,
            advice=t(what),
        )
        if self.code.startswith(NO_RIGHT):
            return NotAuthorized(line)
        return ServiceFailed(line) if self.code in ("ClientNetworkError", "ServerNetworkError") else DeployFailed(line)

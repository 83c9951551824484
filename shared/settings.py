"""Settings: environment variables with the prefix WEBRECORD_, one class per function.

SCF reserves `SCF_`, `QCLOUD_` and `TENCENTCLOUD_` for itself, so ours have a prefix of their own. The role's
credentials are not settings: they rotate, and are read at every call.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from typing_extensions import Self

from shared.domain.errors import ConfigurationError
from shared.domain.notify_hosts import check_notify_url

ENV_PREFIX = "WEBRECORD_"
REGIONS = ("ap-beijing", "ap-guangzhou", "ap-shanghai")
INTERNATIONAL_REGION = "ap-singapore"
ANONYMOUS = "anonymous"


def _split(value: Any) -> Any:  # noqa: ANN401 (an environment variable, or a default)
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _tokens(value: Any) -> Any:  # noqa: ANN401 (an environment variable, or a default)
    if not isinstance(value, str):
        return value
    if value.strip() == ANONYMOUS:
        return {ANONYMOUS: ""}
    pairs = [part.partition(":") for part in _split(value)]
    tokens = {name.strip(): token.strip() for name, _, token in pairs}
    # A token called `anonymous` would open the API to everyone; a name given twice would lose a token.
    if ANONYMOUS in tokens or len(tokens) < len(pairs) or any(len(token) < 16 for token in tokens.values()):
        raise ValueError("must be `name:token,name:token`, each token 16 characters or more, or `anonymous`")
    if not all(tokens):
        raise ValueError("every token needs a name: `name:token,name:token`")
    return tokens


def _endpoint(value: str) -> str:
    if not re.fullmatch(r"(https?://)?[A-Za-z0-9.-]+(:\d{1,5})?", value):
        raise ValueError("must be a host, or http(s)://host:port")
    return value


Several = BeforeValidator(_split)
Endpoint = Annotated[str, AfterValidator(_endpoint)]
Prefix = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$", max_length=200)]


class StoreSettings(BaseModel):
    """Where everything is stored: read by every function."""

    model_config = ConfigDict(frozen=True, defer_build=True)  # a function uses one of these classes

    bucket: Annotated[str, Field(pattern=r"^[a-z0-9-]+-\d+$", description="The bucket, `name-appid`")]
    bucket_region: Annotated[str, Field(pattern=r"^[a-z]+-[a-z0-9-]+$", description="Its region, `ap-guangzhou`")]
    prefix: Annotated[Prefix, Field(description="Everything is stored under it; never a prefix of job objects")] = (
        "webrecord"
    )
    cos_endpoint: Annotated[Endpoint | None, Field(description="Another COS endpoint, `http://127.0.0.1:9002`")] = None
    sdk_app_id: Annotated[
        tuple[Annotated[int, Field(ge=1)], ...],
        Several,
        Field(min_length=1, description="Allowed TRTC SdkAppIds, comma-separated; the first is the default"),
    ]


class CallbackSettings(StoreSettings):
    """The callback function's."""

    callback_keys: Annotated[
        tuple[SecretStr, ...],
        Several,
        Field(min_length=1, description="Callback keys from the TRTC console; several while one is rotated"),
    ]


class TrtcSettings(StoreSettings):
    """What recordings and reconcile need alike to start recordings."""

    trtc_region: Annotated[str, Field(description="Region of TRTC's API")] = "ap-guangzhou"
    trtc_endpoint: Annotated[
        Endpoint | None, Field(description="Another TRTC endpoint, `trtc.intl.tencentcloudapi.com`")
    ] = None
    storage_secret_id: Annotated[SecretStr | None, Field(description="SecretId that TRTC uploads with")] = None
    storage_secret_key: Annotated[SecretStr | None, Field(description="Its SecretKey")] = None
    allowed_hosts: Annotated[
        tuple[str, ...], Several, Field(description="Globs of page hosts; empty: any public host")
    ] = ()
    caller_storage: Annotated[str, Field(pattern="^(allow|refuse)$", description="`allow` or `refuse`")] = "allow"
    max_duration_ceiling: Annotated[int, Field(ge=1800, le=86_400, description="Largest MaxDurationLimit, seconds")] = (
        36_000
    )

    max_attempts: Annotated[
        int, Field(ge=1, le=100, description="Tasks that may be started for one recording, the first included")
    ] = 3
    start_within: Annotated[
        int, Field(ge=60, le=31_536_000, description="Seconds a start may be late before it is given up")
    ] = 3_600
    notify_url: Annotated[str | None, Field(description="Who is told of every recording that becomes final")] = None
    notify_hosts: Annotated[
        tuple[str, ...], Several, Field(description="Globs of hosts that may be notified; empty: none")
    ] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        allowed = (*REGIONS, INTERNATIONAL_REGION) if self.trtc_endpoint else REGIONS
        if self.trtc_region not in allowed:
            raise ValueError(
                f"WEBRECORD_TRTC_REGION must be one of {', '.join(REGIONS)}"
                f" ({INTERNATIONAL_REGION} with WEBRECORD_TRTC_ENDPOINT set)"
            )
        if (self.storage_secret_id is None) != (self.storage_secret_key is None):
            raise ValueError("WEBRECORD_STORAGE_SECRET_ID and WEBRECORD_STORAGE_SECRET_KEY go together")
        if self.notify_url:
            try:
                check_notify_url(self.notify_url, self.notify_hosts)
            except ValueError as error:
                raise ValueError(f"WEBRECORD_NOTIFY_URL: {error}; see WEBRECORD_NOTIFY_HOSTS") from None
        return self


class RecordingsSettings(TrtcSettings):
    """The recordings function's."""

    api_tokens: Annotated[
        dict[str, SecretStr],
        BeforeValidator(_tokens),
        Field(description="Bearer tokens, `name:token,name:token`; or `anonymous`. None: every call is refused"),
    ] = {}
    jobs_prefix: Annotated[
        str, Field(min_length=1, description="Where job objects are put: the prefix of the COS trigger")
    ] = "jobs/"

    cors_origins: Annotated[
        tuple[Annotated[str, Field(pattern=r"^(\*|https?://[^/\s]+)$")], ...],
        Several,
        Field(description="Origins whose pages may call the API from a browser, `https://app.example.com`; `*`: any"),
    ] = ()

    @model_validator(mode="after")
    def _no_loop(self) -> Self:
        results, jobs = f"{self.prefix}/", self.jobs_prefix.lstrip("/")
        if results.startswith(jobs) or jobs.startswith(results):
            raise ValueError("WEBRECORD_JOBS_PREFIX and WEBRECORD_PREFIX overlap: what is stored would start jobs")
        return self


class ReconcileSettings(TrtcSettings):
    """The reconcile function's."""

    notify_secret: Annotated[
        SecretStr | None, Field(description="Standard Webhooks secret that signs notifications, `whsec_…`")
    ] = None
    lost_after: Annotated[
        int, Field(ge=60, le=604_800, description="Seconds after a task's end without any file until it is lost")
    ] = 3_600


def variable(field: str) -> str:
    """Return the environment variable of a setting."""
    return f"{ENV_PREFIX}{field.upper()}"


S = TypeVar("S", bound=StoreSettings)


def given(fields: Iterable[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the values of those settings that are set; an empty variable is not, and its case does not matter."""
    there = {name.upper(): value for name, value in environ.items() if value}
    return {field: there[variable(field)] for field in fields if variable(field) in there}


def load(kind: type[S], environ: Mapping[str, str] = os.environ) -> S:
    """Return the settings of a function.

    Raises:
        ConfigurationError: one line that names every setting that is wrong or missing, without its value.
    """
    try:
        return kind.model_validate(given(kind.model_fields, environ))
    except ValidationError as error:
        from shared.domain.mistakes import setting

        wrong = []
        for item in error.errors(include_url=False, include_input=False):
            field = str(item["loc"][0]) if item["loc"] else ""
            meant = kind.model_fields[field].description or "" if field else ""
            wrong.append(f"{variable(field)}: {setting(item, meant)}" if field else setting(item, meant))
        raise ConfigurationError("; ".join(dict.fromkeys(wrong))) from None


def role_credentials(environ: Mapping[str, str] = os.environ) -> tuple[str, str, str | None]:
    """Return SecretId, SecretKey and session token of the execution role, as SCF has them right now.

    Raises:
        ConfigurationError: the function has no execution role.
    """
    secret_id, secret_key = environ.get("TENCENTCLOUD_SECRETID"), environ.get("TENCENTCLOUD_SECRETKEY")
    if not secret_id or not secret_key:
        raise ConfigurationError("TENCENTCLOUD_SECRETID/-KEY are missing: give the function an execution role")
    return secret_id, secret_key, environ.get("TENCENTCLOUD_SESSIONTOKEN") or None

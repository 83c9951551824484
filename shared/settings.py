"""Settings: environment variables with the prefix WEBRECORD_, one class per function.

SCF reserves `SCF_`, `QCLOUD_` and `TENCENTCLOUD_` for itself, so ours have a prefix of their own. The role's
credentials are not settings: they rotate, and are read at every call.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, model_validator
from typing_extensions import Self

from shared.domain import forms
from shared.domain.errors import ConfigurationError
from shared.domain.film.verdict import Flaw
from shared.domain.forms import number, reader, several
from shared.domain.hosts import REFUSE, check_glob
from shared.domain.notify_hosts import check_notify_url
from shared.domain.redaction import hide

ENV_PREFIX = "WEBRECORD_"
REGIONS = ("ap-beijing", "ap-guangzhou", "ap-shanghai")
INTERNATIONAL_REGION = "ap-singapore"
ANONYMOUS = forms.ANONYMOUS


def _read(read: Callable[[str], Any]) -> BeforeValidator:
    return BeforeValidator(reader(read))


def _several(read: Callable[[str], Any]) -> BeforeValidator:
    return BeforeValidator(reader(several(read), listed=True))


def _number(low: int, high: int, unit: str) -> BeforeValidator:
    return BeforeValidator(reader(number(low, high, unit), listed=True))  # blanks around it do no harm


Endpoint = Annotated[str | None, _read(forms.endpoint)]
Secret = Annotated[SecretStr | None, _read(forms.secret)]
Hosts = Annotated[tuple[str, ...], _several(check_glob)]


class StoreSettings(BaseModel):
    """Where everything is stored: read by every function."""

    model_config = ConfigDict(frozen=True, defer_build=True)  # a function uses one of these classes

    bucket: Annotated[str, _read(forms.bucket), Field(description="The bucket, `name-appid`")]
    bucket_region: Annotated[str, _read(forms.region), Field(description="The bucket's region, `ap-guangzhou`")]
    prefix: Annotated[
        str, _read(forms.prefix), Field(description="Everything is stored under it; never a prefix of job objects")
    ] = "webrecord"
    cos_endpoint: Annotated[Endpoint, Field(description="Another COS endpoint, `http://127.0.0.1:9002`")] = None
    sdk_app_id: Annotated[
        tuple[int, ...],
        _several(number(1, 4_294_967_295, "an SdkAppId of the TRTC console")),
        Field(min_length=1, description="Allowed TRTC SdkAppIds, comma-separated, the first is the default"),
    ]

    @model_validator(mode="after")
    def _bucket_once(self) -> Self:
        if self.cos_endpoint and f"//{self.bucket}." in f"//{self.cos_endpoint.rpartition('//')[2]}":
            raise ValueError("WEBRECORD_COS_ENDPOINT begins with the bucket's name: write it without")
        return self


class CallbackSettings(StoreSettings):
    """The callback function's."""

    callback_keys: Annotated[
        tuple[SecretStr, ...],
        _several(forms.callback_key),
        Field(min_length=1, description="Callback keys from the TRTC console, comma-separated while one is rotated"),
    ]


class TrtcSettings(StoreSettings):
    """What recordings and reconcile need alike to start recordings."""

    trtc_region: Annotated[str, _read(str), Field(description="Region of TRTC's API")] = "ap-guangzhou"
    trtc_endpoint: Annotated[Endpoint, Field(description="Another TRTC endpoint, `trtc.intl.tencentcloudapi.com`")] = (
        None
    )
    storage_secret_id: Annotated[Secret, Field(description="SecretId that TRTC uploads with")] = None
    storage_secret_key: Annotated[Secret, Field(description="Its SecretKey")] = None
    allowed_hosts: Annotated[Hosts, Field(description="Globs of page hosts; empty: any public host")] = ()
    caller_storage: Annotated[str, _read(forms.choice("allow", "refuse")), Field(description="`allow` or `refuse`")] = (
        "allow"
    )
    relay_hosts: Annotated[
        Hosts, Field(description="Globs of hosts that may be relayed to; empty: any public host; `refuse`: none")
    ] = ()
    max_duration_ceiling: Annotated[
        int, _number(1_800, 86_400, "seconds"), Field(description="Largest MaxDurationLimit, seconds")
    ] = 86_400
    max_attempts: Annotated[
        int, _number(1, 100, "a number of tasks"), Field(description="Attempts for one recording, with the first")
    ] = 3
    start_within: Annotated[
        int,
        _number(60, 31_536_000, "seconds"),
        Field(description="How late a start may be, seconds; later it becomes failed"),
    ] = 3_600
    notify_url: Annotated[
        str | None,
        _read(forms.one_address),
        Field(description="Default receiver of notifications about final recordings"),
    ] = None
    notify_hosts: Annotated[Hosts, Field(description="Globs of hosts that may be notified; empty: none")] = ()
    film_check: Annotated[
        str, _read(forms.choice("on", "off")), Field(description="Check the content of films: `on` or `off`")
    ] = "on"
    film_ignore: Annotated[
        tuple[Flaw, ...],
        _several(forms.choice(*(code.value for code in Flaw))),
        Field(description="Findings of the film check that are not told, comma-separated, such as `still,silent`"),
    ] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        allowed = (*REGIONS, INTERNATIONAL_REGION) if self.trtc_endpoint else REGIONS
        if self.trtc_region not in allowed:
            raise ValueError(
                f"WEBRECORD_TRTC_REGION must be one of {', '.join(REGIONS)}"
                f" ({INTERNATIONAL_REGION} with WEBRECORD_TRTC_ENDPOINT set)"
            )
        if len(self.relay_hosts) > 1 and REFUSE in self.relay_hosts:
            raise ValueError("WEBRECORD_RELAY_HOSTS has `refuse` beside hosts: write one or the other")
        if (self.storage_secret_id is None) != (self.storage_secret_key is None):
            raise ValueError("WEBRECORD_STORAGE_SECRET_ID and WEBRECORD_STORAGE_SECRET_KEY go together: set both")
        if self.notify_url:
            try:
                check_notify_url(self.notify_url, self.notify_hosts)
            except ValueError as error:
                raise ValueError(f"WEBRECORD_NOTIFY_URL: {error}") from None
        return self


class RecordingsSettings(TrtcSettings):
    """The recordings function's."""

    api_tokens: Annotated[
        dict[str, SecretStr],
        BeforeValidator(reader(forms.api_tokens, listed=True)),
        Field(description="Bearer tokens, `name:token,name:token`; or `anonymous`. None: every call is refused"),
    ] = {}
    jobs_prefix: Annotated[
        str, _read(forms.jobs_prefix), Field(description="Where job objects are put: the prefix of the COS trigger")
    ] = "jobs/"
    cors_origins: Annotated[
        tuple[str, ...],
        _several(forms.origin),
        Field(description="Origins whose pages may call the API from a browser, `https://app.example.com`; `*`: any"),
    ] = ()
    url_valid: Annotated[
        int, _number(60, 43_200, "seconds"), Field(description="Seconds that a signed link to a film is good")
    ] = 900

    @model_validator(mode="after")
    def _no_loop(self) -> Self:
        results, jobs = f"{self.prefix}/", self.jobs_prefix
        if results.startswith(jobs) or jobs.startswith(results):
            raise ValueError(
                "WEBRECORD_JOBS_PREFIX and WEBRECORD_PREFIX overlap: what is stored would start jobs:"
                " write two that do not begin alike, such as `jobs/` and `webrecord`"
            )
        return self


class ReconcileSettings(TrtcSettings):
    """The reconcile function's."""

    notify_secret: Annotated[
        SecretStr | None,
        _read(forms.notify_secret),
        Field(description="Standard Webhooks secret that signs notifications, `whsec_…`"),
    ] = None
    lost_after: Annotated[
        int,
        _number(60, 604_800, "seconds"),
        Field(description="Seconds after a task's end without any file until it is lost"),
    ] = 3_600
    wake_prefix: Annotated[str, Field(description="Where wakes are: the prefix of reconcile's COS trigger")] = ""

    @model_validator(mode="after")
    def _no_loop(self) -> Self:
        if self.wake_prefix not in ("", f"{self.prefix}/wake/"):
            raise ValueError(
                "WEBRECORD_WAKE_PREFIX is not that of wakes: reconcile would be invoked by what it writes:"
                f" write `{self.prefix}/wake/`, and let its COS trigger have that prefix"
            )
        return self


def variable(field: str) -> str:
    """Return the environment variable of a setting."""
    return f"{ENV_PREFIX}{field.upper()}"


S = TypeVar("S", bound=StoreSettings)


def given(fields: Iterable[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the values of those settings that are set; an empty variable is not, and its case does not matter."""
    there = {name.upper(): value for name, value in environ.items() if value}
    return {field: there[variable(field)] for field in fields if variable(field) in there}


def load(kind: type[S], environ: Mapping[str, str] = os.environ) -> S:
    """Return a function's settings. ConfigurationError: one line names each that is wrong or missing, but no value."""
    there: dict[str, set[str]] = {}
    for name, value in environ.items():
        if value:
            there.setdefault(name.upper(), set()).add(value)
    wrong = [
        f"{variable(field)}: is set twice, in upper and in lower case: keep one of them"
        for field in kind.model_fields
        if len(there.get(variable(field), ())) > 1
    ]
    try:
        settings = kind.model_validate(given(kind.model_fields, environ))
        if not wrong:
            return settings
    except ValidationError as error:
        wrong += wrongs(error, kind)
    raise ConfigurationError("; ".join(dict.fromkeys(wrong)))


def wrongs(error: ValidationError, kind: type[BaseModel]) -> list[str]:
    """Return a line for each setting that is wrong or missing: what is wrong, and what to write."""
    lines = []
    for item in error.errors(include_url=False, include_input=False):
        field = str(item["loc"][0]) if item["loc"] else None
        reason = item.get("ctx", {}).get("error")
        if field is None:
            lines.append(str(reason))
            continue
        described = kind.model_fields[field].description or ""
        if item["type"] in ("missing", "too_short"):
            reason = f"is missing: write {described[:1].lower()}{described[1:]}"
        lines.append(f"{variable(field)}: {reason or f'is wrong: write {described}'}")
    return lines


def role_credentials(environ: Mapping[str, str] = os.environ) -> tuple[str, str, str | None]:
    """Return SecretId, SecretKey and session token of the execution role, as SCF has them right now."""
    secret_id, secret_key = environ.get("TENCENTCLOUD_SECRETID"), environ.get("TENCENTCLOUD_SECRETKEY")
    if not secret_id or not secret_key:
        raise ConfigurationError(
            "TENCENTCLOUD_SECRETID/-KEY are missing: give the function an execution role; elsewhere export both"
        )
    return _checked(secret_id, secret_key, environ.get("TENCENTCLOUD_SESSIONTOKEN") or None)


@lru_cache(maxsize=1)
def _checked(secret_id: str, secret_key: str, token: str | None) -> tuple[str, str, str | None]:
    try:
        for key in (secret_id, secret_key, token or "-"):
            forms.secret(key)
    except ValueError as error:
        raise ConfigurationError(f"TENCENTCLOUD_SECRETID, -KEY or -SESSIONTOKEN {error}") from None
    hide(filter(None, (secret_key, token)))
    return secret_id, secret_key, token

"""A whole deployment: its resources in order, its verification, and its removal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from typing import Any
from zipfile import ZipFile

from webrecord import files
from webrecord.deploy import envfile, packages, policies
from webrecord.deploy.access import Role, Services, UploadKey, UploadUser
from webrecord.deploy.alarms import STATEMENTS, Alarm, AlarmGone
from webrecord.deploy.bucket import Bucket
from webrecord.deploy.change import Change, Gone, Resource
from webrecord.deploy.cloud import Cloud
from webrecord.deploy.cors import FilmReaders, FilmReadersGone
from webrecord.deploy.description import Description, describe
from webrecord.deploy.errors import ApiError, DeployFailed
from webrecord.deploy.functions import LARGEST_BODY, Functions, environment_of
from webrecord.deploy.logs import Logs
from webrecord.deploy.options import Options, serverless
from webrecord.deploy.recordings import OpenRecordings
from webrecord.deploy.removal import FunctionGone, LogsGone, RoleGone, UploadGone
from webrecord.deploy.rotation import KEY_NAMES, Rotation
from webrecord.deploy.triggers import Triggers
from webrecord.errors import BadUsage
from webrecord.words import t

ORDER = ("callback", "reconcile", "recordings")
"""The order of the functions: those that start recordings come after the ones that they need."""
STARTING = ("reconcile", "recordings")
"""Those that start tasks, and give TRTC the upload key."""
URL_TRIES = 15


class Deployment:
    """Everything that a deployment has in an account."""

    def __init__(self, cloud: Cloud, options: Options) -> None:
        self.cloud, self.options = cloud, options
        self._serverless = serverless(options.root)

    @property
    def description(self) -> Description:
        """Return the wanted deployment, computed at each call: .env may have a new key since."""
        set_there = {name: value for name, value in envfile.read(self.options.env).items() if value}
        return describe(self._serverless, {**self.options.defaults, **set_there}, self.options.deployment)

    def resources(self) -> Iterator[Resource]:
        """Yield every resource, in the order in which they are made."""
        plan, options, cloud = self.description, self.options, self.cloud
        if not options.only_functions:
            yield Bucket(cloud, plan.bucket, plan.region)
            yield Services(cloud)
            for function in plan.functions:
                document = policies.of_function(plan, function.key)
                yield Role(cloud, function.role, document, options.deployment, options.adopt)
            yield self.upload_user()
            yield self.upload_key()
            yield Logs(cloud, options.deployment)
        for key in ORDER:
            yield self.function(key)
        for key in ORDER:
            yield self.triggers(key)
        if not options.only_functions:
            yield self.film_readers()
        if options.alarms:
            yield from self.alarms()

    def alarms(self) -> Iterator[Alarm]:
        """Yield the alarms on what the functions log."""
        options = self.options
        for statement in STATEMENTS:
            yield Alarm(self.cloud, statement, options.deployment, options.notice, options.adopt)

    def silent_alarms(self) -> list[str]:
        """Return the names of the alarms that tell nobody; [] where none are asked for."""
        return [one.alarm for one in self.alarms() if one.is_silent()] if self.options.alarms else []

    def film_readers(self) -> FilmReaders:
        """Return the bucket's rule by which the console plays HLS."""
        plan, triggers = self.description, self.triggers("recordings")
        pages = plan.function("recordings").environment.get("WEBRECORD_CORS_ORIGINS", "")
        return FilmReaders(self.cloud, plan.bucket, self.options.deployment, pages, triggers.url)

    def removals(self, *, logs: bool) -> Iterator[Gone]:
        """Yield everything that is taken away, in this order; the bucket never is."""
        plan, cloud, deployment = self.description, self.cloud, self.options.deployment
        gone = {key: FunctionGone(self._reader(key), self.triggers(key)) for key in ORDER}
        yield from map(AlarmGone, self.alarms())  # they would tell that the timer is silent
        yield from (replace(gone[key], timers=True) for key in ORDER)
        yield from (gone[key] for key in reversed(ORDER))
        yield FilmReadersGone(self.film_readers())
        key = self.upload_key()
        recordings = OpenRecordings(cloud, plan.bucket, plan.prefix)
        yield UploadGone(key.user, key.known, lambda: key.keep("", ""), recordings)
        yield from (RoleGone(Role(cloud, function.role, {}, deployment)) for function in plan.functions)
        if logs:
            yield LogsGone(Logs(cloud, deployment))

    def rotation(self) -> Rotation:
        """Return the rotation of the upload key."""
        plan = self.description
        recordings = OpenRecordings(self.cloud, plan.bucket, plan.prefix)
        return Rotation(self.upload_key(), lambda: [self._reader(key) for key in STARTING], recordings)

    def _reader(self, key: str) -> Functions:
        return Functions(self.cloud, self.description.function(key), b"", "0", lambda: (None, None))

    def check_packages(self) -> None:
        """Refuse packages that are none before anything is called.

        Raises:
            BadUsage: one is missing, broken, or does not hold its function.
        """
        for key in ORDER:
            path = self.options.build / f"{key}.zip"
            try:
                with ZipFile(BytesIO(self._code(key))) as package:
                    broken, names = package.testzip(), package.namelist()
            except packages.BROKEN:
                broken, names = path.name, []
            if broken or f"{key}.py" not in names:
                why = t("it is no whole zip") if broken else t("it has no {name}", name=f"{key}.py")
                raise BadUsage(t("{path}: {why}: run `make package` again", path=path, why=why))

    def function(self, key: str) -> Functions:
        """Return one of the functions, with the code that is in the build folder."""
        code, logs = self._code(key), Logs(self.cloud, self.options.deployment)
        version = packages.read(key, code).release or self.options.version
        return Functions(self.cloud, self.description.function(key), code, version, logs.ids, self.options.adopt)

    def _code(self, key: str) -> bytes:
        path = self.options.build / f"{key}.zip"
        try:
            code = files.read(path, 2 * LARGEST_BODY)
        except FileNotFoundError:
            raise BadUsage(t("{path} does not exist: run `make package` first", path=path)) from None
        except OSError as error:
            raise BadUsage(t("{path} can't be read: {strerror}", path=path, strerror=error.strerror)) from None
        if len(code) * 4 / 3 > LARGEST_BODY - 100_000:
            raise BadUsage(
                t(
                    "{path} has {size} bytes: the API takes a body of {most}, encoded",
                    path=path,
                    size=len(code),
                    most=LARGEST_BODY,
                )
            )
        return code

    def built(self) -> packages.Packages:
        """Return what the packages in the build folder say of themselves."""
        folder = self.options.build
        each = {key: packages.read(key, self._code(key)) for key in ORDER}
        written_s = min((folder / f"{key}.zip").stat().st_mtime for key in ORDER)
        return packages.Packages(folder, each, datetime.fromtimestamp(written_s).astimezone())

    def triggers(self, key: str) -> Triggers:
        """Return the triggers of one of the functions."""
        plan = self.description
        return Triggers(self.cloud, plan.function(key), [one for one in plan.triggers if one.function == key])

    def upload_user(self) -> UploadUser:
        """Return the sub-user that the upload key is of."""
        plan, options = self.description, self.options
        name = f"{options.deployment}-upload"
        return UploadUser(self.cloud, name, policies.of_upload(plan), options.deployment, options.adopt)

    def upload_key(self) -> UploadKey:
        """Return the upload key."""

        def known() -> tuple[str, str]:
            return pair_of(envfile.read(self.options.env))

        def deployed() -> tuple[str, str]:
            found = self.deployed("recordings")
            return pair_of(environment_of(found)) if found else ("", "")

        def keep(secret_id: str, secret_key: str) -> None:
            envfile.write(self.options.env, dict(zip(KEY_NAMES, (secret_id, secret_key), strict=True)))

        return UploadKey(self.cloud, self.upload_user(), known, deployed, keep)

    def deployed(self, key: str) -> dict[str, Any] | None:
        """Return a function as the account has it."""
        from webrecord.deploy.access import absent
        from webrecord.deploy.functions import ABSENT

        asked = {"FunctionName": self.description.function(key).name, "ShowCode": "FALSE"}
        return absent(ABSENT, lambda: self.cloud.call("scf", "GetFunction", **asked))

    def plan(self) -> list[Change]:
        """Return everything that is to be done; nothing is changed."""
        return planned(self.resources())

    def addresses(self, sleep: Callable[[float], None] = time.sleep) -> dict[str, str | None]:
        """Return the Function URLs. The address of a new one is empty for some seconds."""
        for _ in range(URL_TRIES):
            found = {key: self.triggers(key) for key in ("recordings", "callback")}
            urls = {key: triggers.url() for key, triggers in found.items()}
            if all(urls[key] or not triggers.listed() for key, triggers in found.items()):
                break
            sleep(1)
        return urls


def pair_of(values: Mapping[str, str]) -> tuple[str, str]:
    """Return the upload key as settings have it."""
    return values.get(KEY_NAMES[0], ""), values.get(KEY_NAMES[1], "")


def planned(resources: Iterable[Resource]) -> list[Change]:
    """Return everything that is to be done with these; nothing is changed."""
    return [change for resource in resources for change in guarded(resource.name, resource.changes)]


def undocumented(name: str, error: Exception) -> DeployFailed:
    """Return what ends the command where an answer lacks what its API documents."""
    kind = type(error).__name__
    return DeployFailed(
        t("{name}: the answer is not as documented: {kind}: {error}", name=name, kind=kind, error=error)
    )


def guarded(name: str, do: Callable[[], Sequence[Change]]) -> Sequence[Change]:
    """Read a resource; turn a refusal into the error that ends the command."""
    try:
        return do()
    except ApiError as error:
        raise error.told(name) from None
    except (KeyError, TypeError, ValueError) as error:
        raise undocumented(name, error) from None

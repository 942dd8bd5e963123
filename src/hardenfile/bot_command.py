"""`hardenfile bot`: which forge, which repositories, what is told."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .bot import fleet, report
from .bot.api import Api
from .bot.cache import Cache
from .bot.errors import ForgeError
from .bot.forge import Forge
from .bot.http import Http, base_url
from .bot.keep import Asked, Done, Keeper
from .bot.pacing import Pacing
from .bot.secrets import Secrets, Token
from .bot.settings import Settings, author_of, read_settings
from .bot.source import ByApi, Source
from .config import Config, read_config
from .errors import UsageError
from .files import Request

DONE, FAILED = 0, 2
GITHUB, GITLAB = "github", "gitlab"


@dataclass(frozen=True)
class BotRequest:
    """What a person asked of `hardenfile bot`; `pace` and `longest` are in seconds, None leaves it to the settings."""

    names: Sequence[str] = ()
    repositories: str | None = None
    organization: str | None = None
    forge: str | None = None
    address: str | None = None
    shard: str = "1/1"
    clone: bool = False
    dry_run: bool = False
    as_json: bool = False
    log: Path | None = None
    resume: bool = False
    config: Path | None = None
    group: str | None = None
    limit: int | None = None
    draft: bool | None = None
    labels: Sequence[str] | None = None
    pace: float = 1.0
    longest: float = 3700.0
    ca: Path | None = None
    cache: Path | None = None
    request: Request = field(default_factory=Request)


def run_bot(request: BotRequest, out: Callable[[str], None], say: Callable[[str], None]) -> int:
    """Keep the pull requests of some repositories; gives the exit code. Raises UsageError for a wrong argument."""
    secrets = Secrets()
    # Those of the environment are hidden from the start, whichever forge is asked.
    for variable in ("GITHUB_TOKEN", "GITLAB_TOKEN", "CI_JOB_TOKEN"):
        secrets.add(os.environ.get(variable, "").strip())
    defaults = read_config(request.config) if request.config is not None else Config()
    settings = _settings(request, defaults)
    shard, log = fleet.Shard.read(request.shard), fleet.Log(request.log, request.resume)
    http = Http(timeout=60.0, ca=request.ca)

    def tell(line: str) -> None:
        say(secrets.clean(line))

    outcomes: list[fleet.Outcome] = []
    try:
        api, forge, source = _forge(request, settings, secrets, http, tell)
        asked = Asked(request.request, defaults, settings)

        def keep(name: str) -> Iterator[Done]:
            return Keeper(forge, source, asked).keep(name)

        names = [one for one in _names(request, forge) if shard.has(one) and one.lower() not in log.finished]
        for outcome in fleet.run(names, keep, lambda: api.calls, secrets.clean, api.planned):
            outcomes.append(outcome)
            log.add(outcome)
            if not request.as_json:
                for line in report.lines(outcome):
                    tell(line)
        source.close()
    except ForgeError as error:  # before the first repository: the list of them could not be had
        raise UsageError(secrets.clean(str(error))) from None
    finally:
        http.close()
    if request.as_json:
        out(secrets.clean(report.document(outcomes)) + "\n")
    elif len(outcomes) != 1:
        tell(report.summary(outcomes))
    return FAILED if any(one.status == "failed" for one in outcomes) else DONE


def _settings(request: BotRequest, defaults: Config) -> Settings:
    settings = read_settings(defaults.bot)
    given = {
        "group": request.group,
        "limit": request.limit,
        "draft": request.draft,
        "labels": None if request.labels is None else list(request.labels),
    }
    return read_settings({key: value for key, value in given.items() if value is not None}, settings)


def _forge(
    request: BotRequest, settings: Settings, secrets: Secrets, http: Http, say: Callable[[str], None]
) -> tuple[Api, Forge, Source]:
    kind = request.forge or _kind(os.environ)
    if kind not in (GITHUB, GITLAB):
        raise UsageError(f"--forge is github or gitlab, not {kind!r}")
    pacing = Pacing(between_writes=request.pace, longest=request.longest)
    token = Token("GITHUB_TOKEN" if kind == GITHUB else "GITLAB_TOKEN", secrets, settings.token_command)
    token.value()
    forge: Forge
    if kind == GITHUB:
        from .bot import github

        address = request.address or os.environ.get("GITHUB_API_URL") or github.ADDRESS
        headers, scheme = github.HEADERS, "Bearer"
    else:
        from .bot import gitlab

        say("note: GitLab is experimental: it was not yet run against a real one")
        address = request.address or os.environ.get("CI_API_V4_URL") or gitlab.ADDRESS
        headers, scheme = gitlab.HEADERS, ""
    author = author_of(settings.author)
    api = Api(
        http,
        base_url(address),
        token,
        secrets,
        pacing,
        headers,
        scheme=scheme,
        dry=request.dry_run,
        author=author,
        cache=Cache(request.cache),
        say=say,
    )
    forge = github.GitHub(api) if kind == GITHUB else gitlab.GitLab(api)
    if not request.clone:
        return api, forge, ByApi(forge)
    from .bot.clone import ByClone

    return api, forge, ByClone(forge, api, token, secrets, base_url(address), author)


def _kind(environment: Mapping[str, str]) -> str:
    gitlab = environment.get("GITLAB_CI") or (environment.get("GITLAB_TOKEN") and not environment.get("GITHUB_TOKEN"))
    return GITLAB if gitlab else GITHUB


def _names(request: BotRequest, forge: Forge) -> list[str]:
    names = list(request.names)
    if request.repositories is not None:
        names += fleet.names_in(request.repositories)
    if request.organization is not None:
        names += [one.name for one in forge.repositories(request.organization) if not one.closed]
    if not names and request.repositories is None and request.organization is None:
        names = [_here(os.environ)]
    return fleet.checked(names)


def _here(environment: Mapping[str, str]) -> str:
    """The repository that this runs in: what the CI says, else where `origin` leads. Raises UsageError."""
    told = environment.get("GITHUB_REPOSITORY") or environment.get("CI_PROJECT_PATH")
    if told:
        return told
    try:
        done = subprocess.run(
            ["git", "config", "--get", "remote.origin.url"], capture_output=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        done = None
    url = done.stdout.decode("utf-8", "replace").strip() if done is not None else ""
    found = re.search(r"[:/]([A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+?)(?:\.git)?/?$", url, re.ASCII)
    if found is None:
        raise UsageError("name a repository as owner/name, or --repositories FILE, or --organization NAME")
    return found[1]

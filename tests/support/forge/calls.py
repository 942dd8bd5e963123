"""One call of the REST API, its answer, and the table of routes."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from .truth import Pull, Repository

if TYPE_CHECKING:
    from .github import GitHub

DOCUMENTATION = "https://docs.github.com/rest"
# These may hold slashes; GitHub takes them as they are and as %2F.
_LONG = {"ref", "path", "basehead", "branch"}


@dataclass(frozen=True)
class Answer:
    """Status, JSON (or bytes) and headers of one answer."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return b"" if self.body is None else json.dumps(self.body, separators=(",", ":")).encode()


class Refused(Exception):  # noqa: N818 - it is an answer
    """Ends a call with one of GitHub's errors."""

    def __init__(self, status: int, message: str, errors: list[dict[str, str]] | None = None) -> None:
        super().__init__(message)
        body: dict[str, Any] = {"message": message, "documentation_url": DOCUMENTATION, "status": str(status)}
        if errors is not None:
            body["errors"] = errors
        self.answer = Answer(status, body)


class Dropped(Exception):  # noqa: N818 - it is a deed
    """The connection is cut without an answer."""


@dataclass
class Call:
    """A request as it came, and what became of it."""

    index: int
    method: str
    target: str
    headers: Mapping[str, str]
    content: bytes
    template: str = ""
    params: dict[str, str] = field(default_factory=dict)
    login: str = ""
    status: int = 0  # 0 where the connection was cut
    answer: Answer | None = None

    @property
    def writes(self) -> bool:
        return self.method not in ("GET", "HEAD")

    @property
    def query(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def json(self) -> dict[str, Any]:
        if not self.content:
            return {}
        try:
            found = json.loads(self.content)
        except ValueError:
            raise Refused(400, "Problems parsing JSON") from None
        return found if isinstance(found, dict) else {"": found}

    def wants(self, *names: str) -> list[Any]:
        """Required fields of the body. Raises Refused."""
        missing = [name for name in names if self.json.get(name) is None]
        if missing:
            raise Refused(422, "Invalid request.\n\n" + " ".join(f'"{one}" wasn\'t supplied.' for one in missing))
        return [self.json[name] for name in names]

    @property
    def line(self) -> str:
        """What a person would call it: the method and the route."""
        return f"{self.method} {self.template or self.target}"

    @property
    def described(self) -> str:
        """The target as GitHub's description wants it: slashes inside a parameter as %2F."""
        if not self.template:
            return self.target
        path = re.sub(r"\{(\w+)\}", lambda name: quote(self.params[name[1]], safe=""), self.template)
        query = urlsplit(self.target).query
        return f"{path}?{query}" if query else path


Handler = Callable[["GitHub", Call], Answer]
ROUTES: dict[tuple[str, str], Handler] = {}


def route(method: str, template: str) -> Callable[[Handler], Handler]:
    """Register what answers calls of one kind; `template` as in GitHub's description."""

    def keep(handler: Handler) -> Handler:
        ROUTES[method, template] = handler
        return handler

    return keep


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", template)
    text = "".join(
        re.escape(part) if at % 2 == 0 else f"(?P<{part}>{'.+' if part in _LONG else '[^/]+'})"
        for at, part in enumerate(parts)
    )
    return re.compile(text)


_PATTERNS: dict[tuple[str, str], re.Pattern[str]] = {}


def find(forge: "GitHub", call: Call) -> Handler:
    """The route of a call; fills in its template and parameters. Raises Refused where there is none."""
    path = urlsplit(call.target).path
    if by_number := re.match(r"/repositories/(\d+)", path):
        found_repository = next((one for one in forge.repositories.values() if str(one.number) == by_number[1]), None)
        path = f"/repos/{found_repository.full_name if found_repository else '-/-'}{path[by_number.end() :]}"
    # What holds a parameter with slashes in the middle of nothing else comes last.
    for key in sorted(ROUTES, key=lambda one: (any(f"{{{long}}}" in one[1] for long in _LONG), -len(one[1]))):
        if key not in _PATTERNS:
            _PATTERNS[key] = _pattern(key[1])
        if key[0] == call.method and (found := _PATTERNS[key].fullmatch(path)):
            call.template = key[1]
            call.params = {name: unquote(value) for name, value in found.groupdict().items()}
            return ROUTES[key]
    raise Refused(404, "Not Found")


def repository(forge: "GitHub", call: Call, *, write: bool = False) -> Repository:
    """The repository of a call, where the caller may do what it wants. Raises Refused as GitHub does."""
    owner, name = call.params["owner"], call.params["repo"]
    found = forge.find(owner, name)
    if found is None and (moved := forge.moved(owner, name)) is not None:
        raise _moved(forge, call, moved)
    if found is None or (found.private and call.login in found.outsiders):
        raise Refused(404, "Not Found")
    if found.disabled:
        raise Refused(403, "Repository access blocked")
    found.sync()
    if write:
        if call.login in found.readers:
            raise Refused(403, "Resource not accessible by integration")
        if found.archived:
            raise Refused(403, "Repository was archived so is read-only.")
    return found


def _moved(forge: "GitHub", call: Call, found: Repository) -> Refused:
    """The repository has another name now: GitHub leads on by its number."""
    rest = call.target.split("/", 4)[4:]
    place = "/".join([f"{forge.address}/repositories/{found.number}", *rest])
    refused = Refused(307 if call.writes else 301, "Moved Permanently")
    body = {"message": "Moved Permanently", "url": place, "documentation_url": DOCUMENTATION}
    refused.answer = Answer(refused.answer.status, body, {"Location": place})
    return refused


def pull(found: Repository, call: Call) -> Pull:
    """The pull request that a call names by number. Raises Refused."""
    text = call.params.get("pull_number") or call.params["issue_number"]
    one = next((one for one in found.pulls if str(one.number) == text), None)
    if one is None:
        raise Refused(404, "Not Found")
    return one


def page(forge: "GitHub", call: Call, rows: Iterator[Any] | list[Any], *, wrap: str = "") -> Answer:
    """One page of a list, with the Link header that leads to the others."""
    listed = list(rows)
    size = min(max(int(call.query.get("per_page", "30")), 1), 100)
    number = max(int(call.query.get("page", "1")), 1)
    last = max(-(-len(listed) // size), 1)
    links = []
    for name, target in (("prev", number - 1), ("next", number + 1), ("last", last), ("first", 1)):
        if 1 <= target <= last and target != number:
            query = "&".join(f"{key}={quote(value)}" for key, value in {**call.query, "page": str(target)}.items())
            links.append(f'<{forge.address}{urlsplit(call.target).path}?{query}>; rel="{name}"')
    shown = listed[(number - 1) * size : number * size]
    body = {"total_count": len(listed), "repository_selection": "all", wrap: shown} if wrap else shown
    return Answer(200, body, {"Link": ", ".join(links)} if links else {})

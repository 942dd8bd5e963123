"""What belongs to a transform agrees: id, folder, class, page, fixtures, README; and third parties can add theirs."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields
from importlib.resources import files
from pathlib import Path

import pytest

import hardenfile
from hardenfile import Transform, UsageError
from hardenfile.catalog import ENTRY_POINTS, build, catalog, choose
from hardenfile.plan import IGNORED
from hardenfile.report import listing
from hardenfile.testing import cases
from hardenfile.transforms import BUILTIN

ROOT = Path(__file__).parents[1]
CASES = tuple(cases(ROOT / "fixtures"))
VERIFY = "verify"  # the plan's own reason, when a rewrite of any transform does not read back as foretold

every_transform = pytest.mark.parametrize("kind", BUILTIN, ids=lambda kind: kind.id)


def page(kind: type[Transform]) -> str:
    return (files(kind.__module__) / "README.md").read_text("utf-8")


def rows(text: str, section: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    match = re.search(rf"^## {section}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert match is not None, f"there is no section {section}"
    lines = [line for line in match[1].split("\n") if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@every_transform
def test_the_id_is_the_folder_and_the_class(kind: type[Transform]) -> None:
    folder = kind.__module__.rpartition(".")[2]
    assert kind.__module__ == f"hardenfile.transforms.{folder}"
    assert kind.id == folder.replace("_", "-")
    assert kind.__name__ == "".join(word.title() for word in folder.split("_"))
    assert (ROOT / "transforms" / folder / "__init__.py").is_file()


def test_every_folder_of_transforms_is_in_the_catalog() -> None:
    folders = {path.parent.name.replace("_", "-") for path in (ROOT / "transforms").glob("*/__init__.py")}
    assert folders == {kind.id for kind in BUILTIN}
    assert set(catalog()) == folders


@every_transform
def test_a_page_says_what_it_does(kind: type[Transform]) -> None:
    text = page(kind)
    assert text.startswith(f"# {kind.id}\n")
    shown = "```dockerfile\n" if kind.safety == "advice" else "```diff\n"
    assert shown in text, "the page shows no change, or nothing that it tells of"
    said = " ".join(text.partition("## Rules")[2].split())
    assert all(rule in said for rule in kind.rules), "the page does not name every rule"


@every_transform
def test_the_table_of_options_is_the_dataclass(kind: type[Transform]) -> None:
    documented = {name.strip("`"): default.strip("`") for name, default, *_ in rows(page(kind), "Options")}
    assert documented == {one.name.replace("_", "-"): _as_toml(one.default) for one in fields(kind)}
    for name, default in documented.items():
        value = (
            default
            if default not in ("true", "false", "[]") and not default.isdigit()
            else tomllib.loads(f"x = {default}")["x"]
        )
        assert build(kind, {name: value}) == kind()


def _as_toml(value: object) -> str:
    if isinstance(value, tuple):
        return str(list(value))
    return str(value).lower() if isinstance(value, bool) else str(value)


@every_transform
def test_every_reason_is_on_the_page_and_has_a_fixture(kind: type[Transform]) -> None:
    documented = {code.strip("`") for code, *_ in rows(page(kind), "When it refuses")}
    own = [case for case in CASES if case.folder.parent.name == kind.__module__.rpartition(".")[2]]
    told = {one.reason for case in own for one in case.harden().refusals}
    assert told - {VERIFY, IGNORED} <= documented, "a reason is not on the page"
    # A pipe cannot be kept in a repository; tests/test_prefer_copy.py makes one.
    assert documented - {"unreadable"} <= told, "a reason on the page has no fixture"


@every_transform
def test_fixtures_show_a_change_and_a_refusal(kind: type[Transform]) -> None:
    own = [case for case in CASES if case.folder.parent.name == kind.__module__.rpartition(".")[2]]
    if kind.safety == "advice":
        assert {bool(case.harden().advice) for case in own} == {True, False}
        return
    assert any(case.before != case.after for case in own)
    assert any(case.before == case.after for case in own)


def test_the_readme_has_the_tables_that_list_prints() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for table in (listing.table(), listing.families()):
        assert table in readme, "hardenfile list --output-format markdown prints another one"


@every_transform
def test_a_transform_imports_no_other_one(kind: type[Transform]) -> None:
    folder = ROOT / "transforms" / kind.__module__.rpartition(".")[2]
    for path in folder.rglob("*.py"):
        found = re.findall(r"hardenfile\.transforms\.(\w+)", path.read_text("utf-8"))
        assert set(found) <= {folder.name}, path


# --- third parties -------------------------------------------------------------------------------------------------

MODULE = '''
from dataclasses import dataclass
from hardenfile import Transform

@dataclass(frozen=True)
class SignWork(Transform):
    """A label with the name of whoever is to blame."""
    who: str = "nobody"
    id = "sign-work"
    title = "Say whose work it is"
    after = ("add-user",)

    def propose(self, document, evidence):
        from hardenfile.rewrite.insert import lines_after
        last = document.instructions[-1]
        if last.keyword != "LABEL":
            yield self.change(last, self.title, lines_after(last, [f'LABEL author="{self.who}"']))

@dataclass(frozen=True)
class Usurper(SignWork):
    id = "add-user"

@dataclass(frozen=True)
class Waits(SignWork):
    id = "waits"
    after = ("waits-too",)

@dataclass(frozen=True)
class WaitsToo(SignWork):
    id = "waits-too"
    after = ("waits",)

class Stranger:
    id = "stranger"
'''


@pytest.fixture(autouse=True)
def fresh_catalog() -> Iterator[None]:
    catalog.cache_clear()
    yield
    catalog.cache_clear()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path where packages are installed."""
    (tmp_path / "acme_transforms.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def install(site: Path, **points: str) -> None:
    """What pip leaves of a package that registers these entry points."""
    info = site / f"acme_{'_'.join(points)}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: acme-{'-'.join(points)}\nVersion: 1.0\n")
    lines = "".join(f"{name} = {target}\n" for name, target in points.items())
    (info / "entry_points.txt").write_text(f"[{ENTRY_POINTS}]\n{lines}")


def test_an_installed_package_adds_its_transform(site: Path) -> None:
    install(site, sign="acme_transforms:SignWork")
    ids = list(catalog())
    assert ids.index("sign-work") > ids.index("add-user")
    outcome = hardenfile.harden("FROM debian:13\n", select=["sign-work"], options={"sign-work": {"who": "ada"}})
    assert outcome.after.text == 'FROM debian:13\nLABEL author="ada"\n'
    assert [one.transform for one in outcome.changes] == ["sign-work"]


def test_the_builtin_ones_need_no_package() -> None:
    assert {kind.id: kind for kind in BUILTIN} == dict(catalog())


def test_a_duplicate_id_is_an_error(site: Path) -> None:
    install(site, usurper="acme_transforms:Usurper")
    with pytest.raises(
        UsageError, match=r"two transforms are called 'add-user': .*add_user.*, acme_transforms:Usurper"
    ):
        catalog()


def test_an_entry_point_that_is_no_transform_is_an_error(site: Path) -> None:
    install(site, stranger="acme_transforms:Stranger")
    with pytest.raises(UsageError, match="acme_transforms:Stranger is no Transform"):
        catalog()


@pytest.mark.parametrize("target", ["acme_transforms:Nothing", "acme_not_there:Nothing"])
def test_an_entry_point_that_does_not_load_is_an_error(site: Path, target: str) -> None:
    install(site, broken=target)
    with pytest.raises(UsageError, match=f"the entry point {target} cannot be loaded"):
        catalog()


def test_transforms_that_wait_for_each_other_are_an_error(site: Path) -> None:
    install(site, waits="acme_transforms:Waits", too="acme_transforms:WaitsToo")
    with pytest.raises(UsageError, match=r"wait for each other: .*waits"):
        catalog()


# --- what a person types --------------------------------------------------------------------------------------------


def test_an_unknown_id_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"'prefer-cpoy' .did you mean 'prefer-copy'"):
        choose(select=["prefer-cpoy"])
    with pytest.raises(UsageError, match=r"'adduser' .did you mean 'add-user'"):
        choose(ignore=["adduser"])
    with pytest.raises(UsageError, match=r"'add_user' .did you mean 'add-user'"):
        choose(options={"add_user": {}})


def test_an_unknown_option_names_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"add-user has no option 'uidd' .did you mean 'uid'"):
        choose(options={"add-user": {"uidd": 1}})
    with pytest.raises(UsageError, match=r"prefer-copy has no option 'uid'$"):
        choose(options={"prefer-copy": {"uid": 1}})


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"uid": "1"}, "uid takes a whole number, not '1'"),
        ({"uid": True}, "uid takes a whole number, not True"),
        ({"uid": 0}, "uid is a number from 1 to"),
        ({"gid": 2**31}, "gid is a number from 1 to"),
        ({"reuse": 1}, "reuse takes true or false, not 1"),
        ({"name": ["app"]}, "name takes a text"),
        ({"name": "no name"}, "'no name' is no name"),
        pytest.param({"name": "-r"}, "'-r' is no name"),
        ({"ownership": "ap"}, "ownership is one of auto, minimal, app, openshift"),
    ],
)
def test_a_wrong_value_says_what_would_be_right(options: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=re.escape(says)):
        choose(options={"add-user": options})

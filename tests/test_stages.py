"""Stages as BuildKit builds them; the tables were held against its dockerfile2llb (August 2026)."""

import pytest

from hardenfile.dockerfile import Instruction, parse
from hardenfile.dockerfile.stages import BASE_WORKDIR, Stage, Value


def stages(*lines: str) -> tuple[Stage, ...]:
    return parse("\n".join(lines)).stages


def last(*lines: str) -> Stage:
    return stages(*lines)[-1]


def text(instruction: Instruction | None) -> str | None:
    return instruction.value if instruction is not None else None


@pytest.mark.parametrize(
    ("lines", "parents"),
    [
        (("FROM a", "FROM b"), [None, None]),
        (("FROM a AS x", "FROM x"), [None, 0]),
        (("FROM a AS X", "FROM x"), [None, 0]),
        (("FROM a AS x", "FROM X"), [None, None]),  # a name is made lower case, FROM is not
        (("FROM x AS x", "FROM x"), [None, 0]),
        (("FROM a AS x", "FROM b AS x", "FROM x"), [None, None, 1]),
        (("FROM a AS x", "FROM x AS x", "FROM x"), [None, 0, 1]),
        (("FROM a", "FROM 0"), [None, None]),
        (("FROM x", "FROM a AS x"), [None, None]),
        (("FROM a AS scratch", "FROM scratch"), [None, 0]),
        (("ARG B=x", "FROM a AS x", "FROM $B"), [None, 0]),
        (("ARG B", "FROM a AS x", "FROM ${B:-x}"), [None, None]),
        (("FROM a AS x", "FROM --platform=linux/amd64 x AS y", "FROM y"), [None, 0, 1]),
    ],
)
def test_from_finds_stages(lines: tuple[str, ...], parents: list[int | None]) -> None:
    found = stages(*lines)
    assert [stage.parent.index if stage.parent else None for stage in found] == parents
    assert [stage.index for stage in found] == list(range(len(found)))


def test_a_chain_goes_down_to_an_image() -> None:
    found = stages("FROM a AS x", "USER u", "FROM x AS y", "FROM y", "FROM b")
    assert [stage.index for stage in found[2].chain] == [0, 1, 2]
    assert found[2].root is found[0]
    assert found[3].chain == (found[3],)
    assert found[0].each("USER", "RUN") == found[0].instructions
    assert found[1].name == "y"


def test_from_and_its_flag() -> None:
    stage = last("ARG T=1", "FROM --platform=$BUILDPLATFORM debian:$T AS Base")
    assert (stage.base, stage.base_word.text, stage.name) == (Value("debian:1", by_default=True), "debian:$T", "base")
    assert stage.platform is not None
    assert stage.platform.value == "$BUILDPLATFORM"


# The value of $X, in a WORKDIR that follows these lines: its text, what is missing, whether a build argument counts.
SCOPES: list[tuple[tuple[str, ...], tuple[str, set[str], bool]]] = [
    (("FROM a",), ("", {"X"}, False)),
    (("ARG X=1", "FROM a"), ("", {"X"}, False)),
    (("ARG X=1", "FROM a", "ARG X"), ("1", set(), True)),
    (("ARG X=1", "FROM a", "ARG X=2"), ("2", set(), True)),
    (("ARG X", "FROM a", "ARG X"), ("", {"X"}, False)),
    (("ARG X=1", "ARG X", "FROM a", "ARG X"), ("1", set(), True)),
    (("ARG Y=1", "ARG X=$Y", "FROM a", "ARG X"), ("1", set(), True)),
    (("ARG X=$Y", "ARG Y=1", "FROM a", "ARG X"), ("", {"Y"}, True)),
    (("ARG X=$TARGETARCH", "FROM a", "ARG X"), ("", {"TARGETARCH"}, True)),
    (("FROM a", "ARG Y=1 X=$Y"), ("1", set(), True)),
    (("FROM a", "ENV X=1"), ("1", set(), False)),
    (("FROM a", "ENV X 1 2"), ("1 2", set(), False)),
    (("FROM a", "ENV Y=1", "ENV Y=2 X=$Y"), ("1", set(), False)),
    (("FROM a", "ENV Y=X", "ENV $Y=1"), ("1", set(), False)),
    (("FROM a", "ENV X='$Y' Y=1"), ("$Y", set(), False)),
    (("FROM a", "ENV X=${Y:-1}"), ("1", {"Y"}, False)),
    (("FROM a", "ARG X=1", "ENV X=2"), ("2", set(), False)),
    (("FROM a", "ENV X=1", "ARG X=2"), ("2", set(), True)),
    (("FROM a", "ENV X=1", "ARG X"), ("1", set(), True)),
    (("FROM a", "ARG Y=1", "ENV X=a$Y"), ("a1", set(), True)),
    (("FROM a", 'ENV X="$"'), ("$", set(), False)),
    (("FROM a", 'ENV X="'), ('"', {'"'}, False)),
    (("FROM a AS b", "ENV X=1", "FROM b"), ("1", set(), False)),
    (("FROM a AS b", "ARG X=1", "FROM b"), ("1", set(), True)),
    (("FROM a AS b", "ENV X=1", "ARG X=2", "FROM b"), ("1", set(), False)),
    (("FROM a AS b", "ENV X=1", "FROM b AS c", "ENV X=2", "FROM b"), ("1", set(), False)),
    (("FROM a AS b", "ENV X=1", "FROM c"), ("", {"X"}, False)),
    (("FROM a AS b", "ONBUILD ENV X=1", "FROM b"), ("1", set(), False)),
    (("FROM a AS b", "ONBUILD ENV X=1", "FROM b AS c", "ENV X=2", "FROM c"), ("2", set(), False)),
    (("# escape=`", "FROM a", "ENV X=a`$Y\\"), ("a$Y\\", set(), False)),
]


@pytest.mark.parametrize(("lines", "value"), SCOPES)
def test_scope(lines: tuple[str, ...], value: tuple[str, set[str], bool]) -> None:
    stage = last(*lines, "WORKDIR /.$X")
    (found,) = stage.values(stage.instructions[-1])
    assert (found.text.removeprefix("/."), set(found.missing), found.by_default) == value
    assert found.known == (not value[1])


@pytest.mark.parametrize("name", ["TARGETARCH", "BUILDPLATFORM", "TARGETOSVERSION", "TARGETSTAGE"])
def test_the_platform_is_not_known(name: str) -> None:
    for lines in (("FROM a", f"ARG {name}"), ("FROM a", f"ENV {name}=x", f"ARG {name}"), ("FROM a",)):
        stage = last(*lines, f"WORKDIR /${name}")
        assert stage.values(stage.instructions[-1])[0].missing == {name}
    stage = last(f"ARG {name}=x", "FROM a", f"ARG {name}", f"WORKDIR /${name}")
    assert stage.values(stage.instructions[-1])[0] == Value("/x", by_default=True)


def test_path_is_always_in_the_image() -> None:
    """An ARG of that name gives way to the image's PATH in the stages that follow, whatever that is."""
    stage = last("FROM a AS b", "ARG PATH=/x", "FROM b", "WORKDIR $PATH")
    assert not stage.values(stage.instructions[-1])[0].known


WORKDIRS: list[tuple[tuple[str, ...], str | None]] = [
    (("FROM a", "WORKDIR /a/b/"), "/a/b"),
    (("FROM a", "WORKDIR //a/../b"), "/b"),
    (("FROM a", "WORKDIR /a", "WORKDIR b", "WORKDIR ../c"), "/a/c"),
    (("FROM a", "WORKDIR /a", 'WORKDIR ""'), "/a"),
    (("FROM a", "WORKDIR /a", "WORKDIR ../../.."), "/"),
    (("FROM scratch", "WORKDIR a"), "/a"),
    (("FROM a AS x", "WORKDIR /a", "FROM x", "WORKDIR b"), "/a/b"),
    (("FROM a", 'WORKDIR "/a b"'), "/a b"),
    (("FROM a", "ENV D=/d", "WORKDIR $D/e"), "/d/e"),
    (("FROM a", "WORKDIR $D/e"), None),
    (("FROM a", "WORKDIR /a", "WORKDIR $D"), None),
    (("FROM a", "WORKDIR $D", "WORKDIR /b"), "/b"),
    (("FROM a", "WORKDIR /a", "WORKDIR C:\\\\b"), None),
]


@pytest.mark.parametrize(("lines", "workdir"), WORKDIRS)
def test_workdir(lines: tuple[str, ...], workdir: str | None) -> None:
    found = last(*lines).final.workdir
    assert found is not None
    assert (found.text if found.known else None) == workdir


def test_a_workdir_may_need_the_base_image() -> None:
    found = last("FROM a", "WORKDIR b", "WORKDIR ../c").final.workdir
    assert found == Value("c", frozenset({BASE_WORKDIR}))
    assert last("FROM a").final.workdir is None
    assert last("FROM scratch").final.workdir == Value("/")


COMMANDS: list[tuple[tuple[str, ...], tuple[str | None, str | None, bool]]] = [
    (("FROM a",), (None, None, False)),
    (("FROM a", "CMD c"), (None, "c", False)),
    (("FROM a", "ENTRYPOINT e"), ("e", None, True)),
    (("FROM a", "CMD c", "ENTRYPOINT e"), ("e", "c", False)),
    (("FROM a", "ENTRYPOINT e", "CMD c"), ("e", "c", False)),
    (("FROM a AS x", "CMD c", "FROM x"), (None, "c", False)),
    (("FROM a AS x", "CMD c", "FROM x", "ENTRYPOINT e"), ("e", None, True)),
    (("FROM a AS x", "CMD c", "FROM x", "CMD d", "ENTRYPOINT e"), ("e", "d", False)),
    (("FROM a AS x", "ENTRYPOINT e", "CMD c", "FROM x", "CMD d"), ("e", "d", False)),
    (("FROM a AS x", "ENTRYPOINT e", "FROM x"), ("e", None, True)),
    (("FROM a AS x", "ONBUILD CMD c", "FROM x", "ENTRYPOINT e"), ("e", "c", False)),
    (("FROM a AS x", "CMD c", "ONBUILD ENTRYPOINT e", "FROM x"), ("e", None, True)),
]


@pytest.mark.parametrize(("lines", "expected"), COMMANDS)
def test_entrypoint_and_cmd(lines: tuple[str, ...], expected: tuple[str | None, str | None, bool]) -> None:
    final = last(*lines).final
    assert (text(final.entrypoint), text(final.cmd), final.cmd_reset) == expected


def test_settings_are_inherited() -> None:
    child = last(
        "FROM a AS x",
        "ARG N=5",
        "USER app:$N",
        'SHELL ["/bin/bash", "-c"]',
        "HEALTHCHECK NONE",
        "STOPSIGNAL 9",
        "ENV A=1",
        "FROM x",
        "ENV B=2",
    )
    final = child.final
    assert final.user is not None
    assert final.user.value == Value("app:5", by_default=True)
    assert final.user.instruction.first_line == 3
    assert [text(one) for one in (final.shell, final.healthcheck, final.stopsignal)] == [
        '["/bin/bash", "-c"]',
        "NONE",
        "9",
    ]
    assert child.env == {"A": Value("1"), "B": Value("2")}


def test_triggers_run_first_and_once() -> None:
    found = stages(
        "FROM a AS x", "ONBUILD USER app", "ONBUILD WORKDIR /w", "FROM x AS y", "RUN z", "FROM y", "USER root"
    )
    assert found[0].final.user is None
    seen = found[1].before(found[1].instructions[0])
    assert seen.user is not None
    assert seen.user.value == Value("app")
    assert seen.user.instruction.parent is found[0].instructions[0]
    assert seen.workdir == Value("/w")
    assert found[2].final.user is not None
    assert found[2].final.user.value == Value("root")


def test_before_tells_what_holds_at_a_line() -> None:
    stage = last("FROM a", "RUN b", "USER c", "RUN d", "USER e")
    users = [one.user.value.text if one.user else None for one in map(stage.before, stage.instructions)]
    assert users == [None, None, "c", "c"]
    assert stage.before(stage.instructions[0]).user is None


@pytest.mark.parametrize(
    ("line", "values"),
    [
        ("COPY $X '$X' \\$X b", ["1", "$X", "$X", "b"]),
        ('ADD ["$X", "\'b\'"]', ["1", "b"]),
        ("USER ${X}:a", ["1:a"]),
        ("EXPOSE $X/tcp", ["1/tcp"]),
        ("VOLUME $X", ["1"]),
        ("STOPSIGNAL $X", ["1"]),
        ("ENV a=$X b=c", ["a", "1", "=", "b", "c", "="]),
        ("LABEL a=$X", ["a", "1", "="]),
        ("RUN $X", ["$X"]),
        ('CMD ["$X"]', ["$X"]),
        ("ENTRYPOINT $X", ["$X"]),
        ("HEALTHCHECK CMD $X", ["CMD", "$X"]),
    ],
)
def test_expands_what_the_builder_expands(line: str, values: list[str]) -> None:
    stage = last("FROM a", "ENV X=1", line)
    assert [one.text for one in stage.values(stage.instructions[-1])] == values


def test_what_stands_before_from_is_passed_over() -> None:
    assert stages("RUN a", "ARG X=b", "FROM $X")[0].base.text == "b"
    assert stages("ARG X") == ()
    assert stages("FROM") == ()

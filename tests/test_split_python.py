"""Python: the distributions and environments that a file installs, and conversions beside those of the fixtures."""

from pathlib import Path

import pytest

from hardenfile import Outcome, Safety, harden
from hardenfile.transforms.split_stages.python.distributions import Distributions, sorted_out
from hardenfile.transforms.split_stages.python.interpreter import allows

APP = {"app.py": "print(1)\n", "requirements.txt": "flask\n"}
UV = 'version = 1\n\n[[package]]\nname = "{name}"\nwheels = [{{ url = "https://files.example.test/{wheel}" }}]\n'


def converted(tmp_path: Path, text: str, files: dict[str, str] | None = None, *, unsafe: bool = False) -> Outcome:
    for name, content in (APP if files is None else files).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return harden(text.encode(), context=tmp_path, select=["split-stages"], unsafe=unsafe)


def refusal(outcome: Outcome) -> str:
    assert not outcome.changed
    return ", ".join(one.reason for one in outcome.refusals)


PIP = "pip install -r requirements.txt"


def file(base: str, install: str, *above: str, start: str = '["python", "app.py"]') -> str:
    return "\n".join([f"FROM {base}", *above, "WORKDIR /app", "COPY . .", f"RUN {install}", f"CMD {start}", ""])


COMPILER = "RUN apt-get update && apt-get install -y gcc"


@pytest.mark.parametrize(
    ("base", "runtime"),
    [
        ("python:3.11", "python:3.11-slim"),
        ("python:3.11.4-bookworm", "python:3.11.4-slim-bookworm"),
        ("python:3.12-trixie", "python:3.12-slim-trixie"),
        ("docker.io/library/python:3.12", "python:3.12-slim"),
        ("python", "python:slim"),
        ("python:3", "python:3-slim"),
    ],
)
def test_the_slim_image_of_the_same_version(base: str, runtime: str, tmp_path: Path) -> None:
    outcome = converted(tmp_path, file(base, PIP))
    assert [one.safety for one in outcome.changes] == [Safety.SAFE]
    assert f"FROM {runtime}\n" in outcome.after.to_bytes().decode()


def test_a_build_argument_moves_both_stages(tmp_path: Path) -> None:
    text = "ARG V=3.12\n" + file("python:${V}-slim", PIP, COMPILER)
    assert converted(tmp_path, text).after.to_bytes().decode().count("FROM python:${V}-slim") == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (file("python:2.7", PIP), "artefact"),
        (file("python:3.12-slim", PIP), "nothing-gained"),
        (file("python:3.12", "pip install --prefix /p -r requirements.txt"), "artefact"),
        (file("python:3.12", "/opt/other/bin/pip install -r requirements.txt"), "artefact"),
        (file("python:3.12", "pip install $(cat requirements.txt)"), "unclear-step"),
        (file("python:3.12", "if true; then pip install -r requirements.txt; fi"), "unclear-step"),
        (file("python:3.12", PIP, "RUN python -m venv $DIR"), "unclear-step"),
        (file("python:3.12", PIP, "ENV PATH=/usr/local/bin:/usr/bin:/bin"), "contract"),
        (file("python:3.12", PIP, "RUN mkdir /opt/venv"), "artefact"),
        (
            file("python:3.12", PIP, start='["bash", "-lc", "flask run"]'),
            "missing-program",
        ),
        (file("python:3.12", "pip install -e /"), "artefact"),
        (file("python:3.13.0rc1-bookworm", PIP), "no-runtime"),
        (file("python:3.12", "pip install flask && ln -s /usr/local/bin/flask /usr/bin/flask"), "artefact"),
        (file("python:3.12", "pipenv install --system", "RUN pip install pipenv"), "artefact"),
        (file("python:3.12", "uv pip install -r requirements.txt", "RUN pip install uv"), "artefact"),
        (file("python:3.12", "uv sync --link-mode symlink", "RUN pip install uv"), "artefact"),
        (file("python:3.12", "virtualenv -p python3.9 /env && /env/bin/pip install flask"), "artefact"),
        (
            file("python:3.12", "poetry install", "RUN useradd -m a", "USER a", "ENV POETRY_VIRTUALENVS_CREATE=false"),
            "artefact",
        ),
    ],
)
def test_what_cannot_be_converted(text: str, reason: str, tmp_path: Path) -> None:
    assert refusal(converted(tmp_path, text, unsafe=True)) == reason


def test_uv_is_told_the_environment_where_a_variable_sends_it_to_the_system(tmp_path: Path) -> None:
    text = file("python:3.12", "uv pip install -r requirements.txt", "RUN pip install uv", "ENV UV_SYSTEM_PYTHON=1")
    assert (
        "RUN uv pip install --python /opt/venv -r requirements.txt\n"
        in converted(tmp_path, text).after.to_bytes().decode()
    )


def test_an_environment_that_a_copy_writes_into_is_left_alone(tmp_path: Path) -> None:
    text = file(
        "python:3.12", "python -m venv .venv && .venv/bin/pip install flask", start='[".venv/bin/flask", "run"]'
    )
    assert refusal(converted(tmp_path, text, {**APP, ".venv/pyvenv.cfg": "home = /usr/bin\n"})) == "artefact"


def test_an_activated_environment_is_the_files_own(tmp_path: Path) -> None:
    text = file(
        "python:3.12", "python -m venv /env && . /env/bin/activate && pip install flask", start='["/env/bin/flask"]'
    )
    after = converted(tmp_path, text).after.to_bytes().decode()
    assert "COPY --from=build /env /env\n" in after
    assert "/opt/venv" not in after


def test_lists_that_name_lists_and_sources_in_place(tmp_path: Path) -> None:
    lists = {
        "requirements.txt": "-r more/base.txt\n-e ./lib\n",
        "more/base.txt": "psycopg2  # database\n",
    }
    text = 'FROM python:3.11-bookworm\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD ["flask"]\n'
    outcome = converted(tmp_path, text, {**lists, "lib/setup.py": ""}, unsafe=True)
    after = outcome.after.to_bytes().decode()
    assert "libpq5" in after
    assert "COPY --from=build /app/lib /app/lib\n" in after


@pytest.mark.parametrize(
    ("lock", "safety"),
    [
        (UV.format(name="flask", wheel="flask-3-py3-none-any.whl"), Safety.SAFE),
        (UV.format(name="acme", wheel="acme-3-py3-none-any.whl"), Safety.SAFE),
        (UV.format(name="acme", wheel="acme-3-cp312-cp312-manylinux_2_17_x86_64.whl"), Safety.UNSAFE),
        (UV.format(name="gitpython", wheel="gitpython-3-py3-none-any.whl"), Safety.UNSAFE),
        ("version = [", Safety.UNSAFE),
    ],
)
def test_a_lock_file_tells_what_is_python_alone(lock: str, safety: Safety, tmp_path: Path) -> None:
    project = '[project]\nname = "a"\nversion = "1"\nrequires-python = ">=3.12"\n'
    text = file("python:3.12", "uv sync --frozen", "RUN pip install uv", start='[".venv/bin/flask", "run"]')
    outcome = converted(tmp_path, text, {**APP, "pyproject.toml": project, "uv.lock": lock}, unsafe=True)
    assert [one.safety for one in outcome.changes] == [safety]


def test_what_distributions_need() -> None:
    found = Distributions({"flask", "psycopg2", "psycopg[binary]", "psycopg", "opencv-python", "acme"}, {"acme"})
    headers, programs, unknown = sorted_out(found)
    assert headers == {"psycopg": "libpq-dev", "psycopg2": "libpq-dev"}
    assert list(programs) == ["opencv-python"]
    assert unknown == []
    assert sorted_out(Distributions({"uvicorn[acme]"}))[2] == ["uvicorn[acme]"]


@pytest.mark.parametrize(
    ("wanted", "minor", "answer"),
    [
        (">=3.11", "3.12", True),
        (">=3.11,<4", "3.12", True),
        (">=3.11,<3.12", "3.12", False),
        (">=3.13", "3.12", False),
        ("~=3.11", "3.12", True),
        ("==3.12.*", "3.12", True),
        ("==3.12.1", "3.12", False),
        (">=3.12.4", "3.12", False),
        (">=3.9", "3.12", True),
        ("3.12", "3.12", False),
    ],
)
def test_whether_a_project_takes_an_interpreter(wanted: str, minor: str, answer: bool) -> None:
    assert allows(wanted, minor) is answer

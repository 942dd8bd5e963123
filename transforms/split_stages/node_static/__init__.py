"""Sites that Node builds and a file server serves: what was built, with that server or with nginx."""

import posixpath
from collections.abc import Sequence

from hardenfile.dockerfile import Instruction
from hardenfile.errors import RewriteRejected
from hardenfile.evidence.paths import within
from hardenfile.rewrite.edit import Edit
from hardenfile.rewrite.insert import replace

from ..contract import own_environment
from ..node import slim
from ..node.application import application, claimed_steps, folder_of_application
from ..node.leaves import outside
from ..node.managers import folder_of, installs
from ..node.programs import repeated
from ..node.project import Project, read_project
from ..runtime import at, the_base_itself
from ..split import Split, Tree, Unfit
from ..steps import Step
from ..survey import Survey
from .output import output_of
from .server import Server, server_of

_NGINX = "nginxinc/nginx-unprivileged:stable-alpine"
_ROOT = "/usr/share/nginx/html"


def recognise(survey: Survey, same_family: bool) -> Split | None:
    """The conversion of a file whose start command serves what it builds; None for any other. Raises Unfit."""
    tools = application(survey)
    installing = [step for step in tools if installs(step)]
    server = server_of(survey)
    if survey.base.name != "node" or not installing or server is None:
        return None
    projects = list(dict.fromkeys(one for step in installing if (one := folder_of(step)) is not None))
    if len(projects) != 1:
        return None
    project = read_project(survey, projects[0])
    if server.name in project.dependencies and not server.everywhere:
        return None  # a server as any other, with the packages beside it
    folder = folder_of_application(survey, tools)
    try:
        served = _served(survey, server, output_of(survey, project, tools))
    except Unfit:
        if server.everywhere:
            return None  # the whole folder of the application has it
        raise
    claimed = claimed_steps(survey, folder, tools)
    doubts = [*outside(survey, folder, [step for step in tools if step in claimed], [project])]
    tree = (served, f"{served} is what {project.path} builds, and {server.where} serves nothing else")
    by_script = any(one.program in ("npm", "yarn", "pnpm") for one in survey.start.commands)
    if server.everywhere and by_script:
        return None  # it needs package.json
    if server.everywhere:
        return _with_server(survey, server, tree, claimed, tools, doubts, same_family)
    if same_family:
        return None
    return _with_nginx(survey, server, tree, claimed, doubts, project)


def _served(survey: Survey, server: Server, built: str) -> str:
    """The folder that is served, which has to be the one that is built. Raises Unfit."""
    served = posixpath.normpath(posixpath.join(survey.workdir, server.folder)) if server.folder else built
    if served != built:
        raise Unfit("artefact", f"{server.where} serves {served}, and what is built is {built}", survey.start.at)
    return served


def _with_server(
    survey: Survey,
    server: Server,
    tree: tuple[str, str],
    claimed: set[Step | Instruction],
    tools: Sequence[Step],
    doubts: list[str],
    same_family: bool,
) -> Split:
    """The same server, installed once more, on the slim image."""
    runtime = the_base_itself(survey) if same_family else slim(survey)
    lines, edits = repeated(survey, tools, survey.last(claimed))
    if not lines:
        raise Unfit("missing-program", f"how {server.name} gets into the image cannot be told", survey.start.at)
    path, why = tree
    return Split(
        "node_static",
        runtime,
        (Tree(path, path, why, built=True),),
        frozenset(claimed),
        edits=edits,
        settings=lines,
        intended=own_environment(survey.stage, survey.base, runtime.image),
        programs=frozenset("python python2 python3 py3-pip git".split()),
        facts=(f"{server.name} reads the folder that it serves, and no package of the application",),
        doubts=tuple(doubts),
    )


def _with_nginx(
    survey: Survey,
    server: Server,
    tree: tuple[str, str],
    claimed: set[Step | Instruction],
    doubts: list[str],
    project: Project,
) -> Split:
    """nginx in the place of a server for development. Raises Unfit where more than files is to be taken over."""
    final = survey.stage.final
    last = survey.last(claimed)
    cmd = final.cmd
    if cmd is None or final.entrypoint is not None or cmd.begin < last.begin:
        raise Unfit("no-command", "the command that nginx would take the place of is not one CMD below the build", cmd)
    if final.user is not None:
        raise Unfit("no-runtime", "nginx brings a user of its own, and the file sets another", final.user.instruction)
    below = [one for one in survey.below(frozenset(claimed)) if one.keyword in ("RUN", "COPY", "ADD")]
    if below:
        raise Unfit("unclear-step", "what stands below the build cannot be taken over to nginx", below[0])
    if server.port is None or within(survey.workdir, _ROOT):
        raise Unfit("artefact", f"the port that {server.where} listens on cannot be told", survey.start.at)
    settings = (survey.text(posixpath.join(project.folder, f"vite.config.{end}")) for end in ("js", "ts", "mjs", "mts"))
    if server.proxies or any("proxy" in (text or "") for text in settings):
        raise Unfit("artefact", f"{server.where} hands requests on, which nginx would have to be told", survey.start.at)
    runtime = at(survey, _NGINX, "static files need no C library", static=True)
    path, why = tree
    return Split(
        "node_static",
        runtime,
        (Tree(path, _ROOT, why, built=True),),
        frozenset(claimed),
        edits=(_nginx(cmd),),
        settings=tuple(_settings(server, server.port)),
        intended=own_environment(survey.stage, survey.base, runtime.image)
        | {"CMD", "ENTRYPOINT", "USER", *(f"EXPOSE {port}/tcp" for port in runtime.image.ports)},
        programs=frozenset("python python2 python3 py3-pip git".split()),
        facts=(f"nginx listens on port {server.port}, as {server.name} did",),
        doubts=(f"nginx serves in the place of {server.name}: headers, redirects and logs differ", *doubts),
    )


def _nginx(cmd: Instruction) -> Edit:
    try:
        return replace(cmd, cmd.split.rest, '["nginx", "-g", "daemon off;"]')
    except RewriteRejected as error:
        raise Unfit("locked", "the CMD goes over several lines", cmd) from error


def _settings(server: Server, port: int) -> list[str]:
    missing = "/index.html" if server.single else "=404"
    return [
        "RUN printf '%s\\n' \\",
        "        'server {' \\",
        f"        '    listen {port};' \\",
        f"        '    root {_ROOT};' \\",
        f"        '    location / {{ try_files $uri $uri.html $uri/ {missing}; }}' \\",
        "        '}' > /etc/nginx/conf.d/default.conf",
    ]

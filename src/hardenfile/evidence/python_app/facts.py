"""The reporter: hands each call, dictionary and setting of a module to the rules, and gathers what they find."""

from collections.abc import Iterator

import libcst as cst

from . import libraries
from .commands import run_findings, runs
from .listens import listens, privileged
from .model import Finding
from .modules import Module
from .outline import Outline
from .reading import Here
from .rules import PORTS, PRIVILEGED, RAW_SOCKETS, RUNNERS, SHELLS
from .scopes import Guard, Site
from .settings import dict_writes, setting_writes, settings_in
from .syntax import show
from .write_rules import WRITES
from .writes import writes


def facts(here: Here, tree: Outline) -> Iterator[Finding]:
    """Everything that the rules find in one parsed module. ``here`` is its first line."""
    module = here.module
    for site in tree.calls:
        if isinstance(site.node, cst.Call) and _runs(site.guard, module):
            yield from _call(here.at(site.scope, site.line), site.node)
    for site in tree.references:
        if isinstance(site.node, (cst.Name, cst.Attribute)) and _runs(site.guard, module):
            yield from _reference(here.at(site.scope, site.line), site.node)
    for site in tree.dicts:
        if isinstance(site.node, cst.Dict) and _runs(site.guard, module):
            yield from dict_writes(here.at(site.scope, site.line), site.node)
    for setting in settings_in(module, tree):
        yield from setting_writes(here.at(setting.scope, setting.line), setting)


def _runs(guard: Guard, module: Module) -> bool:
    return Guard.TYPING not in guard and (Guard.MAIN not in guard or module.main)


def _call(here: Here, call: cst.Call) -> Iterator[Finding]:
    dotted = here.called(call)
    yield from writes(here, call, dotted)
    yield from listens(here, call, dotted)
    yield from privileged(here, call, dotted)
    for run in runs(here, call, dotted) or ():
        yield from run_findings(here, run, dotted)
    library = libraries.called(dotted)
    if library is not None:
        yield here.finding(
            "library", library.phrase(f"{dotted}()"), library.folder(here.fold.around.env), directory=True
        )


def _reference(here: Here, node: cst.Name | cst.Attribute) -> Iterator[Finding]:
    """A function handed over: who calls it, and with what, is not seen."""
    if isinstance(node, cst.Attribute) and node.attr.value in RAW_SOCKETS:
        yield here.finding("root", f"socket.{node.attr.value}")
        return
    dotted = here.fold.names.dotted(node, here.place)
    what = f"{show(node)}, handed over to be called"
    if dotted.rpartition(".")[2] in RAW_SOCKETS:
        yield here.finding("root", dotted)
    elif dotted in PRIVILEGED:
        yield here.finding("root", what)
    elif dotted in WRITES or dotted in RUNNERS or dotted in SHELLS:
        yield here.finding("unknown", f"{what}: with which arguments is not known here")
    elif dotted in PORTS:
        yield here.finding("port", f"{what}: binds a port that is not known here")


def changes_folder(here: Here, site: Site) -> bool:
    """Whether a call of ``os.chdir`` may lead away from the working folder that the image sets."""
    node = site.node
    if not isinstance(node, cst.Call) or not _runs(site.guard, here.module):
        return False
    if here.called(node) not in ("os.chdir", "os.fchdir"):
        return False
    value = here.value(node.args[0].value) if node.args else None
    spot = here.fold.around.spot(value)
    return spot is None or spot.inside or spot.path != here.fold.around.workdir

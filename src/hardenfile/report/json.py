"""The report for programs; the shape is part of the public interface."""

import json
from typing import Any

from hardenfile.dockerfile.source import encode
from hardenfile.files import Result
from hardenfile.transform import Change

from .text import shown

VERSION = 1
_ADVICE = ("transform", "title", "line", "rules", "why")


def report(results: list[Result]) -> str:
    """All files as one JSON document. Bytes that are no UTF-8 are shown as U+FFFD."""
    return json.dumps({"version": VERSION, "files": [_file(one) for one in results]}, indent=2, ensure_ascii=False)


def _file(result: Result) -> dict[str, Any]:
    outcome = result.outcome
    status = "error" if result.error is not None else "changed" if result.changed else "unchanged"
    view: dict[str, Any] = {"path": _clean(result.path), "status": status}
    if result.error is not None:
        view["error"] = _clean(result.error)
    view["context"] = None
    if result.context is not None:
        missing = [_clean(source) for source in result.context.missing]
        view["context"] = {"path": _clean(shown(result.context.root)), "why": result.context.why, "missing": missing}
    view |= {"changes": [], "advice": [], "refusals": [], "diagnostics": [], "diff": ""}
    if outcome is None:
        return view
    applied = [_change(one, True) for one in outcome.changes]
    view["changes"] = applied + [_change(one, False) for one in outcome.held]
    view["advice"] = [
        {key: value for key, value in _change(one, False).items() if key in _ADVICE} for one in outcome.advice
    ]
    view["refusals"] = [
        {"transform": one.transform, "reason": one.reason, "message": _clean(one.message), "line": one.line}
        for one in outcome.refusals
    ]
    view["diagnostics"] = [
        {"line": one.line, "severity": one.severity, "message": _clean(one.message)}
        for one in outcome.before.diagnostics
    ]
    view["diff"] = _clean(outcome.diff())
    return view


def _change(change: Change, applied: bool) -> dict[str, Any]:
    return {
        "transform": change.transform,
        "title": _clean(change.title),
        "line": change.line,
        "safety": str(change.safety),
        "applied": applied,
        "evidence": [_clean(fact) for fact in change.evidence],
        "rules": list(change.rules),
        "why": _clean(change.why),
    }


def _clean(text: str) -> str:
    return encode(text).decode("utf-8", "replace")

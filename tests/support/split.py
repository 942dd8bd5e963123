"""What split-stages makes of a Dockerfile and the files of its context."""

from pathlib import Path

from hardenfile import Safety, harden


def split(tmp_path: Path, text: str, files: dict[str, str]) -> tuple[str, str]:
    """The safety or why it is not safe, or the refusal's reason; the final stage, or the refusal's message."""
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    outcome = harden(text.encode(), path="Dockerfile", context=tmp_path, select=["split-stages"], unsafe=True)
    if not outcome.changed:
        return outcome.refusals[0].reason, outcome.refusals[0].message
    change = outcome.changes[0]
    final = outcome.after.to_bytes().decode().partition(" AS build\n")[2].partition("FROM ")[2]
    return "safe" if change.safety is Safety.SAFE else change.why, final

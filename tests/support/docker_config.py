"""What `docker login` leaves behind."""

import base64
import json
from pathlib import Path

from hardenfile.evidence.registry import Credentials

SECRET = "correct-horse-battery"


def docker_config(folder: Path, **content: object) -> Credentials:
    """Credentials from a config.json of this content."""
    path = folder / "config.json"
    path.write_text(json.dumps(content))
    return Credentials(path)


def login(host: str, folder: Path, password: str = SECRET) -> Credentials:
    """The credentials that `docker login` would have written."""
    return docker_config(folder, auths={host: {"auth": base64.b64encode(f"robot:{password}".encode()).decode()}})

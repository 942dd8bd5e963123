"""What an application's sources say by their literals: paths written, ports listened on, calls that need root."""

from .elsewhere import configured_paths
from .home import python_home_uses
from .scan import Scan, scan_sources

__all__ = ["Scan", "configured_paths", "python_home_uses", "scan_sources"]

"""What an application's sources say by their literals: paths written, ports listened on, calls that need root."""

from .scan import Scan, scan_sources

__all__ = ["Scan", "scan_sources"]

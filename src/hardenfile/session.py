"""One run over some paths: read, harden, hand on, report."""

from collections.abc import Callable, Sequence
from pathlib import Path

from .config import Config, nearest_config, read_config
from .errors import HardenfileError, UsageError
from .files import STDIN, Found, Request, Result, find, harden_file, read
from .network import Pinning
from .options import OutputFormat
from .streams import out, read_stdin, say

DONE, WOULD_CHANGE, FAILED, NOTHING_FOUND, INTERRUPTED = 0, 1, 2, 3, 130


class Session:
    """One run over some paths: read, harden, hand on, report."""

    def __init__(self, request: Request, config: Path | None, output_format: OutputFormat, pinning: Pinning) -> None:
        self.request = request
        self.pinning = pinning
        self.config = read_config(config) if config is not None else None
        self.known: dict[Path, Config] = {}
        self.output_format = output_format
        self.results: list[Result] = []

    def run(self, paths: Sequence[str], each: Callable[[Result], None]) -> int:
        """Harden each file, hand it to `each`, tell what came of it; gives the exit code."""
        from .report import json, text

        said: set[str] = set()
        for found in find(paths):
            result = self._harden(found)
            try:
                each(result)
            except HardenfileError as error:
                result = Result(found.path, result.data, None, result.context, str(error))
            self.results.append(result)
            # A mistake in one configuration is the same for every file below it.
            if self.output_format is OutputFormat.TEXT and result.error not in said:
                for line in text.report(result):
                    say(line)
            if result.error is not None:
                said.add(result.error)
        self.pinning.close()
        if self.output_format is OutputFormat.JSON:
            out(json.report(self.results) + "\n")
        elif len(self.results) > 1:
            say(text.summary(self.results))
        if not self.results:
            say(f"error: no Dockerfile was found in {', '.join(paths)}; name the file if it is called otherwise")
            return NOTHING_FOUND
        return FAILED if any(one.error is not None for one in self.results) else DONE

    def _harden(self, found: Found) -> Result:
        if found.error is not None:
            return Result(found.path, error=found.error)
        data = b""
        try:
            data = read_stdin() if found.path == STDIN else read(found.path)
            config = self.config or nearest_config(Path(found.path).parent, self.known)
            images = self.pinning.of(found.path, data, config)
            return harden_file(found.path, data, self.request, config, images)
        except UsageError as error:
            return Result(found.path, data, error=str(error))
        except Exception as error:  # a fault in hardenfile itself; the other files are still done
            return Result(found.path, data, error=f"{found.path}: {fault(error)}")


def fault(error: Exception) -> str:
    """A defect in one line, with the place where it showed."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace is not None else ""
    return f"hardenfile itself failed ({type(error).__name__}: {error}{place}); please report it"

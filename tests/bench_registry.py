"""How fast a lock is made: 500 references against a loopback registry that takes 20 ms for each answer.

Run by hand: `python tests/bench_registry.py [REFERENCES] [MILLISECONDS]`. Prints the wall time, the ideal for the
allowed parallelism, their ratio (at most 1.5), and what twice as many references add to the memory.
"""

import asyncio
import hashlib
import resource
import sys
import threading
import time
import tracemalloc
from pathlib import Path

from hardenfile.dockerfile import parse
from hardenfile.evidence.lock import Lock, now
from hardenfile.evidence.pins import Checksum
from hardenfile.evidence.registry import Credentials, Registry
from hardenfile.locking import Wanted, bring_up

PARALLEL = 8
INDEX = "application/vnd.oci.image.index.v1+json"


class Server:
    """Answers a HEAD of any manifest after a while; one thread for all connections."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.requests, self.busy, self.most = seconds, 0, 0, 0
        self.loop = asyncio.new_event_loop()
        self.server = self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", 0))
        self.host = "127.0.0.1:" + str(self.server.sockets[0].getsockname()[1])
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first = await reader.readexactly(1)
            if first == b"\x16":  # a TLS greeting: a server that speaks none hangs up
                writer.close()
                return
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                self.requests += 1
                self.busy += 1
                self.most = max(self.most, self.busy)
                await asyncio.sleep(self.seconds)
                self.busy -= 1
                digest = hashlib.sha256(request.partition(b"\r\n")[0]).hexdigest()
                writer.write(
                    f"HTTP/1.1 200 OK\r\nContent-Type: {INDEX}\r\nDocker-Content-Digest: sha256:{digest}\r\n"
                    "Content-Length: 1024\r\n\r\n".encode()
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


def lock(server: Server, count: int, start: int) -> float:
    """Lock so many references, and give the seconds that took."""
    text = "".join(f"FROM {server.host}/team/image-{at}:1\n" for at in range(start, start + count))
    wanted = Wanted()
    wanted.add(parse(text))
    assert len(wanted.images) == count
    registry = Registry(parallel=PARALLEL, credentials=Credentials(Path("/nonexistent/config.json")))
    before = time.perf_counter()
    with registry:
        update = bring_up(Lock(), wanted, registry, _never, at=now())
    took = time.perf_counter() - before
    assert len(update.lock.images) == count and not update.errors
    return took


def _never(url: str) -> Checksum:
    raise AssertionError(url)


def main(count: int, milliseconds: float) -> int:
    """Measure, tell, and give 1 where a bound is passed."""
    server = Server(milliseconds / 1000)
    lock(server, PARALLEL, 10**6)  # imports, and the first connections
    server.requests = 0
    took = lock(server, count, 0)
    asked = server.requests
    ideal = -(-count // PARALLEL) * milliseconds / 1000
    tracemalloc.start()
    lock(server, count // 2, 2 * 10**6)
    half = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    lock(server, count, 3 * 10**6)
    whole = tracemalloc.get_traced_memory()[1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{count} references, {asked} requests, {server.most} at a time, {milliseconds:g} ms each")
    print(f"wall {took:.2f} s, ideal {ideal:.2f} s, ratio {took / ideal:.2f} (at most 1.5)")
    print(
        f"peak of Python's memory: {half >> 10} KiB for {count // 2}, {whole >> 10} KiB for {count}; process {peak} MiB"
    )
    return int(took / ideal > 1.5 or asked > count + 1)


if __name__ == "__main__":
    numbers = [float(one) for one in sys.argv[1:3]]
    sys.exit(main(int(numbers[0]) if numbers else 500, numbers[1] if len(numbers) > 1 else 20.0))

"""Measures weights on loopback: download beside curl, verify, recognise.

Run it from the repository's root: python -m tests.bench.weights [MEGABYTES]
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from orfeas_desktop.assets import AssetKind
from orfeas_desktop.engine.weights.catalog import weight_set
from orfeas_desktop.engine.weights.download import Surroundings, download_set
from orfeas_desktop.engine.weights.licences import Licences
from orfeas_desktop.engine.weights.network import NetworkDoor, NetworkRules
from orfeas_desktop.engine.weights.recognise import find_weights
from orfeas_desktop.engine.weights.store import WeightStore
from orfeas_desktop.engine.weights.upkeep import verify_set
from tests.engine.weights.loopback_hub import COMMIT, LARGE, SET, SMALL, Hub, Zeros

REPEATS = 3
SHAPES = Path(__file__).parents[1] / "data" / "hunyuan3d_shape"


class Quiet:
    """A job context that nobody listens to."""

    seed, threads = 0, 2
    staging = scratch = Path()

    def stage(self, title: str) -> AbstractContextManager[None]:
        return nullcontext()

    def progress(self, fraction: float | None) -> None:
        return

    def check_cancelled(self) -> None:
        return

    def preview(self, path: Path, kind: AssetKind) -> None:
        return

    def fact(self, name: str, value: object) -> None:
        return

    def warn(self, sentence: str, **arguments: object) -> None:
        return


def best(work: Callable[[], object], before: Callable[[], object] = lambda: None) -> float:
    """Return the seconds of the quickest of some runs."""
    took: list[float] = []
    for _ in range(REPEATS):
        before()
        started = time.perf_counter()
        work()
        took.append(time.perf_counter() - started)
    return min(took)


def say(what: str, seconds: float, megabytes: float) -> None:
    print(f"{what:34} {seconds:7.3f} s  {megabytes / seconds:8.0f} MB/s")


def main(megabytes: int) -> None:
    weights = weight_set(SET)
    hub = Hub(weights.repository, weights.folder)
    hub.put(SMALL, b"target: hy3dgen.ShapeVAE\nparams: {}\n")
    hub.put(LARGE, Zeros(megabytes * 1_000_000))
    hub.listed = hub.listing()
    url = f"{hub.url}/{weights.repository}/resolve/{COMMIT}/{weights.folder}/{LARGE}"
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        target = place / "curl"
        curl = ["curl", "-s", "-o", str(target), "--noproxy", "*", url]
        say("curl", best(lambda: subprocess.run(curl, check=True)), megabytes)
        curl_and_sum = f"curl -s --noproxy '*' {url} | tee {target} | sha256sum"
        say(
            "curl and sha256sum",
            best(lambda: subprocess.run(curl_and_sum, check=True, shell=True, stdout=subprocess.DEVNULL)),
            megabytes,
        )
        store = WeightStore(place / "weights")
        licences = Licences(place / "licences.json")
        licences.accept(weights.terms, "bench")
        rules = NetworkRules(endpoint=hub.url)
        around = Surroundings(store, licences, NetworkDoor(lambda: rules, place / "network.log"))
        took = best(
            lambda: download_set(SET, around, Quiet()),
            lambda: shutil.rmtree(store.folder, ignore_errors=True),
        )
        say("orfeas, hash checked, synced", took, megabytes)
        say("verify", best(lambda: verify_set(SET, store, Quiet())), megabytes)
        again = best(lambda: download_set(SET, around, Quiet()))
        say("download of what is here (hashed)", again, megabytes)
    hub.close()
    if SHAPES.is_dir():
        took = best(lambda: find_weights(SHAPES))
        count = len(find_weights(SHAPES)[0])
        print(f"{'recognise':34} {took * 1000:7.1f} ms for {count} sets")
    print(
        f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:.0f} MB, {os.cpu_count()} cores"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)

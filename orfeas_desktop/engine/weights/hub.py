"""What the hub lists: the files of a repository at one commit, with sizes and hashes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

import httpx2
from pydantic import BaseModel, ValidationError

from orfeas_desktop.errors import DownloadFailed, SignInNeeded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orfeas_desktop.engine.weights.catalog import WeightSet
    from orfeas_desktop.engine.weights.network import NetworkRules

LARGEST_LIST = 20_000_000
LONGEST_PATH = 400


@dataclass(frozen=True)
class HubFile:
    """One file of a set: `path` is in the set's folder, `digest` what its content must have."""

    path: str
    size: int
    digest: Digest
    url: str


@dataclass(frozen=True)
class Digest:
    """A hash of a file's content: `sha256` of large files, `git` (SHA-1 of Git's blob) of small ones."""

    kind: str
    hex: str

    @property
    def written(self) -> str:
        """Kind and hash as one word."""
        return f"{self.kind}:{self.hex}"

    def fresh(self, size: int) -> Hash:
        """Return a hash to feed the content of a file of `size` bytes to."""
        if self.kind == "git":
            return hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
        return hashlib.sha256()


class Hash(Protocol):
    """What hashlib makes."""

    def update(self, data: bytes, /) -> None:
        """Take in what comes next."""
        ...

    def hexdigest(self) -> str:
        """Return the hash so far."""
        ...


@dataclass(frozen=True)
class Listing:
    """The files of a set at one commit."""

    commit: str
    files: tuple[HubFile, ...]


class _Large(BaseModel):
    sha256: str
    size: int


class _Sibling(BaseModel):
    rfilename: str
    size: int | None = None
    blobId: str | None = None  # noqa: N815  (the hub's name)
    lfs: _Large | None = None


class _Answer(BaseModel):
    sha: str
    siblings: list[_Sibling]


def list_files(client: httpx2.Client, rules: NetworkRules, weights: WeightSet) -> Listing:
    """Ask the hub what the set holds now.

    Raises DownloadFailed, SignInNeeded, Offline, and httpx2.HTTPError when the hub cannot be reached.
    """
    repository, revision = quote(weights.repository), quote(weights.revision, safe="")
    url = f"{rules.endpoint}/api/models/{repository}/revision/{revision}?blobs=true"
    with client.stream("GET", url, headers=credentials(rules)) as response:
        check_status(response, weights.repository, rules)
        body = bytearray()
        for piece in response.iter_raw():
            body += piece
            if len(body) > LARGEST_LIST:
                raise DownloadFailed(name=weights.repository, problem="the hub’s answer is far too long")
    try:
        answer = _Answer.model_validate_json(bytes(body))
    except ValidationError as problem:
        said = "the hub’s answer is not a list of files"
        raise DownloadFailed(name=weights.repository, problem=said, details=str(problem)) from None
    if not _is_hex(answer.sha, 40):
        raise DownloadFailed(name=weights.repository, problem="the hub names no commit")
    return Listing(answer.sha, _files(answer, rules, weights))


def credentials(rules: NetworkRules) -> Mapping[str, str]:
    """Return the header that says who asks; nothing without a token."""
    return {"Authorization": f"Bearer {rules.token}"} if rules.token else {}


def check_status(
    response: httpx2.Response, what: str, rules: NetworkRules, missing: str = "the hub does not have it"
) -> None:
    """Raise SignInNeeded or DownloadFailed for what trying again cannot mend, HTTPStatusError for the rest."""
    code = response.status_code
    if code < 400:
        return
    own = response.url.host == httpx2.URL(rules.endpoint).host
    if own and code in {401, 403} and response.headers.get("X-Error-Code") != "RepoNotFound":
        repository = what.partition(":")[0]
        raise SignInNeeded(repository=repository, address=f"{rules.endpoint}/{repository}")
    if own and code in {401, 403, 404, 410}:
        raise DownloadFailed(name=what, problem=missing)
    if own and code < 500 and code not in {408, 416, 425, 429}:
        raise DownloadFailed(name=what, problem=f"the hub refuses it ({code})")
    raise httpx2.HTTPStatusError(f"{code}", request=response.request, response=response)


def _files(answer: _Answer, rules: NetworkRules, weights: WeightSet) -> tuple[HubFile, ...]:
    start = f"{weights.folder}/" if weights.folder else ""
    found: list[HubFile] = []
    for sibling in answer.siblings:
        path = sibling.rfilename.removeprefix(start)
        if not sibling.rfilename.startswith(start) or not weights.wants(path):
            continue
        found.append(_file(sibling, path, f"{rules.endpoint}/{quote(weights.repository)}", answer.sha))
    lacking = {file.path for file in weights.files} - {file.path for file in found}
    if lacking:
        name = f"{weights.repository}:{start}{min(lacking)}"
        raise DownloadFailed(name=name, problem="the hub does not list it")
    return tuple(sorted(found, key=lambda file: -file.size))


def _file(sibling: _Sibling, path: str, address: str, commit: str) -> HubFile:
    size = sibling.lfs.size if sibling.lfs else sibling.size
    digest = Digest("sha256", sibling.lfs.sha256) if sibling.lfs else Digest("git", sibling.blobId or "")
    hexes: Mapping[str, Callable[[str], bool]] = {
        "sha256": lambda text: _is_hex(text, 64),
        "git": lambda text: _is_hex(text, 40),
    }
    if not is_safe(path) or size is None or size < 0 or not hexes[digest.kind](digest.hex):
        raise DownloadFailed(name=sibling.rfilename[:200], problem="the hub’s entry for it makes no sense")
    return HubFile(path, size, digest, f"{address}/resolve/{commit}/{quote(sibling.rfilename)}")


def is_safe(path: str) -> bool:
    """Whether the path of a listed file stays in its folder on every system."""
    parts = PurePosixPath(path).parts
    plain = not any(letter in '\\:*?"<>|' or ord(letter) < 32 for letter in path)
    inside = bool(parts) and not path.startswith("/") and all(part not in {"..", "."} for part in parts)
    ends = all(part == part.rstrip(". ") for part in parts)
    return plain and inside and ends and len(path) <= LONGEST_PATH and not path.endswith(".part")


def _is_hex(text: str, length: int) -> bool:
    return len(text) == length and all(letter in "0123456789abcdef" for letter in text)

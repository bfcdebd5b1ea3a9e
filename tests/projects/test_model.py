"""The library against a simple model of it: whatever is done in whatever order, both say the same."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from orfeas_desktop.assets import AssetKind, AssetRef, digest_of
from orfeas_desktop.errors import NameTaken
from orfeas_desktop.projects.records import Provenance
from orfeas_desktop.projects.store import ProjectStore
from orfeas_desktop.requests import Destination

NAMES = st.sampled_from(["Cup", "cup", "Große Tasse", "Lamp 1", "Lamp 2"])
CONTENTS = st.sampled_from(["a", "bb", "ccc", "dddd"])
MANY = st.integers(0, 10**6)
IMPORTED = Provenance(None, "1", "", {}, {}, cached=False)


@dataclass
class ModelAsset:
    name: str
    versions: list[dict[str, AssetRef]]
    deleted: bool = False


@dataclass
class ModelProject:
    name: str
    deleted: bool = False
    assets: dict[int, ModelAsset] = field(default_factory=dict[int, ModelAsset])


class Library(RuleBasedStateMachine):
    """Does the same to a store and to dictionaries."""

    def __init__(self) -> None:
        super().__init__()
        self.place = tempfile.TemporaryDirectory()
        self.folder = Path(self.place.name)
        self.store = ProjectStore.open(self.folder / "library")
        self.model: dict[int, ModelProject] = {}
        self.held: set[str] = set()
        """Digests that this store still claims: added since it was opened, and in no version since."""

    def teardown(self) -> None:
        self.store.close()
        self.place.cleanup()

    def pick(self, number: int) -> int:
        return sorted(self.model)[number % len(self.model)]

    def asset(self, number: int) -> tuple[ModelProject, int]:
        found = [(project, key) for project in self.model.values() for key in sorted(project.assets)]
        return found[number % len(found)]

    def taken(self, name: str, but: int = 0) -> bool:
        return any(
            project.name == name and not project.deleted and key != but for key, project in self.model.items()
        )

    def some_assets(self) -> bool:
        return any(project.assets for project in self.model.values())

    @rule(name=NAMES)
    def create(self, name: str) -> None:
        if self.taken(name):
            with pytest.raises(NameTaken):
                self.store.create_project(name)
        else:
            project, _ = self.store.create_project(name)
            self.model[project.id] = ModelProject(name)

    @precondition(lambda self: self.model)
    @rule(number=MANY, name=NAMES)
    def rename(self, number: int, name: str) -> None:
        key = self.pick(number)
        if not self.model[key].deleted and self.taken(name, but=key):
            with pytest.raises(NameTaken):
                self.store.rename_project(key, name)
        else:
            self.store.rename_project(key, name)
            self.model[key].name = name

    @precondition(lambda self: self.model)
    @rule(number=MANY)
    def delete(self, number: int) -> None:
        key = self.pick(number)
        self.store.delete_project(key)
        self.model[key].deleted = True

    @precondition(lambda self: self.model)
    @rule(number=MANY)
    def restore(self, number: int) -> None:
        key = self.pick(number)
        project = self.model[key]
        if project.deleted and self.taken(project.name):
            with pytest.raises(NameTaken):
                self.store.restore_project(key)
        else:
            self.store.restore_project(key)
            project.deleted = False

    def blob(self, content: str) -> AssetRef:
        path = self.folder / "file"
        path.write_text(content)
        return self.store.add_blob(path, AssetKind.mesh, "mesh.glb")

    @rule(content=CONTENTS)
    def add_blob(self, content: str) -> None:
        self.held.add(self.blob(content).digest)

    @precondition(lambda self: self.model)
    @rule(number=MANY, name=NAMES, contents=st.lists(CONTENTS, min_size=1, max_size=2))
    def add_asset(self, number: int, name: str, contents: list[str]) -> None:
        key = self.pick(number)
        files = {f"slot{position}": self.blob(content) for position, content in enumerate(contents)}
        version, _ = self.store.add_version(Destination(key, name), files, IMPORTED)
        self.model[key].assets[version.asset_id] = ModelAsset(name, [files])
        self.held -= {file.digest for file in files.values()}

    @precondition(some_assets)
    @rule(number=MANY, content=CONTENTS)
    def add_version(self, number: int, content: str) -> None:
        project, key = self.asset(number)
        files = {"mesh": self.blob(content)}
        version, _ = self.store.add_version(Destination(0, "any", key), files, IMPORTED)
        project.assets[key].versions.append(files)
        assert version.number == len(project.assets[key].versions)
        self.held -= {file.digest for file in files.values()}

    @precondition(some_assets)
    @rule(number=MANY, name=NAMES)
    def rename_asset(self, number: int, name: str) -> None:
        project, key = self.asset(number)
        self.store.rename_asset(key, name)
        project.assets[key].name = name

    @precondition(some_assets)
    @rule(number=MANY, deleted=st.booleans())
    def bin_asset(self, number: int, deleted: bool) -> None:
        project, key = self.asset(number)
        (self.store.delete_assets if deleted else self.store.restore_assets)([key])
        project.assets[key].deleted = deleted

    @rule()
    def empty_bin(self) -> None:
        self.store.empty_bin()
        self.model = {key: project for key, project in self.model.items() if not project.deleted}
        for project in self.model.values():
            project.assets = {key: asset for key, asset in project.assets.items() if not asset.deleted}
        blobs = {path.name for path in (self.folder / "library" / "blobs").rglob("*") if path.is_file()}
        assert blobs == self.named() | self.held

    @rule()
    def open_again(self) -> None:
        self.store.close()
        self.store = ProjectStore.open(self.folder / "library")
        self.held = set()

    def named(self) -> set[str]:
        return {
            file.digest
            for project in self.model.values()
            for asset in project.assets.values()
            for files in asset.versions
            for file in files.values()
        }

    @invariant()
    def both_say_the_same(self) -> None:
        for deleted in (False, True):
            assert {project.id: project.name for project in self.store.projects(deleted=deleted)} == {
                key: project.name for key, project in self.model.items() if project.deleted is deleted
            }
        for key, project in self.model.items():
            for deleted in (False, True):
                shown = self.store.assets(key, deleted=deleted)
                wanted = {
                    number: asset for number, asset in project.assets.items() if asset.deleted is deleted
                }
                assert {asset.id: asset.name for asset in shown} == {
                    number: asset.name for number, asset in wanted.items()
                }
                for asset in shown:
                    assert asset.latest is not None
                    assert asset.latest.files == wanted[asset.id].versions[-1]
                    assert asset.version_count == len(wanted[asset.id].versions)
        for digest in self.named():
            with self.store.blob_path(digest).open("rb") as stream:
                assert digest_of(stream) == digest


TestLibrary = Library.TestCase
TestLibrary.settings = settings(max_examples=25, stateful_step_count=25)

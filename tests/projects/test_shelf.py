"""Projects and assets: made, found, renamed, put into the bin and taken out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from orfeas_desktop.errors import NameMissing, NameTaken, NoSuchAsset, NoSuchProject
from orfeas_desktop.projects.records import Change
from orfeas_desktop.requests import Destination

if TYPE_CHECKING:
    from conftest import Hand

    from orfeas_desktop.projects.store import ProjectStore


def names(store: ProjectStore, project: int, text: str = "", *, deleted: bool = False) -> list[str]:
    return [asset.name for asset in store.assets(project, text=text, deleted=deleted)]


def test_a_project_is_made_and_found(store: ProjectStore) -> None:
    project, change = store.create_project("  Toys ")
    assert project.name == "Toys"
    assert change == Change(projects=frozenset({project.id}))
    assert store.project(project.id) == project == store.project_named("Toys")
    assert store.projects() == (project,)
    assert project.created.utcoffset() == timedelta(0)


def test_a_project_needs_a_name_of_its_own(store: ProjectStore) -> None:
    store.create_project("Toys")
    other, _ = store.create_project("Tools")
    with pytest.raises(NameTaken):
        store.create_project("Toys")
    with pytest.raises(NameTaken):
        store.rename_project(other.id, "Toys")
    with pytest.raises(NameMissing):
        store.create_project(" \t")
    with pytest.raises(NameMissing):
        store.rename_project(other.id, "")
    store.rename_project(other.id, "Tools")
    assert [project.name for project in store.projects()] == ["Tools", "Toys"]


def test_odd_names_come_back(store: ProjectStore, hand: Hand) -> None:
    for name in ("Äpfel & Birnen", "🦉", "two\nlines", "'; DROP TABLE projects; --", "a\udcffb"):
        project, _ = store.create_project(name)
        version = hand.version(Destination(project.id, name), mesh=name.encode("utf-8", "replace").decode())
        shown = "a\N{REPLACEMENT CHARACTER}b" if "\udcff" in name else name
        assert store.project_named(name).name == shown
        assert store.asset(version.asset_id).name == shown


def test_what_is_not_there_is_said(store: ProjectStore) -> None:
    for act in (store.project, store.delete_project, store.restore_project):
        with pytest.raises(NoSuchProject):
            act(99)
    with pytest.raises(NoSuchProject):
        store.project_named("Nothing")
    with pytest.raises(NoSuchProject):
        store.rename_project(99, "Something")
    for act in (store.asset, store.version):
        with pytest.raises(NoSuchAsset):
            act(99)
    with pytest.raises(NoSuchAsset):
        store.rename_asset(99, "Something")
    with pytest.raises(NoSuchAsset):
        store.delete_assets([99])
    assert store.versions(99) == ()
    assert store.assets(99) == ()


def test_a_deleted_project_waits_in_the_bin(store: ProjectStore, hand: Hand) -> None:
    project = hand.project()
    version = hand.version(Destination(project, "Cup"), mesh="cup")
    store.delete_project(project)
    store.delete_project(project)
    assert store.projects() == ()
    assert [found.id for found in store.projects(deleted=True)] == [project]
    with pytest.raises(NoSuchProject):
        store.project_named("Toys")
    again, _ = store.create_project("Toys")
    with pytest.raises(NameTaken):
        store.restore_project(project)
    store.rename_project(project, "Toys")
    store.delete_project(again.id)
    store.restore_project(project)
    store.restore_project(project)
    assert store.project_named("Toys").id == project
    assert store.asset(version.asset_id).latest == version


def test_a_page_shows_the_latest_version_and_its_files(store: ProjectStore, hand: Hand) -> None:
    project = hand.project()
    first = hand.version(Destination(project, "Cup"), mesh="cup", thumbnail="small cup", mask="m")
    second = hand.version(Destination(project, "Cup", first.asset_id), mesh="a better cup")
    hand.version(Destination(project, "Lamp"), mesh="lamp")
    lamp, cup = store.assets(project)
    assert (lamp.name, cup.name) == ("Lamp", "Cup")
    assert cup.latest == second
    assert cup.version_count == 2
    assert [version.number for version in store.versions(cup.id)] == [1, 2]
    assert list(store.versions(cup.id)[0].files) == ["mesh", "thumbnail", "mask"]
    assert store.version(first.id) == first
    assert store.project(project).asset_count == 2
    assert store.assets(project, offset=1, limit=1) == (cup,)
    assert store.assets(project, offset=2, limit=5) == ()
    assert cup.changed > cup.created


def test_search_finds_words_in_any_case_and_order(store: ProjectStore, hand: Hand) -> None:
    project, other = hand.project(), hand.project("Other")
    for name in ("Große Tasse", "große Lampe", "100 % _cup_", "ﬁnal"):
        hand.version(Destination(project, name), mesh=name)
    hand.version(Destination(other, "Tasse"), mesh="tasse")
    assert names(store, project, "GROSSE tas") == ["Große Tasse"]
    assert set(names(store, project, "grosse")) == {"Große Tasse", "große Lampe"}
    assert names(store, project, "%") == names(store, project, "_CUP") == ["100 % _cup_"]
    assert names(store, project, "FINAL") == ["ﬁnal"]
    assert store.asset_count(project, text="große") == 2
    assert names(store, project, "lampe tasse") == []
    assert len(names(store, project, "  ")) == 4


def test_renamed_assets_are_found_by_their_new_name(store: ProjectStore, hand: Hand) -> None:
    project = hand.project()
    cup = hand.version(Destination(project, "Cup"), mesh="cup").asset_id
    change = store.rename_asset(cup, "Mug")
    assert change == Change(frozenset({project}), frozenset({cup}))
    assert names(store, project, "mug") == ["Mug"]
    assert names(store, project, "cup") == []
    with pytest.raises(NameMissing):
        store.rename_asset(cup, " ")


def test_deleted_assets_wait_in_the_bin(store: ProjectStore, hand: Hand) -> None:
    project, other = hand.project(), hand.project("Other")
    cup = hand.version(Destination(project, "Cup"), mesh="cup")
    lamp = hand.version(Destination(other, "Lamp"), mesh="lamp").asset_id
    change = store.delete_assets([cup.asset_id, lamp])
    assert change == Change(frozenset({project, other}), frozenset({cup.asset_id, lamp}))
    assert names(store, project) == []
    assert names(store, project, deleted=True) == ["Cup"]
    assert store.asset_count(project, deleted=True) == 1
    assert store.project(project).asset_count == 0
    deleted = store.asset(cup.asset_id).deleted
    store.delete_assets([cup.asset_id])
    assert store.asset(cup.asset_id).deleted == deleted
    with pytest.raises(NoSuchAsset):
        store.restore_assets([lamp, 99])
    assert names(store, other) == []
    store.restore_assets([cup.asset_id, lamp])
    assert names(store, project) == ["Cup"]
    assert store.asset(cup.asset_id).latest == cup


def test_thousands_of_assets_are_deleted_at_once(store: ProjectStore, hand: Hand) -> None:
    project = hand.project()
    mesh = hand.blob("mesh")
    ids = [
        store.add_version(Destination(project, f"{number}"), {"mesh": mesh}, hand.imported())[0].asset_id
        for number in range(60)
    ]
    store.delete_assets(ids * 20)
    assert store.asset_count(project, deleted=True) == 60
    assert store.delete_assets([]) == Change()


def test_emptying_the_bin_keeps_what_is_not_in_it(store: ProjectStore, hand: Hand) -> None:
    kept, lost = hand.project("Kept"), hand.project("Lost")
    cup = hand.version(Destination(kept, "Cup"), mesh="cup", thumbnail="shared")
    lamp = hand.version(Destination(kept, "Lamp"), mesh="lamp", thumbnail="shared")
    chair = hand.version(Destination(lost, "Chair"), mesh="chair")
    store.delete_assets([lamp.asset_id])
    store.delete_project(lost)
    change = store.empty_bin()
    assert change == Change(frozenset({kept, lost}), frozenset({lamp.asset_id, chair.asset_id}))
    assert store.projects(deleted=True) == ()
    assert names(store, kept, deleted=True) == []
    assert hand.blobs() == {file.digest for file in cup.files.values()}
    with pytest.raises(NoSuchAsset):
        store.asset(lamp.asset_id)
    assert store.empty_bin() == Change()


def test_numbers_of_forgotten_things_are_never_given_again(store: ProjectStore, hand: Hand) -> None:
    project = hand.project()
    cup = hand.version(Destination(project, "Cup"), mesh="cup")
    store.delete_project(project)
    store.empty_bin()
    again = hand.project()
    assert again > project
    assert hand.version(Destination(again, "Cup"), mesh="cup").asset_id > cup.asset_id


def test_changes_add_up() -> None:
    both = Change(frozenset({1}), jobs=True) | Change(frozenset({2}), frozenset({3}))
    assert both == Change(frozenset({1, 2}), frozenset({3}), jobs=True)

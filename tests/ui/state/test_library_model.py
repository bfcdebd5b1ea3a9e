"""The library model: pages, changes in place, thumbnails loaded beside."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QImage, QPixmap

from orfeas_desktop.assets import AssetKind, AssetRef
from orfeas_desktop.projects.records import Asset
from orfeas_desktop.ui.state.library_model import (
    GRACE,
    PAGE,
    THUMBNAILS_KEPT,
    AssetRole,
    DragFiles,
    LibraryModel,
)
from tests.ui.made_up import NOW, an_asset


def pages_of(assets: list[Asset]):
    return lambda offset, limit: assets[offset : offset + limit]


@pytest.fixture
def model(qapp) -> LibraryModel:
    made = LibraryModel(Path)
    yield made
    made.close()


def names(model: LibraryModel) -> list[str]:
    return [model.index(row).data() for row in range(model.rowCount())]


def test_it_keeps_the_promises_of_a_model(model: LibraryModel, qtmodeltester):
    assets = [an_asset(number, f"Asset {number}") for number in range(PAGE + 20)]
    model.show_pages(pages_of(assets), len(assets))
    qtmodeltester.check(model)
    model.renew(assets[3:30], 27)
    qtmodeltester.check(model)


def test_ten_thousand_assets_are_read_page_by_page(model: LibraryModel):
    assets = [an_asset(number, f"Asset {number}") for number in range(10_000)]
    model.show_pages(pages_of(assets), len(assets))
    assert (model.rowCount(), model.total()) == (PAGE, 10_000)
    while model.canFetchMore(QModelIndex()):
        model.fetchMore(QModelIndex())
    assert model.rowCount() == 10_000
    assert model.row_of(9_999) == 9_999
    model.fetchMore(model.index(0))
    assert model.rowCount() == 10_000


def test_a_library_that_shrank_meanwhile_ends_where_it_ends(model: LibraryModel):
    assets = [an_asset(number, "x") for number in range(PAGE)]
    model.show_pages(pages_of(assets), PAGE + 50)
    model.fetchMore(QModelIndex())
    assert model.rowCount() == model.total() == PAGE
    assert not model.canFetchMore(QModelIndex())


@given(st.lists(st.integers(0, 12), unique=True), st.lists(st.integers(0, 12), unique=True))
@settings(max_examples=60)
def test_renewing_leads_to_what_the_library_holds(qapp, before: list[int], after: list[int]):
    model = LibraryModel(Path)
    model.show_pages(pages_of([an_asset(n, f"a{n}") for n in before]), len(before))
    fresh = [an_asset(n, f"b{n}") for n in after]
    model.renew(fresh, len(after))
    assert names(model) == [asset.name for asset in fresh]


def test_a_new_asset_leaves_the_others_selected_where_they_are(model: LibraryModel, qtbot):
    old = [an_asset(number, f"Asset {number}") for number in range(5)]
    model.show_pages(pages_of(old), 5)
    resets: list[bool] = []
    model.modelReset.connect(lambda: resets.append(True))
    with qtbot.waitSignal(model.rowsInserted):
        model.renew([an_asset(9, "New"), *old], 6)
    assert names(model)[0] == "New"
    assert resets == []


def test_an_asset_is_redrawn_where_it_stands(model: LibraryModel, qtbot):
    model.show_pages(pages_of([an_asset(1, "Robot"), an_asset(2, "Cup")]), 2)
    assert model.put(an_asset(2, "Mug"))
    assert names(model) == ["Robot", "Mug"]
    assert not model.put(an_asset(3, "Ghost"))
    assert not model.put(replace(an_asset(1, "Robot"), changed=NOW + timedelta(seconds=1)))


def test_rows_speak_to_screen_readers_and_can_be_dragged(model: LibraryModel):
    model.show_pages(pages_of([an_asset(1, "Robot", versions=3)]), 1)
    index = model.index(0)
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "Robot, version 3"
    assert index.data(Qt.ItemDataRole.ToolTipRole) == "Robot"
    assert index.data(AssetRole.asset).name == "Robot"
    assert index.data(Qt.ItemDataRole.FontRole) is None
    assert model.flags(index) & Qt.ItemFlag.ItemIsDragEnabled
    assert model.flags(QModelIndex()) == Qt.ItemFlag.NoItemFlags
    assert model.data(QModelIndex()) is None
    assert model.mimeTypes() == ["text/uri-list"]


def test_thumbnails_are_loaded_beside_and_kept(model: LibraryModel, qtbot, tmp_path: Path):
    path = tmp_path / "t.png"
    image = QImage(8, 8, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.red)
    image.save(str(path))
    model.show_pages(pages_of([an_asset(1, "Robot", str(path))]), 1)
    assert model.index(0).data(AssetRole.thumbnail) is None
    with qtbot.waitSignal(model.dataChanged):
        assert model.index(0).data(AssetRole.thumbnail) is None
    assert isinstance(model.index(0).data(AssetRole.thumbnail), QPixmap)


def test_a_thumbnail_that_is_no_picture_is_left_out(model: LibraryModel, qtbot, tmp_path: Path):
    path = tmp_path / "t.png"
    path.write_text("no picture")
    model.show_pages(pages_of([an_asset(1, "Robot", str(path))]), 1)
    assert model.index(0).data(AssetRole.thumbnail) is None
    model.close()
    qtbot.wait(10)
    assert model.index(0).data(AssetRole.thumbnail) is None


def test_only_the_latest_thumbnails_stay_in_memory(model: LibraryModel):
    image = QImage(1, 1, QImage.Format.Format_RGB32)
    for number in range(THUMBNAILS_KEPT + 5):
        model._take_picture((str(number), image))
    assert len(model._pixmaps) == THUMBNAILS_KEPT
    assert "0" not in model._pixmaps


def test_a_mesh_without_a_picture_asks_for_one_after_a_while(qapp, qtbot):
    asset = an_asset(4, "Robot")
    mesh = AssetRef("d", AssetKind.mesh, "m.glb", 1)
    assert asset.latest is not None
    asset = replace(asset, latest=replace(asset.latest, files={"mesh": mesh}))
    now = NOW + timedelta(seconds=1)
    model = LibraryModel(Path, clock=lambda: now)
    model.show_pages(pages_of([asset]), 1)
    asked: list[int] = []
    model.thumbnail_missing.connect(asked.append)
    model.index(0).data(AssetRole.thumbnail)
    assert asked == []
    now = NOW + GRACE + timedelta(seconds=1)
    model.index(0).data(AssetRole.thumbnail)
    assert asked == [4]


def test_dragging_takes_named_files_along(tmp_path: Path):
    files = DragFiles(lambda asset: tmp_path / f"{asset.name}.glb" if asset.id == 1 else None)
    data = files.mime_data([an_asset(1, "Robot"), an_asset(2, "Ghost")])
    assert [Path(url.toLocalFile()).name for url in data.urls()] == ["Robot.glb"]

"""A visit may be killed at any file operation, the disk may fill, two may start at once: nothing is lost or doubled."""

from __future__ import annotations

import errno
import gc
import os
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_source import World, make_source

from qmsreports import landing
from qmsreports.errors import CouldNotRun, ExitCode

WRITES = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree", "shutil.copyfile"}


def file_operation(event: str, args: tuple[Any, ...], folder: str) -> bool:
    """Whether an event of the interpreter changes a file of the test."""
    if event == "open":
        path, mode, flags = args
        changes = (isinstance(mode, str) and set(mode) & set("wax+")) or (flags or 0) & (os.O_WRONLY | os.O_RDWR)
        return bool(changes) and str(path).startswith(folder)
    return event in WRITES and str(args[0]).startswith(folder)


def visit_in_a_child(world: World, kill_at: int | None = None) -> int:
    """Land in a forked process that dies (SIGKILL) at its n-th file operation; return how many it made (0: died)."""
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python warns of forks where threads ran; the child starts none of them
        child = os.fork()
    if child == 0:
        made = 0

        def watch(event: str, args: tuple[Any, ...]) -> None:
            nonlocal made
            if file_operation(event, args, str(world.folder)):
                made += 1
                if made == kill_at:
                    os.kill(os.getpid(), signal.SIGKILL)

        status = 1
        try:
            sys.addaudithook(watch)
            world.land()
            os.write(write, str(made).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    _, status = os.waitpid(child, 0)
    told = os.read(read, 20)
    os.close(read)
    died = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    assert status == 0 or (kill_at and died)
    return int(told or 0)


def killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def one_load_then_changes(folder: Path) -> World:
    """Two tables with keys, landed once; then rows came, changed and vanished."""
    folder.mkdir(parents=True, exist_ok=True)
    orders = {"table": "orders", "key": ["no"], "cursor": "changed", "deletions": "keys"}
    world = World(folder, make_source(orders, {"table": "customers", "key": ["no"]}))
    world.sql("CREATE TABLE orders (no TEXT PRIMARY KEY, quantity INTEGER, changed TEXT)")
    world.sql("CREATE TABLE customers (no TEXT PRIMARY KEY)")
    world.insert("orders", *((f"A{n}", n, f"2026-10-{n:02}") for n in range(1, 10)))
    world.insert("customers", ("C1",))
    world.land()
    world.sql(
        "DELETE FROM orders WHERE no = 'A9'", "UPDATE orders SET quantity = 50, changed = '2026-11-01' WHERE no = 'A5'"
    )
    world.insert("orders", ("B1", 1, "2026-11-01"))
    world.insert("customers", ("C2",))
    return world


def state_of(world: World) -> dict[str, list[tuple[Any, ...]]]:
    """Every landed row with the number (not the id) of its load."""
    numbers = {load.load_id: number for number, load in enumerate(landing.loads(world.landing, "shop"))}
    found: dict[str, list[tuple[Any, ...]]] = {}
    for table in ("orders", "orders__keys", "customers"):
        files = landing.completed(world.landing, "shop", table)
        parts = zip(files, world.tables(table), strict=True)
        rows = [(numbers[file.load_id], *row.values()) for file, part in parts for row in part.to_pylist()]
        found[table] = sorted(rows, key=repr)
    return found


def check_every_kill(tmp_path: Path, chosen: Callable[[int], list[int]]) -> None:
    start = one_load_then_changes(tmp_path / "start")
    calm = another(start, tmp_path / "calm")
    operations = visit_in_a_child(calm)
    expected = state_of(calm)
    assert len(expected["orders"]) == 9 + 2
    deaths = 0
    for number in chosen(operations):
        world = another(start, tmp_path / str(number))
        deaths += visit_in_a_child(world, kill_at=number) == 0
        result = world.land()
        assert not result.failures
        assert state_of(world) == expected, f"killed at file operation {number} of {operations}"
        assert world.landed() == {}
        assert not (world.state / "shop").exists()
        shutil.rmtree(world.folder)
    assert deaths >= len(chosen(operations)) - 3  # the last few operations do not happen in every run


def another(world: World, folder: Path) -> World:
    shutil.copytree(world.folder, folder)
    return World(folder, world.source)


@pytest.mark.system
def test_a_visit_killed_anywhere_is_made_whole_by_the_next(tmp_path: Path) -> None:
    check_every_kill(tmp_path, lambda operations: list(range(2, operations, operations // 6)))


@pytest.mark.system
@pytest.mark.system
def test_a_visit_killed_at_every_single_file_operation(tmp_path: Path) -> None:
    check_every_kill(tmp_path, lambda operations: list(range(1, operations + 1)))


def test_the_next_visit_tells_what_it_finished(tmp_path: Path) -> None:
    from dlt import Pipeline

    world = one_load_then_changes(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Pipeline, "load", killed)
        with pytest.raises(KeyboardInterrupt):
            world.land()
    assert len(landing.loads(world.landing, "shop")) == 1
    assert world.landed() == {"orders": 2, "orders__keys": 9, "customers": 2}
    assert ("shop: finishing the interrupted run", 0) in world.said
    assert world.landed() == {}


@pytest.mark.parametrize("left", ["nothing", "half a record"])
def test_a_load_without_a_whole_record_does_not_count(tmp_path: Path, left: str) -> None:
    world = one_load_then_changes(tmp_path)
    world.land()
    newest = landing.loads(world.landing, "shop")[-1].load_id
    record = world.landing / "shop" / "_dlt_loads" / f"shop__{newest}.jsonl"
    if left == "nothing":
        record.unlink()
    else:
        record.write_bytes(record.read_bytes()[:40])
    assert len(world.rows("orders")) == 9
    assert world.landed() == {"orders": 2, "orders__keys": 9, "customers": 2}
    assert len(world.rows("orders")) == 11


@pytest.mark.parametrize("left", [0, 40])
def test_a_kill_while_the_first_schema_is_recorded_does_not_block_the_source(tmp_path: Path, left: int) -> None:
    """The file is made, then written: what a kill leaves between the two is no JSON, and dlt reads it each time."""
    from dlt.destinations.impl.filesystem.filesystem import FilesystemClient

    world = one_load_then_changes(tmp_path)
    shutil.rmtree(world.landing)
    record_schema = FilesystemClient._update_schema_in_storage
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FilesystemClient, "_update_schema_in_storage", lambda *of: killed(record_schema(*of)))
        with pytest.raises(KeyboardInterrupt):
            world.land()
    assert world.state.joinpath("shop").exists()
    (record,) = (world.landing / "shop" / "_dlt_version").iterdir()
    record.write_bytes(record.read_bytes()[:left])
    assert world.landed() == {"orders": 9, "orders__keys": 9, "customers": 2}
    assert world.landed() == {}


def test_an_emptied_landing_zone_is_filled_again(shop: World) -> None:
    shop.land()
    shutil.rmtree(shop.landing)
    assert shop.landed() == {"orders": 3}


def test_a_package_whose_ground_was_taken_away_is_not_built_upon(tmp_path: Path) -> None:
    world = one_load_then_changes(tmp_path)
    world.land()
    first, _ = landing.loads(world.landing, "shop")
    for path in (world.landing / "shop").rglob(f"*{first.load_id}*"):
        path.unlink()
    assert landing.last_visit(world.landing, "shop") is None
    assert world.landed() == {"orders": 9, "orders__keys": 9, "customers": 2}


# --- a full disk -----------------------------------------------------------------------------------------------------
def full(at: str) -> Callable[..., Any]:
    def refuse(*_: object, **__: object) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device", at)

    return refuse


def closed_by_the_collector() -> None:
    """Have files closed that dlt leaves open when it cannot write; a disk with an open file cannot be taken away."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.mark.parametrize(
    "place",
    [
        "dlt.common.data_writers.writers.ArrowToParquetWriter.write_data",  # while rows are read
        "dlt.common.storages.file_storage.FileStorage.save_atomic",  # between reading and loading
        "fsspec.implementations.local.LocalFileSystem.put_file",  # while the package is copied to the landing zone
        "dlt.destinations.impl.filesystem.filesystem.FilesystemClient._store_load",  # at the completion record
    ],
)
def test_a_full_disk_is_told_in_one_line_and_the_next_run_completes(
    tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = one_load_then_changes(tmp_path)
    before = state_of(world)
    files = sorted(world.landing.rglob("*.parquet"))
    with monkeypatch.context() as patch:
        patch.setattr(place, full(place))
        with pytest.raises(CouldNotRun) as caught:
            world.land()
    closed_by_the_collector()
    assert str(caught.value).replace(str(tmp_path), "<folder>") == (
        "source shop: no space left while writing to <folder>/landing or <folder>/state; "
        "nothing of this run counts: free some space and run again"
    )
    assert caught.value.exit_code == ExitCode.COULD_NOT_RUN
    assert caught.value.__suppress_context__
    assert state_of(world) == before
    assert sorted(world.landing.rglob("*.parquet")) == files  # what was there of it took the room that was missing
    assert not (world.state / "shop").exists()
    assert world.landed() == {"orders": 2, "orders__keys": 9, "customers": 2}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount a disk")
    world = World(tmp_path, make_source({"table": "orders", "key": ["no"], "cursor": "changed"}))
    world.sql("CREATE TABLE orders (no TEXT PRIMARY KEY, noise BLOB, changed TEXT)")
    world.insert("orders", *((f"A{n}", os.urandom(4000), "2026-10-01") for n in range(100)))
    try:
        for landing_zone, state in ((disk / "landing", tmp_path / "state"), (tmp_path / "landing", disk / "state")):
            with pytest.raises(CouldNotRun, match="no space left while writing to"):
                land_at(world, landing_zone, state)
            assert landing.completed(landing_zone, "shop", "orders") == ()
    finally:
        closed_by_the_collector()
        subprocess.run(["umount", disk], check=True)
    assert world.landed() == {"orders": 100}


def land_at(world: World, landing_zone: Path, state: Path) -> None:
    from qmsreports import sources

    sources.land(world.source, connection=f"sqlite:///{world.database}", landing=landing_zone, state=state)


def test_a_landing_zone_that_is_none(shop: World) -> None:
    shop.landing.write_text("a file where the folder should be")
    with pytest.raises(CouldNotRun) as caught:
        shop.land()
    assert str(caught.value).replace(str(shop.folder), "<folder>") == (
        "landing zone <folder>/landing/shop: cannot be read (Not a directory); check QMSREPORTS_LANDING and permissions"
    )


def test_a_landing_zone_that_cannot_be_written(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("fsspec.implementations.local.LocalFileSystem.makedirs", refuse)
    with pytest.raises(CouldNotRun) as caught:
        shop.land()
    assert str(caught.value).replace(str(shop.folder), "<folder>") == (
        "source shop: the landing zone <folder>/landing cannot be written (Permission denied); "
        "check the folder and its permissions, then run again"
    )


# --- two at once -----------------------------------------------------------------------------------------------------
def test_a_second_run_of_the_same_source_leaves_with_one_line(shop: World) -> None:
    def second(*_: object) -> None:
        with pytest.raises(CouldNotRun) as caught:
            World(shop.folder, shop.source).land()
        assert str(caught.value) == (
            f"source shop: another run is reading this source (process {os.getpid()}); "
            "wait until it has ended, then run again"
        )
        shop.said.append(("refused", 0))

    from qmsreports import sources

    sources.land(
        shop.source, connection=f"sqlite:///{shop.database}", landing=shop.landing, state=shop.state, tell=second
    )
    assert shop.said
    assert len(shop.rows()) == 3


def test_the_lock_of_a_run_that_was_killed_blocks_nobody(shop: World) -> None:
    shop.state.mkdir()
    (shop.state / "shop.lock").write_text("1\n")  # process 1 is alive and has nothing to do with us
    assert shop.landed() == {"orders": 3}

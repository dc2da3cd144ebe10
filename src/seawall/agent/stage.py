"""Staging: lay out a release's files beside the live one. Nothing that serves is touched."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from seawall.agent import compressed
from seawall.agent.endpoint import RELEASE_MARKER, link_name, markers, port, socket_marker
from seawall.agent.envfile import render_environment_file
from seawall.agent.errors import AgentError, BadRequest
from seawall.agent.files import disk_full, write_atomic
from seawall.agent.places import Places, ReleasePlaces
from seawall.agent.process import check
from seawall.agent.releases import record_text
from seawall.agent.store import Store, is_sound
from seawall.agent.vocabulary import PORT, RELEASE, Entry, Release

#: Bound on copying the first content of a persisted path, seconds: an existing upload folder may be large.
SEED_TIMEOUT = 3600


def stage(places: Places, release_id: str, release: Release, made: str) -> ReleasePlaces:
    """Write everything of a release but its virtual environment. Raises DiskFull, BadRequest."""
    at = places.release(release_id)
    with disk_full(str(at.root)):
        at.root.mkdir(mode=0o755)
        _code(places, at, release)
        _static(places, at, release)
        _settings(places, at, release)
        (at.root / link_name(release.listen)).symlink_to(at.socket)
        empty = dict.fromkeys(socket_marker(release.listen), "")
        for name, text in {RELEASE_MARKER: release_id, **markers(release_id, release.listen), **empty}.items():
            _write(at.root / name, text, 0o644)
        write_atomic(str(at.env), render_environment_file(release.env).encode(), 0o600)
        # Last, and whole even after a power cut: recovery reads it to learn what it has to stop.
        write_atomic(str(at.record), record_text(release, made), 0o600)
    return at


def fill(text: str, release_id: str) -> str:
    """Put a release's id, and the port that follows from it, into generated text."""
    return text.replace(RELEASE, release_id).replace(PORT, str(port(release_id)))


def _code(places: Places, at: ReleasePlaces, release: Release) -> None:
    store = Store(places.objects)
    group = places.gid
    _folder(at.code, 0o750, group)
    for folder in _folders(release.entries):
        _folder(at.code / folder, 0o750, group)
    for entry in release.entries:
        _entry(store, at.code / _inside(entry.path), entry)
    for path in release.persist:
        _persist(places, at, _inside(path))


def _entry(store: Store, path: Path, entry: Entry) -> None:
    if entry.target:
        path.symlink_to(entry.target)
        return
    if not is_sound(str(store.path(entry)), entry):
        raise AgentError(
            f"what this host keeps of {entry.path} is no longer what was sent: somebody edited it here",
            place=str(store.path(entry)),
            remedy="`seawall deploy` sends it again",
        )
    _link(store.path(entry), path)


def _link(source: Path, path: Path) -> None:
    try:
        os.link(source, path)
    except OSError as error:
        if error.errno not in (errno.EMLINK, errno.EXDEV):  # more links than allowed, or a disk of its own
            raise
        shutil.copy2(source, path)


def _static(places: Places, at: ReleasePlaces, release: Release) -> None:
    """The static folders, a second time, where the front server may read them: it cannot enter ``code``."""
    store = Store(places.objects)
    _folder(at.static, 0o755, -1)
    laid: dict[Path, Entry] = {}
    for mount, source in release.static.items():
        root = PurePosixPath(source)
        _folder(at.static / _inside(mount), 0o755, -1)
        for path, entry in files_in(root, release.entries):
            target = at.static / _inside(mount) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            _entry(store, target, entry)
            laid[target] = entry
    _compressed(store, laid)


def _compressed(store: Store, laid: Mapping[Path, Entry]) -> None:
    """The static files that are text in their compressed form too, unless the project brings that itself."""
    wanted = {path: entry for path, entry in laid.items() if compressed.is_wanted(path, entry)}
    compressed.make(store, wanted.values())
    for path, entry in wanted.items():
        packed = path.with_name(path.name + compressed.SUFFIX)
        if packed not in laid and compressed.place(store, entry).exists():
            _link(compressed.place(store, entry), packed)


def files_in(root: PurePosixPath, entries: tuple[Entry, ...]) -> Iterator[tuple[PurePosixPath, Entry]]:
    """The files of a folder, by their path in it. A link stands for what it leads to, which may lie elsewhere."""
    for entry in entries:
        path = PurePosixPath(entry.path)
        if root not in path.parents:
            continue
        if not entry.target:
            yield path.relative_to(root), entry
            continue
        end = PurePosixPath(os.path.normpath(path.parent / entry.target))
        for other in entries:
            behind = PurePosixPath(other.path)
            if other.sha256 and (behind == end or end in behind.parents):
                yield path.relative_to(root) / behind.relative_to(end), other


def _settings(places: Places, at: ReleasePlaces, release: Release) -> None:
    for file in release.files:
        path = at.root / _inside(file.name)
        _folder(path.parent, 0o750, places.gid)
        _write(path, fill(file.content, at.id), 0o640)
        os.chown(path, -1, places.gid)
    _folder(at.units, 0o700, -1)
    for program in release.programs:
        for unit in program.files:
            path = at.units / fill(unit.name, at.id)
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, fill(unit.content, at.id), 0o600)


def _persist(places: Places, at: ReleasePlaces, path: PurePosixPath) -> None:
    """Replace ``code/path`` by a link to ``data/path``; what the project holds there is the first content.

    Where the project holds nothing, a name with a suffix (``app.db``) is a file the app will make, any other a folder.
    """
    in_code, kept = at.code / path, places.data / path
    if not os.path.lexists(kept):
        _seed(places, in_code, kept)
    if in_code.is_dir() and not in_code.is_symlink():
        shutil.rmtree(in_code)
    elif os.path.lexists(in_code):
        in_code.unlink()
    in_code.parent.mkdir(parents=True, exist_ok=True)
    in_code.symlink_to(kept)


def _seed(places: Places, source: Path, target: Path) -> None:
    """Make the first content, as the app's own user: root must not be led astray by links the app has put there."""
    as_app = {"user": places.layout.user or None, "timeout": SEED_TIMEOUT, "umask": 0o027}
    check(["mkdir", "-p", "--", str(target.parent)], **as_app)
    if os.path.lexists(source):
        check(["cp", "-R", "--no-target-directory", "--", str(source), str(target)], **as_app)
        check(["chmod", "-R", "u+rwX,o-rwx", "--", str(target)], **as_app)
    elif not target.suffix:
        check(["mkdir", "--", str(target)], **as_app)


def _folders(entries: tuple[Entry, ...]) -> list[PurePosixPath]:
    parents = {parent for entry in entries for parent in _inside(entry.path).parents}
    return sorted(parents - {PurePosixPath()})


def _inside(path: str) -> PurePosixPath:
    """A path that stays inside the folder it is put in. Raises BadRequest for any other."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or not pure.parts:
        raise BadRequest(f"{path!r} leads out of the release")
    return pure


def _folder(path: Path, mode: int, group: int) -> None:
    path.mkdir(exist_ok=True)
    path.chmod(mode)
    os.chown(path, -1, group)


def _write(path: Path, text: str, mode: int) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(fd, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
        os.fchmod(file.fileno(), mode)

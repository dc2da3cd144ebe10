"""Virtual environments: resolved once, built once, immutable, shared by the releases that need the same.

uv does the work, as the build user: a package's build script is a stranger's code. What it built is then given to root,
so that neither the app nor a later build can change what already runs.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from seawall.agent import contents, files, hashes, uv_cache
from seawall.agent.errors import BuildFailed, CommandFailed, DiskFull
from seawall.agent.files import gid_of, give, remove_tree, sync_filesystem, uid_of, write_atomic
from seawall.agent.hashes import HASH
from seawall.agent.places import Places, ReleasePlaces
from seawall.agent.process import PATH, check, run
from seawall.agent.requirement_files import any_local, bare, hashed, names, texts, without
from seawall.agent.resolutions import built_from, resolution
from seawall.agent.vocabulary import Release, Requirements

#: The mark of a virtual environment that was finished; one without it is built anew.
COMPLETE = "seawall-complete"
#: Bound on resolving or installing, seconds: large wheels over a slow line, or compiling, take minutes.
BUILD_TIMEOUT = 3600
#: Taken off before installing: an environment is shared by releases, and outlives the one whose code it was made from.
_EDITABLE = re.compile(r"^(?:-e|--editable)[ =]\s*", re.M)
_INTERPRETER = re.compile(r"python3\.\d+")

#: Installing goes by the resolution alone, so it must say where else packages are looked for.
EMIT = ("--emit-index-url", "--emit-find-links")


@dataclass(frozen=True)
class Builder:
    """Builds environments for one app; ``on_line`` hears what uv says, ``cancelled`` ends it."""

    places: Places
    on_line: Callable[[str], None]
    cancelled: Callable[[], bool]

    def build(self, at: ReleasePlaces, release: Release) -> str:
        """Link the release to its environment, making it if need be. Returns the resolved requirements."""
        try:
            locked = self._resolve(at, release)
            venv = self._place_of(environment_key(locked, release))
            if not (venv / COMPLETE).exists():
                self._create(venv, at, release.requirements, locked)
        finally:
            uv_cache.end(self._mark)
            remove_tree(str(_copy(at)))
        at.venv.symlink_to(venv)
        self._compile_code(at)
        return locked

    def _compile_code(self, at: ReleasePlaces) -> None:
        """Bytecode for the app's own code, which it cannot write itself. A file that does not compile is the
        app's affair: it may never be imported."""
        python = compiler(at.venv, self.places.layout.build_user)
        options = ["-q", "--invalidation-mode", "unchecked-hash"]
        if python:
            # -S: without it .pth files of packages would run here, as root (see Python's `site`).
            run([python, "-I", "-S", "-m", "compileall", *options, str(at.code)], timeout=BUILD_TIMEOUT)
        contents.write(at.bytecode, contents.digests(at.code, contents.is_bytecode))

    def _place_of(self, key: str) -> Path:
        """Where the environment of this key is, or is to be made: one that lost its mark of being whole, and that a
        release uses, is left to that release, and another is made beside it."""
        used = {os.path.realpath(link) for link in self.places.releases.glob("*/venv")}
        for name in (key, *(f"{key}.{number}" for number in range(2, 1000))):
            place = self.places.venvs / name
            if (place / COMPLETE).exists() or os.path.realpath(place) not in used:
                break
        return place

    def _resolve(self, at: ReleasePlaces, release: Release) -> str:
        wanted = release.requirements
        record = resolution(self.places, at, release)
        if record.exists():
            return record.read_text()
        locked = self._with_extras(wanted, self._pinned(at, wanted))
        write_atomic(str(record), locked.encode(), 0o644)
        return locked

    def _pinned(self, at: ReleasePlaces, wanted: Requirements) -> str:
        if wanted.locked:
            return wanted.text
        if wanted.text:
            return self._compile([*EMIT, "-"], wanted, self._source(at, wanted), wanted.text)
        if not wanted.path:
            return ""
        if with_hashes := hashed(at.code, wanted.path):
            return hashes.flattened(with_hashes)
        return self._compile([*EMIT, "--", wanted.path], wanted, self._source(at, wanted), "")

    def _source(self, at: ReleasePlaces, wanted: Requirements) -> Path:
        """Where uv finds the code: a copy that a build may write to, if something of it is to be built."""
        if not (wanted.install_project or any_local(texts(at.code, wanted))):
            return at.code
        copy = _copy(at)
        if not copy.exists():
            shutil.copytree(at.code, copy, symlinks=True)
            _give(copy, self.places.layout.build_user)
        return copy

    def _with_extras(self, wanted: Requirements, locked: str) -> str:
        """Add what the stack needs and the app does not name, at versions that agree with the app's own."""
        missing = [extra for extra in wanted.extra if not names(extra) & names(locked)]
        if not missing:
            return locked
        constraints = self.places.resolved / "constraints.txt"
        named = [line for line in bare(locked) if names(line)]
        write_atomic(str(constraints), "\n".join(named).encode(), 0o644)
        options = [*(["--generate-hashes"] if HASH in locked else []), "--constraint", str(constraints), "-"]
        found = self._compile(options, wanted, self.places.base, "\n".join(missing))
        return "\n".join([locked.rstrip("\n"), *without(found, names(locked)), ""])

    def _compile(self, arguments: list[str], wanted: Requirements, cwd: Path, text: str) -> str:
        options = [
            "--quiet",
            "--no-header",
            "--no-annotate",
            "--no-progress",
            "--python",
            wanted.python or "python3",
        ]
        return self._uv(["pip", "compile", *options, *arguments], cwd, text)

    def _create(self, venv: Path, at: ReleasePlaces, wanted: Requirements, locked: str) -> None:
        if venv.exists():
            remove_tree(str(venv))
        venv.mkdir(mode=0o755)
        _give(venv, self.places.layout.build_user)
        try:
            self._fill(venv, at, wanted, locked)
        except (BuildFailed, DiskFull):
            remove_tree(str(venv))
            raise
        _seal(venv, self.places.layout.build_user)
        sync_filesystem(str(venv))
        contents.write(venv / COMPLETE, contents.digests(venv))

    def _fill(self, venv: Path, at: ReleasePlaces, wanted: Requirements, locked: str) -> None:
        self._uv(["venv", "--quiet", "--allow-existing", "--python", wanted.python or "python3", str(venv)], venv, "")
        python = str(venv / "bin" / "python")
        common = ["pip", "install", "--quiet", "--no-progress", "--compile-bytecode", "--python", python]
        if "." in venv.name:  # made anew because the first was spoiled, and the cache may be as well
            common += ["--no-cache"]
        source = self._source(at, wanted)
        if locked.strip():
            # Where every line has its hash nothing may come without one (pip's "Hash-checking Mode").
            checked = ["--require-hashes"] if hashes.all_hashed(locked) else []
            self._uv([*common, *checked, "--no-deps", "-r", "-"], source, _EDITABLE.sub("", locked))
        if wanted.install_project:
            self._uv([*common, "--no-deps", str(source)], venv, "")

    @property
    def _mark(self) -> Path:
        return self.places.state / "uv-at-work"

    def _uv(self, arguments: list[str], cwd: Path, text: str) -> str:
        """Run uv. Its cache is ours to clean on a server only; elsewhere it is the person's own."""
        if self.places.layout.build_user:
            if uv_cache.may_be_torn(self._mark):
                self._run_uv(["cache", "clean", "--quiet"], self.places.base, "")
            uv_cache.begin(self._mark)
        return self._run_uv(arguments, cwd, text)

    def _run_uv(self, arguments: list[str], cwd: Path, text: str) -> str:
        layout = self.places.layout
        try:
            done = check(
                [layout.uv, *arguments],
                timeout=BUILD_TIMEOUT,
                cwd=str(cwd),
                env=_environment(layout.build_user),
                user=layout.build_user or None,
                group=layout.build_user or None,
                groups=(layout.group,) if layout.group else (),
                input=text,
                on_line=self.on_line,
                cancelled=self.cancelled,
            )
        except CommandFailed as error:
            if re.search(r"No space left on device|Disk quota exceeded", error.output):
                raise files.no_room(str(self.places.venvs), error.output) from error
            raise BuildFailed(
                _fact(error.output),
                place="requirements",
                remedy=_remedy(error.output),
                output=error.output,
            ) from error
        return done.stdout


def compiler(venv: Path, build_user: str) -> str:
    """The program that compiles the app's code; "" if there is none, and the app is compiled at each start.

    A build may have put anything into the environment, a ``bin/python`` of its own too. Root does not run that, but the
    host's interpreter of that name.
    """
    if not build_user:
        return str(venv / "bin" / "python")
    name = os.path.basename(os.path.realpath(venv / "bin" / "python"))
    return shutil.which(name, path=PATH) or "" if _INTERPRETER.fullmatch(name) else ""


def prune(places: Places, kept: Iterator[Path]) -> None:
    """Remove environments that no kept release uses."""
    used = {os.path.basename(os.readlink(link)) for link in kept if link.is_symlink()}
    for venv in places.venvs.iterdir():
        if venv.name not in used:
            remove_tree(str(venv))


def _environment(build_user: str) -> dict[str, str]:
    """uv trusts the host's certificates, so a host behind a company's proxy works as its administrator set it up."""
    # Copies: with hard links, uv's default on Linux, an edit of a package in one environment reaches the cache, and so
    # every environment that is made from it.
    env = {"UV_SYSTEM_CERTS": "1", "UV_NO_PROGRESS": "1", "UV_LINK_MODE": "copy"}
    if build_user:
        env.update(UV_CACHE_DIR=uv_cache.CACHE, UV_PYTHON_DOWNLOADS="never")
        env["HOME"] = "/var/cache/seawall"
    else:
        env["HOME"] = os.path.expanduser("~")
    carried = ("SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "UV_INDEX_URL")
    return {**{name: os.environ[name] for name in carried if name in os.environ}, **env}


def _fact(output: str) -> str:
    """The line of uv's output that says what is wrong."""
    lines = [line.strip(" ×╰─▶│") for line in output.splitlines()]
    named = [line for line in lines if "Hash mismatch" in line]
    named += [line for line in lines if re.search(r"no solution|not found|Failed to|Because|error:", line, re.I)]
    return f"the virtual environment could not be built: {(named or lines or ['uv failed'])[0]}"


def _remedy(output: str) -> str:
    if "interpreter found" in output or "No interpreter" in output:
        return "install that Python on the host, or change [app] python to one that it has"
    if "Hash mismatch" in output:
        return (
            "what came is not what the requirements name: if that is meant, lock them anew; if not, somebody exchanged "
            "the file where it was taken from"
        )
    return "mend the requirement named below and deploy again"


def environment_key(locked: str, release: Release) -> str:
    """The name of the environment that has these resolved requirements."""
    wanted = release.requirements
    parts = [locked, wanted.python, os.uname().machine]
    if wanted.install_project or any_local([locked]):
        parts += built_from(release)
    return hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()[:16]


def _copy(at: ReleasePlaces) -> Path:
    return at.root / "source"


def _give(root: Path, user: str) -> None:
    if user:
        give(str(root), uid_of(user), gid_of(user))


def _seal(venv: Path, build_user: str) -> None:
    """Nobody but root changes it from now on, whatever rights a build gave to others."""
    (venv / ".lock").unlink(missing_ok=True)  # uv's, which everybody could write
    if build_user:
        _give(venv, "root")
        close_to_others(venv)


def close_to_others(root: Path) -> None:
    """Take the right to write from all but the owner, folders first. A link is left alone, and what a name stands for
    is held open meanwhile, so that nothing outside is changed."""
    for _, folders, contained, at in os.fwalk(root):
        for name in [*folders, *contained]:
            kind = os.stat(name, dir_fd=at, follow_symlinks=False).st_mode
            if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)) or not kind & 0o022:
                continue
            held = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at)
            try:
                os.fchmod(held, stat.S_IMODE(os.fstat(held).st_mode) & ~0o022)
            finally:
                os.close(held)

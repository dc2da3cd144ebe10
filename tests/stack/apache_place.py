"""Lays Apache's files of a composition out for this machine, in Debian's order, and runs Apache with them."""

from __future__ import annotations

import os
import re
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from seawall.agent.vocabulary import File, Link
from seawall.stack.composition import Composition
from stack import place

#: What Debian's own files say, as far as it matters here: what a fresh installation has enabled.
MODULES = ("mpm_event", "authz_core", "authz_host", "alias", "mime", "filter", "deflate", "setenvif", "status")
DEBIAN = """
TypesConfig /etc/mime.types
Timeout 300
<Directory />
    Options FollowSymLinks
    AllowOverride None
    Require all denied
</Directory>
LogFormat "%h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\"" combined
LogFormat "%h %l %u %t \\"%r\\" %>s %O" common
ServerTokens OS
AddOutputFilterByType DEFLATE text/html text/plain
Alias /icons/ "/usr/share/apache2/icons/"
<Location /server-status>
    SetHandler server-status
    Require local
</Location>
"""


@dataclass(frozen=True)
class Laid:
    """Apache's files in ``folder``, and the ports that stand for 80 and 443."""

    folder: Path
    made: Composition
    http: int
    https: int

    @property
    def base(self) -> Path:
        return Path(self.made.layout.base)

    def check(self) -> str:
        """What Apache says of the files, "" if it takes them."""
        done = self._apache("-t", user=None)
        return "" if (done.returncode, done.stderr) == (0, "Syntax OK\n") else done.stderr

    def control(self, word: str) -> None:
        """`start`, `graceful` or `stop`, not as root, whose Apache would want another user for visitors."""
        done = self._apache("-k", word, user="nobody" if os.geteuid() == 0 else None)
        assert done.returncode == 0, done.stderr

    def _apache(self, *arguments: str, user: str | None) -> subprocess.CompletedProcess[str]:
        command = [place.needed("apache2"), "-f", str(self.folder / "apache2.conf"), *arguments]
        environment = {"APACHE_RUN_DIR": str(self.folder), "PATH": os.environ["PATH"]}
        return subprocess.run(command, capture_output=True, text=True, user=user, env=environment, check=False)

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.folder / "own/localhost.crt")


def lay_out(folder: Path, *compositions: Composition) -> Laid:
    """The files of one app, or of several on one host."""
    made = compositions[0]
    own = replace(made, layout=replace(made.layout, base=str(folder / "srv"), run=str(folder / "run")))
    laid = Laid(folder, own, place.free_port(), place.free_port())
    certificates = place.certificate_in(folder / "own")
    for name in ("srv", "run", "challenges/.well-known/acme-challenge"):
        (folder / name).mkdir(parents=True)
    texts = {}
    for composition in compositions:
        texts.update(_enabled(composition))
    included = [_here(laid, made, texts[path], certificates) for path in sorted(texts)]
    head = f'ServerRoot "{folder}"\nPidFile pid\nErrorLog error.log\nServerName localhost\nLogLevel warn\n'
    load = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in MODULES)
    (folder / "apache2.conf").write_text("\n".join([head, load, DEBIAN, f"Listen 127.0.0.1:{laid.http}", *included]))
    subprocess.run(["chown", "-R", "nobody", str(folder)], check=os.geteuid() == 0, capture_output=True)
    return laid


def _enabled(made: Composition) -> dict[str, str]:
    """What is read of the files, by the path that it is read under: modules before sites, sites by their names."""
    files = {item.path: item.content for item in made.resources if isinstance(item, File)}
    links = [item for item in made.resources if isinstance(item, Link) and item.path.startswith("/etc/apache2/")]
    return {link.path: files[os.path.normpath(os.path.join(os.path.dirname(link.path), link.target))] for link in links}


def _here(laid: Laid, made: Composition, text: str, certificates: tuple[str, str]) -> str:
    text = text.replace(made.layout.base, str(laid.base)).replace("/var/log/apache2", str(laid.folder))
    text = text.replace("/var/lib/seawall/challenges", str(laid.folder / "challenges"))
    text = re.sub(r"(SSLCertificateFile) .*", rf'\1 "{certificates[0]}"', text)
    text = re.sub(r"(SSLCertificateKeyFile) .*", rf'\1 "{certificates[1]}"', text)
    text = text.replace("?X25519MLKEM768:", "").replace("Listen 443", f"Listen 127.0.0.1:{laid.https}")
    return text.replace("*:443>", f"*:{laid.https}>").replace("*:80>", f"*:{laid.http}>")


@contextmanager
def running(*compositions: Composition) -> Iterator[Laid]:
    """Apache with these apps, in a folder that it may enter whoever it runs as."""
    folder = Path(tempfile.mkdtemp(prefix="seawall-apache-"))
    try:
        folder.chmod(0o755)
        laid = lay_out(folder, *compositions)
        laid.control("start")
        try:
            place.until(lambda: place.listens(laid.http), "Apache")
            yield laid
        finally:
            laid.control("stop")
            place.until(lambda: not (folder / "pid").exists(), "Apache to end")
    finally:
        shutil.rmtree(folder)

#!/bin/sh
# Makes a bare Debian tree a test host. Called by image.py with the tree, a directory of extra CA certificates, the
# password of the user admin and the version of uv, if it is to be there. Refuses to work on anything but a tree of its
# own.
set -eu
root=${1:?}
certificates=${2:?}
password=${3:?}
uv=${4?}
case "$(realpath "$root")" in /) echo "customise.sh: not on this machine itself" >&2; exit 1 ;; esac

chroot "$root" useradd --create-home --shell /bin/bash deploy
chroot "$root" useradd --create-home --shell /bin/bash --groups sudo admin
chroot "$root" useradd --create-home --shell /bin/bash nobodyspecial
echo "admin:$password" | chroot "$root" chpasswd
echo 'deploy ALL=(ALL:ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/deploy"
chmod 440 "$root/etc/sudoers.d/deploy"

# apt's own timers would take the package lock in the middle of a test.
rm -f "$root"/etc/systemd/system/timers.target.wants/apt-daily*
# A machine that lives for seconds need not sync every file of a package.
echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/test-host"
echo 'Acquire::Languages "none";' >"$root/etc/apt/apt.conf.d/99test-host"
# An administrator behind a private certificate authority tells the system, pip and uv of it.
if test -n "$(find "$certificates" -name '*.crt' 2>/dev/null)"; then
    cp "$certificates"/*.crt "$root/usr/local/share/ca-certificates/"
    chroot "$root" update-ca-certificates >/dev/null
    printf '[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n' >"$root/etc/pip.conf"
    mkdir -p "$root/etc/uv"
    printf 'system-certs = true\n' >"$root/etc/uv/uv.toml"
fi

if test -n "$uv"; then
    # As a first deployment does it, and where it looks for it (src/seawall/agent/resources/uv.py).
    chroot "$root" python3 -m venv /var/lib/seawall/uv
    chroot "$root" /var/lib/seawall/uv/bin/python -m pip install --quiet --no-cache-dir --only-binary :all: "uv==$uv"
fi

# Every host gets its own.
rm -f "$root/etc/hostname" "$root/etc/resolv.conf"

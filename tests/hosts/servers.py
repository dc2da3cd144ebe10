"""Hosts for `seawall server`: with what a set-up installs, so that tests do not wait for apt."""

SETUP_PACKAGES = (
    "debsums",
    "fail2ban",
    "libpam-pwquality",
    "nftables",
    "python3-systemd",
    "systemd-timesyncd",
    "ufw",
    "unattended-upgrades",
)

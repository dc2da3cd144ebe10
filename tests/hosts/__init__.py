"""Real Debian hosts for tests: booted with systemd-nspawn, reached over ssh, reset in a second.

Read `lab.py` first. See README.md for the fixtures.
"""

"""The app's own start: its server begun by hand on the host, with the release's own environment and settings, until
the health path answers. No deployment tool can be quicker than that."""

from tests.hosts.machine import Host

#: Runs on the host. Listens on a socket as systemd would, starts the server, and asks until it answers.
SCRIPT = """
import os, pwd, shlex, signal, socket, struct, subprocess, sys, time
app = sys.argv[1]
base = f"/srv/{app}"
user = pwd.getpwnam(app)
path = f"/run/bench-{app}.sock"
if os.path.exists(path): os.unlink(path)
listening = socket.socket(socket.AF_UNIX)
listening.bind(path)
listening.listen(64)
os.chmod(path, 0o666)
release = os.path.realpath(f"{base}/live")
unit = open(f"/etc/systemd/system/seawall-{app}@{os.path.basename(release)}.service").read()
command = next(shlex.split(line[len("ExecStart="):]) for line in unit.splitlines() if line.startswith("ExecStart="))
def request():
    if not os.path.exists(f"{release}/web.uwsgi"):
        return f"GET /health HTTP/1.1\\r\\nHost: {app}.example.com\\r\\nConnection: close\\r\\n\\r\\n".encode()
    said = {"REQUEST_METHOD": "GET", "PATH_INFO": "/health", "REQUEST_URI": "/health", "QUERY_STRING": "",
            "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_NAME": app, "SERVER_PORT": "443", "HTTP_HOST": f"{app}.example.com"}
    words = b"".join(struct.pack("<H", len(word)) + word.encode() for pair in said.items() for word in pair)
    return struct.pack("<BHB", 0, len(words), 0) + words
def hand_over():
    os.dup2(listening.fileno(), 3)
    os.set_inheritable(3, True)
begun = time.perf_counter()
process = subprocess.Popen(
    ["sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh", *command],
    cwd=f"{release}/code", preexec_fn=hand_over, close_fds=False,
    env={"PATH": f"{release}/venv/bin:/usr/bin:/bin", "HOME": f"{base}/data", "LANG": "C.UTF-8", "LISTEN_FDS": "1"},
    user=user.pw_uid, group=user.pw_gid, extra_groups=[], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
answer = b""
while not answer.startswith(b"HTTP/1.1 200"):
    asking = socket.socket(socket.AF_UNIX)
    asking.connect(path)
    asking.sendall(request())
    answer = asking.recv(65536)
    asking.close()
print(time.perf_counter() - begun)
while process.poll() is None:  # it may have been too early in its start to hear that
    process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
os.unlink(path)
"""


def seconds_to_start(host: Host, app: str) -> float:
    """Seconds from starting the live release's server by hand to its first healthy answer."""
    return float(host.run(["python3", "-c", SCRIPT, app]).stdout)

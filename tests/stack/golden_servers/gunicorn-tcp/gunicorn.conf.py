# How gunicorn runs guestbook, release @RELEASE@. Written by seawall from seawall.toml.
# Every setting: https://docs.gunicorn.org/en/stable/settings.html

import contextlib

proc_name = "guestbook"

# By this host's 2 cores and its memory: `seawall explain server` shows the sum.
workers = 4
worker_class = "gthread"
threads = 8

# Seconds: a worker that is silent for longer is killed; one that is asked to stop may finish its requests.
timeout = 30
graceful_timeout = 30
# The front server ends its connections itself; this is for others.
keepalive = 2

# Whether the app is imported once, before the workers are forked.
preload_app = False

# The listening socket comes from the service manager (sd_listen_fds), which also sets its backlog.
backlog = 2048

# Workers show that they are alive by touching a file; on a disk that can block them.
worker_tmp_dir = "/dev/shm"

# Only programs of this host can reach the port; the front server overwrites these headers itself.
forwarded_allow_ips = "127.0.0.1"

# Errors go to the service manager's log. The front server logs the requests, so gunicorn does not.
errorlog = "-"
accesslog = None

# No second door: gunicorn 25.1 and later would open a control socket in the app's home.
control_socket_disable = True


def post_request(worker, request, environ, response):
    """Reads what the app left unread of a request's body: the connection would break before the answer has arrived."""
    with contextlib.suppress(OSError):
        while request.body.read(65536):
            pass

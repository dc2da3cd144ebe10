# How gunicorn runs guestbook, release @RELEASE@. Written by seawall from seawall.toml.
# Every setting: https://docs.gunicorn.org/en/stable/settings.html

import os
import threading
import time

proc_name = "guestbook"

# By this host's 2 cores and its memory: `seawall explain server` shows the sum.
workers = 2
worker_class = "uvicorn_worker.UvicornWorker"

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

# Only the front server can reach the socket, and it overwrites these headers itself.
forwarded_allow_ips = "*"

# Errors go to the service manager's log. The front server logs the requests, so gunicorn does not.
errorlog = "-"
accesslog = None

# No second door: gunicorn 25.1 and later would open a control socket in the app's home.
control_socket_disable = True


def post_worker_init(worker):
    """Ends a worker whose master has died: unlike gunicorn's own, uvicorn's does not look for that."""

    def follow():
        while os.getppid() == worker.ppid:
            time.sleep(1)
        os.kill(os.getpid(), 15)

    threading.Thread(target=follow, daemon=True).start()
    worker.wsgi = reading_all(worker.wsgi)


def reading_all(app):
    """The app; before an answer that is all there, it reads what the app left unread of the request's body, or the
    connection would break before the answer has arrived. Once it has begun, a front server sends no more of the body.
    """

    async def asked(scope, receive, send):
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        unread = any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])
        begun = None

        async def reading():
            nonlocal unread
            message = await receive()
            unread = message.get("more_body", False)
            return message

        async def sending(message):
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = message
                return
            if begun is not None:
                while unread and not message.get("more_body", False):
                    await reading()
                await send(begun)
                begun = None
            await send(message)

        await app(scope, reading, sending)

    return asked

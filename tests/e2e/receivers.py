"""Real receivers on loopback, for what the alerter sends."""
import contextlib
import http.server
import os
import socket
import ssl
import subprocess
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from conftest import free_ports


class HttpReceiver:
    """Keeps what it is sent; answers with `status`."""

    def __init__(self, port=0, status=200, headers=()):
        self.requests, self.status = [], status
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def take(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                receiver.requests.append((self.command, self.path, dict(self.headers), body))
                self.send_response(receiver.status)
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"said\r\nso")

            do_POST = do_PUT = do_PATCH = take

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class SlowLoris:
    """Takes a connection, begins an answer, and adds `drop` each `pause_s`, for ever."""

    def __init__(self, begin=b"HTTP/1.1 200 OK\r\n", drop=b"X", pause_s=1):
        self.begin, self.drop, self.pause_s = begin, drop, pause_s
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.taken, self.over = 0, threading.Event()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.taken += 1
                threading.Thread(target=self.drip, args=(connection,), daemon=True).start()

    def drip(self, connection):
        with connection, contextlib.suppress(OSError):
            connection.sendall(self.begin)
            while not self.over.wait(self.pause_s):
                connection.sendall(self.drop)

    def stop(self):
        self.over.set()
        self.listener.close()


class MailServer:
    """aiosmtpd with STARTTLS and AUTH required, and a certificate of its own."""

    def __init__(self, directory, user="ops", password="s3cret"):
        self.mails, self.refuse = [], None
        self.certificate, key = str(directory / "cert.pem"), str(directory / "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out",
                        self.certificate, "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=IP:127.0.0.1,DNS:localhost"], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)

        def authenticate(server, session, envelope, mechanism, data):
            ok = isinstance(data, LoginPassword) and (data.login, data.password) == (user.encode(), password.encode())
            return AuthResult(success=ok, handled=False)

        (port,) = free_ports(1)
        self.controller = Controller(self, hostname="127.0.0.1", port=port, tls_context=context,
                                     require_starttls=True, auth_required=True, authenticator=authenticate)
        self.controller.start()
        self.url = f"smtp://127.0.0.1:{port}"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refuse and address.startswith(self.refuse):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
        return "250 kept"

    def stop(self):
        self.controller.stop()


class Dialogue:
    """An SMTP server that says 250 to everything, 354 to DATA, and what `answers` says to a line that begins so; ""
    is the greeting, "." the end of a mail."""

    def __init__(self, answers):
        self.answers = {"": "220 here", "DATA": "354 go on", **answers}
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"smtp://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with connection, connection.makefile("rw", newline="\r\n") as stream, contextlib.suppress(OSError):
                    self.talk(stream)

    def talk(self, stream):
        self.say(stream, "")
        in_mail = False
        for line in stream:
            line = line.strip()
            if in_mail and line != ".":
                continue
            in_mail = self.say(stream, line).startswith("354")

    def say(self, stream, line):
        answer = next((a for begin, a in self.answers.items() if begin and line.startswith(begin)),
                      "250 well" if line else self.answers[""])
        stream.write(answer + "\n")
        stream.flush()
        return answer

    def stop(self):
        self.listener.close()


class Lines:
    """Datagrams, or connections read to their end, from a socket; a list of bytes."""

    def __init__(self, kind, path=None):
        self.got = []
        family = socket.AF_UNIX if path else socket.AF_INET
        self.socket = socket.socket(family, kind)
        self.socket.bind(path or ("127.0.0.1", 0))
        self.port = None if path else self.socket.getsockname()[1]
        if kind == socket.SOCK_STREAM:
            self.socket.listen()
        threading.Thread(target=self.read, args=(kind,), daemon=True).start()

    def read(self, kind):
        with contextlib.suppress(OSError):
            while True:
                if kind == socket.SOCK_DGRAM:
                    self.got.append(self.socket.recv(65536))
                    continue
                connection, _ = self.socket.accept()
                with connection, connection.makefile("rb") as stream:
                    self.got.append(stream.read())

    def stop(self):
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


class Fifo:
    """A named pipe with a reader, as Nagios' command file."""

    def __init__(self, path):
        os.mkfifo(path)
        self.fd = os.open(path, os.O_RDWR | os.O_NONBLOCK)

    def read(self):
        try:
            return os.read(self.fd, 65536).decode()
        except BlockingIOError:
            return ""

    def stop(self):
        os.close(self.fd)

"""A mail server for tests: aiosmtpd, which writes what it takes into a folder.

python3 server.py FOLDER PORT [TLS CERTIFICATE KEY]   prints its port; ends when its standard input does.
PORT is 0 for any free one; the server waits for another, since a connection may still be using it.
TLS is "starttls", which is then required, or "implicit". With TLS, only ada with the password "hush" may send.
With "utf8" in the place of TLS it takes addresses beyond ASCII (SMTPUTF8), as it does not otherwise.
Recipients that begin with "refused" get a 550, those that begin with "later" a 451.
"""

import asyncio
import os
import ssl
import sys
import time
import uuid

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    def __init__(self, folder):
        self.folder = folder

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused"):
            return f"550 5.1.1 <{address}> No such mailbox"
        if address.startswith("later"):
            return f"451 4.7.1 <{address}> Try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        head = f"X-Envelope: {envelope.mail_from} {' '.join(envelope.rcpt_tos)}\r\n".encode()
        staging = os.path.join(self.folder, "." + uuid.uuid4().hex)
        with open(staging, "wb") as file:
            file.write(head + envelope.content)
        os.rename(staging, os.path.join(self.folder, uuid.uuid4().hex + ".eml"))
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == b"ada" and data.password == b"hush", handled=False)


def server(folder, tls=None, certificate=None, key=None):
    """What makes a connection's protocol, and the TLS context that connections begin with."""
    handler = Handler(folder)
    if tls in (None, "utf8"):
        return (lambda: SMTP(handler, enable_SMTPUTF8=tls == "utf8")), None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    settings = {"authenticator": authenticate, "auth_required": True}
    if tls == "implicit":
        return (lambda: SMTP(handler, auth_require_tls=False, **settings)), context
    return (lambda: SMTP(handler, tls_context=context, require_starttls=True, **settings)), None


async def listen(port, protocol, context):
    deadline = time.monotonic() + 30
    while True:
        try:
            return await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", port, ssl=context)
        except OSError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)


async def main(folder, port, *tls):
    listening = await listen(int(port), *server(folder, *tls))
    print(listening.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    os._exit(0)


asyncio.run(main(*sys.argv[1:]))

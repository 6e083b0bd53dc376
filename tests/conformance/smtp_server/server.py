"""A mail server for tests: aiosmtpd, which writes what it takes into a folder.

python3 server.py FOLDER   prints its port; ends when its standard input does.
Recipients that begin with "refused" get a 550, those that begin with "later" a 451.
"""

import asyncio
import os
import sys
import uuid

from aiosmtpd.smtp import SMTP


class Handler:
    def __init__(self, folder):
        self.folder = folder

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused"):
            return "550 5.1.1 No such mailbox"
        if address.startswith("later"):
            return "451 4.7.1 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        head = f"X-Envelope: {envelope.mail_from} {' '.join(envelope.rcpt_tos)}\r\n".encode()
        staging = os.path.join(self.folder, "." + uuid.uuid4().hex)
        with open(staging, "wb") as file:
            file.write(head + envelope.content)
        os.rename(staging, os.path.join(self.folder, uuid.uuid4().hex + ".eml"))
        return "250 OK"


async def main(folder):
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler(folder)), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    os._exit(0)


asyncio.run(main(sys.argv[1]))

"""A MongoDB on a port of this machine, with what the folder keeps. Prints its port, and ends when its input does.

    server.py FOLDER PORT    port 0: any free one
"""

import logging
import sys

from secantus.server import SecantusDBServer

logging.disable(logging.INFO)
folder, port = sys.argv[1:]
server = SecantusDBServer(port=int(port), storage_path=folder, cache_size="64M")
server.start()
print(server.port, flush=True)
sys.stdin.read()
server.stop()

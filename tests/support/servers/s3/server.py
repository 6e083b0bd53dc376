"""An S3 API on a free port of this machine, with the bucket `copies`. Prints its port, and ends when its input does."""

import contextlib
import sys

import boto3
from moto.server import ThreadedMotoServer

with contextlib.redirect_stdout(sys.stderr):
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
port = server.get_host_and_port()[1]
keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", **keys).create_bucket(Bucket="copies")
print(port, flush=True)
sys.stdin.read()
server.stop()

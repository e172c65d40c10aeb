"""A bucket on the loopback: moto's S3, in a thread."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

NAME, KEY, SECRET = "results", "AKIA-of-the-bucket", "secret-of-the-bucket"


@dataclass(frozen=True)
class LoopbackBucket:
    """Where it is, and what is in it."""

    endpoint: str
    s3: Any

    @property
    def variables(self) -> dict[str, str]:
        """What an endpoint's environment says of it."""
        return {
            "BUCKET_ENDPOINT_URL": self.endpoint,
            "BUCKET_NAME": NAME,
            "BUCKET_ACCESS_KEY_ID": KEY,
            "BUCKET_SECRET_ACCESS_KEY": SECRET,
        }

    @property
    def s3_config(self) -> dict[str, str]:
        """What a job says of it."""
        return {"accessId": KEY, "accessSecret": SECRET, "bucketName": NAME, "endpointUrl": self.endpoint}

    @property
    def aws(self) -> dict[str, str]:
        """What AWS's own tools go by."""
        keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET}
        return keys | {"AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": "us-east-1"}

    @property
    def address(self) -> str:
        return f"s3://{NAME}"

    def files(self) -> dict[str, bytes]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=NAME)
        listed = [entry for page in pages for entry in page.get("Contents", ())]
        return {entry["Key"]: self.s3.get_object(Bucket=NAME, Key=entry["Key"])["Body"].read() for entry in listed}

    def signed(self, key: str) -> str:
        """A URL that a caller may PUT one file to."""
        url: str = self.s3.generate_presigned_url("put_object", {"Bucket": NAME, "Key": key}, ExpiresIn=600)
        return url


@contextmanager
def loopback_bucket() -> Iterator[LoopbackBucket]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    s3 = boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=KEY, aws_secret_access_key=SECRET
    )
    s3.create_bucket(Bucket=NAME)
    try:
        yield LoopbackBucket(endpoint, s3)
    finally:
        s3.close()
        server.stop()

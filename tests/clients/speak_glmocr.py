"""The official SDK's client against a server of its own kind."""

import json
import sys

from glmocr.config import MaaSApiConfig
from glmocr.maas_client import MaaSClient

url, source, options = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
with MaaSClient(MaaSApiConfig(api_key="key", api_url=f"{url}/glmocr/parse", retry_max_attempts=0)) as client:
    print(json.dumps(client.parse(source, **options)))

"""The floor of our stack: a FastAPI endpoint behind uvicorn and TLS that reads the body and gives a fixed answer.

`python -m benchmarks.floor PORT CERTIFICATE KEY`
"""

import sys

import uvicorn
from fastapi import FastAPI, Request, Response

_ANSWER = b'{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"-","allowed":true}}'

app = FastAPI(openapi_url=None)


@app.post("/enforce")
async def enforce(request: Request) -> Response:
    """Allow, whatever it is."""
    await request.body()
    return Response(_ANSWER, media_type="application/json")


def main(port: str, certificate: str, key: str) -> None:
    """Serve with the settings of the webhook."""
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(port),
        http="httptools",
        loop="uvloop",
        lifespan="off",
        log_config=None,
        access_log=False,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        timeout_keep_alive=120,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])

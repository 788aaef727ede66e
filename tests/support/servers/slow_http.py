# SPDX-License-Identifier: MIT
"""An HTTP server on loopback for tests, on the port that it is given:

    /          "ready"
    /slow      "slow", after 0.2 s
    /silent    nothing, for as long as the client waits
    /large     500,000 bytes: byte i is a letter, i % 26 of the alphabet
"""

import asyncio
import sys

LARGE = bytes(ord("a") + i % 26 for i in range(500_000))
ANSWERS = {"/": (0, b"ready"), "/slow": (0.2, b"slow"), "/silent": (3600, b""), "/large": (0, LARGE)}


async def serve(reader, writer):
    """One connection, which is kept until the client ends it."""
    try:
        while request := (await reader.readuntil(b"\r\n\r\n")).decode():
            delay, body = ANSWERS[request.split(" ")[1]]
            await asyncio.sleep(delay)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError, KeyError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]), backlog=500)
    await server.serve_forever()


asyncio.run(main())

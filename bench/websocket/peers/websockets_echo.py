# SPDX-License-Identifier: MIT
#
# A WebSocket server on Python's websockets that sends back what it gets.
#
#     websockets_echo.py      prints its port; ends when it is killed

import asyncio

import websockets


async def echo(socket):
    async for message in socket:
        await socket.send(message)


async def main():
    server = await websockets.serve(echo, "127.0.0.1", 0, compression=None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Future()


asyncio.run(main())

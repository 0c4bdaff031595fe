# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""A pool from Python: calls, queries, many at once, and memory that is shared with the daemon.

    chimaera start && PYTHONPATH=build/release/python python3 examples/08_python/inventory.py
"""
import asyncio

import chimaera

FRUIT = {"apple": 3, "banana": 12, "cherry": 400}


async def stock(inventory):
    """Asks for all kinds at the same time; the event loop goes on meanwhile."""
    replies = await asyncio.gather(*(inventory.aio.get(key=kind) for kind in FRUIT))
    return {kind: int(reply.value) for kind, reply in zip(FRUIT, replies)}


def main():
    with chimaera.connect() as client:
        # The module's methods, their fields and types are known from the daemon: see help, dir, print(inventory.put).
        inventory = client.create_pool("inventory", module="kv", containers=4, if_absent=True)
        for kind, count in FRUIT.items():
            inventory.put(key=kind, value=str(count).encode())
        print("apples:", inventory.get(key="apple").value.decode())
        print("kinds, of all containers:", inventory.count().count)
        print("stock:", asyncio.run(stock(inventory)))

        # Futures, where there is no event loop.
        removed = [inventory.submit.del_(key=kind) for kind in ("apple", "durian")]
        print("removed:", [future.result(timeout=10).removed for future in removed])

        # What the daemon sees, too, goes there and comes back without a copy.
        picture = client.allocate(1 << 20)
        memoryview(picture)[:4] = b"\x89PNG"
        inventory.put(key="picture", value=picture)
        view = inventory.views.get(key="picture").value
        print("picture:", len(view), bytes(view[1:4]))

        try:
            inventory.with_deadline(2).put(key="", value=b"")
        except chimaera.InvalidArgument as error:
            print("refused:", error.text)


if __name__ == "__main__":
    main()

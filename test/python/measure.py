# Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
"""What a call from Python costs, in microseconds: median and best of nine rounds. Needs a daemon: `chimaera start`.

    PYTHONPATH=build/release/python python3 test/python/measure.py
"""
import asyncio
import statistics
import time

import chimaera

ROUNDS = 9


def plain(pool, count):
    get = pool.get
    for _ in range(count):
        get(key="apple")


def futures(pool, count):
    get = pool.submit.get
    for future in [get(key="apple") for _ in range(count)]:
        future.result()


def future_at_once(pool, count):
    get = pool.submit.get
    for _ in range(count):
        get(key="apple").result()


def gathered_by_asyncio(pool, count):
    async def main():
        get = pool.aio.get
        await asyncio.gather(*(get(key="apple") for _ in range(count)))
    asyncio.run(main())


def awaited_one_by_one(pool, count):
    async def main():
        get = pool.aio.get
        for _ in range(count):
            await get(key="apple")
    asyncio.run(main())


def measure(run, pool, count):
    rounds = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        run(pool, count)
        rounds.append((time.perf_counter() - begin) / count * 1e6)
    return f"{statistics.median(rounds):10.2f} {min(rounds):10.2f}"


def main():
    with chimaera.connect() as client:
        pool = client.create_pool("measure", module="kv", containers=4, if_absent=True)
        pool.put(key="apple", value=b"3")
        print(f"{'a get of a small value':24} {'median':>10} {'best':>10}")
        for run, count in ((plain, 5000), (futures, 5000), (future_at_once, 500), (gathered_by_asyncio, 5000),
                           (awaited_one_by_one, 500)):
            print(f"{run.__name__.replace('_', ' '):24} {measure(run, pool, count)}")
        client.destroy_pool("measure")


if __name__ == "__main__":
    main()

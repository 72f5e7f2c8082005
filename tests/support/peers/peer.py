"""nats-py as the other client: peer.py write|brief|read URL BUCKET. See interop_test.cpp."""
import asyncio
import json
import sys

import nats
import nats.js.errors


async def write(kv):
    await kv.put("value.empty", b"")
    await kv.put("value.bytes", bytes(range(256)))
    await kv.put("value.text", "héllo ✓ 𝄞\t\n".encode())
    await kv.put("value.large", b"x" * 300000)
    await kv.put("a/b_c=d-e.F", b"key")
    for n in range(1, 66):
        await kv.put("many", f"revision {n}".encode())
    await kv.put("gone", b"1")
    await kv.delete("gone")
    await kv.put("wiped", b"1")
    await kv.put("wiped", b"2")
    await kv.purge("wiped")
    await kv.put("back", b"1")
    await kv.delete("back")
    await kv.create("back", b"2")
    revision = await kv.put("cas", b"1")
    await kv.update("cas", b"2", revision)


async def brief(kv):
    await kv.create("theirs", b"short", msg_ttl=2.0)


async def keys_of(kv):
    # On a busy machine its keys() finds none now and then, where there are some.
    for _ in range(5):
        try:
            return sorted(await kv.keys())
        except nats.js.errors.NoKeysError:
            await asyncio.sleep(0.2)
    return []


async def read(kv):
    events = []
    watcher = await kv.watch(">", include_history=True)
    # Its None, "all current entries came", comes before the first of them now and then: what is still
    # to come, which each entry says, is sure.
    waiting = (await kv.status()).values > 0
    while waiting:
        entry = await watcher.updates(timeout=10)
        if entry is None:
            continue
        events.append([entry.key, entry.revision, entry.operation or "PUT", (entry.value or b"").hex()])
        waiting = entry.delta > 0
    await watcher.stop()
    return {"events": events, "keys": await keys_of(kv)}


async def main():
    what, url, bucket = sys.argv[1:4]
    connection = await nats.connect(url)
    kv = await connection.jetstream().key_value(bucket)
    print(json.dumps(await {"write": write, "brief": brief, "read": read}[what](kv)))
    await connection.close()


asyncio.run(main())

"""A connection that is reset after N bytes, one way or the other, for every N of an exchange."""
import random
import tempfile
import time

import checks
from servers import Site

VERBS = {
    "put": lambda n: ["put", "b", f"put.{n}", f"cut-put-{n}"],
    "create": lambda n: ["create", "b", f"create.{n}", f"cut-create-{n}"],
    "get": lambda n: ["get", "b", "there"],
    "keys": lambda n: ["keys", "b", "some.>"],
    "history": lambda n: ["history", "b", "there"],
    "del": lambda n: ["del", "b", f"del.{n}"],
}


def experiment(given, context_of, seconds):
    """Every N where the time suffices, else as many as it allows, chosen by the seed."""
    folder = tempfile.mkdtemp(prefix="natskv-faults-")
    site = Site(given.server, folder, 1)
    proxy, chance, end = site.proxies[0], random.Random(f"{given.seed}/cut"), time.monotonic() + seconds
    try:
        with site.client(20) as client:
            client.add_bucket("b", 64, 1)
            for key in ("there", "some.one", "some.two"):
                client.put("b", key, b"value")
        context = context_of(given, folder + "/c", site.url().split(",", maxsplit=1)[0])
        plan, wrong, attempts = [], [], []
        for verb, words in VERBS.items():
            before = dict(proxy.passed)
            done = context.run(words("whole"))
            if done.status != 0:
                wrong.append((checks.FALSE, f"{verb}: {done.status} without any fault: {done.err.decode()}"))
            plan += [(verb, way, n) for way in ("up", "down") for n in range(1, proxy.passed[way] - before[way])]
        chance.shuffle(plan)
        count = 0
        for verb, way, n in plan:
            if time.monotonic() > end:
                break
            proxy.limits = {way: n}
            words = VERBS[verb](f"{way}{n}")
            done = context.run(words)
            proxy.heal()
            count += 1
            if verb in ("put", "create"):
                attempts.append((words[2], words[3].encode(), done.status, int(done.out) if done.status == 0 else None))
            if verb == "get" and done.status == 0 and done.out != b"value":
                wrong.append((checks.LOST, f"get: {done.out!r}"))
            if verb == "keys" and done.status == 0 and sorted(done.out.split()) != [b"some.one", b"some.two"]:
                wrong.append((checks.LOST, f"keys {way} {n}: {done.out!r}"))
        with site.client(20) as client:
            stored = client.stored("b")
        findings = wrong + checks.writes("cut", attempts, stored, {}) + checks.commands(context.done)
        findings += checks.leftovers(context, [])
        return (f"cut ({100 * count // len(plan)}%)", count, len(context.done), []), findings
    finally:
        site.close(given.keep)

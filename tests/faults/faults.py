"""The faults: each breaks and mends until its time is over, and returns how often it broke something."""
import time

from client import Gone


def _mended(end, pause):
    """Whether there is time for one more, after a while without faults."""
    time.sleep(min(pause, max(0.0, end - time.monotonic())))
    return time.monotonic() < end


def kill(site, bucket, random, seconds, timeout):
    """SIGKILL and restart of a server: the only one, or any of three."""
    end, count = time.monotonic() + seconds, 0
    while _mended(end, random.uniform(0.5, 2)):
        node = random.choice(site.nodes)
        node.kill()
        count += 1
        time.sleep(random.uniform(0, 1.5))
        node.start()
        node.ready()
    return count


def _pause(choose, random, seconds, timeout):
    end, count = time.monotonic() + seconds, 0
    while _mended(end, random.uniform(0.5, 2)):
        node = choose()
        if node is None:
            continue
        node.pause()
        count += 1
        time.sleep(random.uniform(0.2, 4) + timeout)
        node.resume()
    return count


def pause(site, bucket, random, seconds, timeout):
    """SIGSTOP for longer than the timeout (and longer than a watch's heartbeat)."""
    return _pause(lambda: random.choice(site.nodes), random, seconds, timeout)


def pause_follower(site, bucket, random, seconds, timeout):
    """SIGSTOP of a node that does not lead the bucket's stream: a leader that wakes up deposed may still answer, as in a partition."""
    def follower():
        leader = site.leader(bucket)
        return leader and random.choice([node for node in site.nodes if node is not leader])
    return _pause(follower, random, seconds, timeout)


def partition(site, bucket, random, seconds, timeout):
    """The line goes silent, is cut, refuses, or all of it, for clients only."""
    end, count = time.monotonic() + seconds, 0
    while _mended(end, random.uniform(0.5, 2)):
        for proxy in site.proxies:
            proxy.paused, proxy.refusing = random.choice([(True, False), (False, True), (True, True)])
            if proxy.refusing or random.random() < 0.3:
                proxy.cut()
        count += 1
        time.sleep(random.uniform(0.1, 3) * timeout)
        for proxy in site.proxies:
            if random.random() < 0.5:
                proxy.cut()
            proxy.heal()
    return count


def slow(site, bucket, random, seconds, timeout):
    """Each chunk late, connections cut after any number of bytes."""
    end, count = time.monotonic() + seconds, 0
    while _mended(end, random.uniform(0.1, 1)):
        for proxy in site.proxies:
            proxy.delay = random.choice([0, 0.005, 0.02, 0.05])
            proxy.limits = {random.choice(["up", "down"]): random.randrange(1, 8000)}
        count += 1
        time.sleep(random.uniform(0.2, 1))
        for proxy in site.proxies:
            proxy.heal()
    return count


def leader_kill(site, bucket, random, seconds, timeout):
    """SIGKILL of the node that leads the bucket's stream."""
    end, count = time.monotonic() + seconds, 0
    while _mended(end, random.uniform(1, 4)):
        node = site.leader(bucket)
        if node is None:
            continue
        node.kill()
        count += 1
        time.sleep(random.uniform(0.5, 5))
        node.start()
        node.ready()
    return count


def step_down(site, bucket, random, seconds, timeout):
    """The stream's leader hands over."""
    end, count = time.monotonic() + seconds, 0
    while _mended(end, random.uniform(0.5, 2)):
        try:
            with site.client() as client:
                count += bool(client.api("STREAM.LEADER.STEPDOWN.KV_" + bucket, limit=5).get("success"))
        except Gone:
            continue
    return count


FAULTS = {"kill": kill, "pause": pause, "partition": partition, "slow": slow, "leader-kill": leader_kill, "step-down": step_down}
for _name, _fault in FAULTS.items():
    _fault.cluster = _name in ("leader-kill", "step-down")

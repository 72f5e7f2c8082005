"""watch --state is killed at random moments: every event must be handled at least once, in order, and the file never be torn."""
import json
import os
import random
import signal
import subprocess
import tempfile
import threading
import time
from typing import NamedTuple

EVENTS = 200
KEYS = 5  # of 64 revisions each: all are kept
# What COMMAND does when it has handled an event; its run's log is $0.
HANDLE = 'echo "$NATSKV_REVISION $NATSKV_KEY $(cat)" >> "$0"'


class Round(NamedTuple):
    """One start of the watch, until it was killed."""
    before: int | None  # the file's revision; None: there was no file
    handled: list  # (revision, key, value), in order
    after: int | None


def value_of(revision):
    return f"value {revision}"


def key_of(revision):
    return f"k{revision % KEYS}"


def read_state(text):
    """The file's revision. Raises ValueError where it is torn."""
    state = json.loads(text)
    if sorted(state) != ["bucket", "created", "patterns", "revision"] or not text.endswith("}\n"):
        raise ValueError(f"not a state: {text!r}")
    return state["revision"]


def read_log(text):
    """A COMMAND's lines. Only a whole one counts."""
    return [(int(words[0]), words[1], words[2]) for line in text.splitlines(keepends=True) if line.endswith("\n")
            for words in [line.rstrip("\n").split(" ", 2)]]


def read_tsv(text):
    """The same of watch -o tsv."""
    return [(int(cells[1]), cells[0], cells[5]) for line in text.splitlines(keepends=True) if line.endswith("\n")
            for cells in [line.rstrip("\n").split("\t")]]


def wrong(rounds, events, command):
    """(kind, text) of all that is not as promised; `command`: one event at a time is under way."""
    from checks import DUPLICATED, LOST, ORDER
    found, position = [], 0
    for number, one in enumerate(rounds):
        if (one.before or 0) != position:
            found.append((ORDER, f"round {number} began with a file of {one.before}, not of {position}"))
        wanted = [(revision, key_of(revision), value_of(revision)) for revision in range(position + 1, position + 1 + len(one.handled))]
        if one.handled != wanted:
            found.append((ORDER, f"round {number} handled {[entry[0] for entry in one.handled][:20]} after {position}"))
        last = one.handled[-1][0] if one.handled else position
        after = one.after or 0
        if after > last:
            found.append((LOST, f"round {number} handled up to {last}, and its file says {after}"))
        if command and after < last - 1:
            found.append((DUPLICATED, f"round {number} handled up to {last}, and its file says {after}: more than one comes again"))
        position = after
    if position != events:
        found.append((LOST, f"the end is {position} of {events}"))
    return found


class Writer(threading.Thread):
    """Puts the events, the last ones while the watch runs and is killed."""

    def __init__(self, site, bucket, rng):
        super().__init__(daemon=True)
        self.site, self.bucket, self.rng = site, bucket, rng
        self.ready = threading.Event()

    def run(self):
        with self.site.client(20) as client:
            for revision in range(1, EVENTS + 1):
                client.put(self.bucket, key_of(revision), value_of(revision).encode(), limit=20)
                if revision > EVENTS // 3:
                    self.ready.set()
                    time.sleep(self.rng.uniform(0, 0.02))


class Killed:
    """One bucket, watched until all of its events are handled."""

    def __init__(self, context, site, bucket, rng, command):
        self.context, self.site, self.bucket, self.rng, self.command = context, site, bucket, rng, command
        self.folder = tempfile.mkdtemp(prefix=bucket, dir=context.folder)
        self.file = self.folder + "/state"
        self.rounds, self.statuses, self.torn, self.cuts = [], [], [], 0
        self.patience = 0.3  # seconds: so that some rounds are killed before the first event, some after a dozen

    def state(self):
        try:
            with open(self.file, encoding="utf-8") as file:
                return read_state(file.read())
        except FileNotFoundError:
            return None
        except ValueError as error:
            self.torn.append(str(error))
            return None

    def wait(self, process, limit):
        """Its status; it is killed at the limit (None: it comes to its end). Sometimes the line is reset before."""
        try:
            if limit is not None and self.rng.random() < 0.3:
                part = self.rng.random() * limit
                limit -= part
                try:
                    return process.wait(part)
                except subprocess.TimeoutExpired:
                    self.cuts += 1
                    for proxy in self.site.proxies:
                        proxy.cut()
            return process.wait(limit)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def round(self, limit):
        """Starts it and kills it after a random time; or lets it come to its end."""
        log = f"{self.folder}/log.{len(self.rounds)}"
        words = ["watch", self.bucket, "--history", "--state", self.file, "--grace", "1s"] if self.command else [
            "watch", self.bucket, "--history", "--state", self.file, "-o", "tsv"]
        if limit is None:
            words.append("--initial")
        if self.command:
            words += ["--", "sh", "-c", HANDLE, log]
        before = self.state()
        with open(log, "ab") as out, open(log + ".err", "wb") as err:
            process = subprocess.Popen([self.context.natskv, *words], env=self.context.environment(), stdin=subprocess.DEVNULL,
                                       stdout=out, stderr=err, start_new_session=True)
        status = self.wait(process, limit)
        # COMMAND ends after natskv, by its keeper, which holds the lock until then.
        subprocess.run(["flock", self.file + ".lock", "true"], check=True, timeout=60)
        self.statuses.append((status, log))
        with open(log, encoding="utf-8") as file:
            handled = (read_log if self.command else read_tsv)(file.read())
        self.rounds.append(Round(before, handled, self.state()))
        many = len(handled)
        self.patience = min(self.patience * 1.3, 5) if many == 0 else self.patience * 0.8 if many > 12 else self.patience

    def to_the_end(self, deadline):
        while time.monotonic() < deadline and (self.rounds[-1].after or 0 if self.rounds else 0) < EVENTS:
            self.round(self.rng.uniform(0, self.patience))
        self.round(None)

    def findings(self):
        from checks import CRASHED, LOST, Finding
        found = [Finding(kind, f"{self.bucket}: {text}") for kind, text in wrong(self.rounds, EVENTS, self.command)]
        found += [Finding(LOST, f"{self.bucket}: the file is torn: {text}") for text in self.torn]
        found += [Finding(CRASHED, f"{log}: status {status}") for status, log in self.statuses if status not in (0, 5, -signal.SIGKILL)]
        left = sorted(set(name for name in os.listdir(self.folder) if not name.startswith("log")) - {"state", "state.lock", "state.new"})
        return found + [Finding(LOST, f"{self.bucket}: left {left}")] * bool(left)


def experiment(given, context_of, seconds):
    from servers import Site
    rng = random.Random(f"{given.seed}/state")
    folder = tempfile.mkdtemp(prefix="natskv-faults-")
    site = Site(given.server, folder, 3 if given.cluster else 1)
    findings, kills, cuts, handled, repeated = [], 0, 0, 0, 0
    try:
        context = context_of(given, folder + "/c", site.url())
        end, number = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            number += 1
            bucket = f"b{number}"
            with site.client(20) as client:
                client.add_bucket(bucket, 64, site.replicas)
            site.settle(bucket)
            writer = Writer(site, bucket, random.Random(f"{given.seed}/state/{number}"))
            writer.start()
            writer.ready.wait(60)
            # Every fourth without a COMMAND.
            one = Killed(context, site, bucket, rng, number % 4 != 0)
            one.to_the_end(end + 60)
            writer.join(60)
            one.round(None)
            findings += one.findings()
            cuts += one.cuts
            kills += sum(status == -signal.SIGKILL for status, _ in one.statuses)
            events = sum(len(part.handled) for part in one.rounds)
            handled += events
            repeated += events - EVENTS
            with site.client(20) as client:
                client.api("STREAM.DELETE.KV_" + bucket, limit=10)
        notes = [f"{number} buckets of {EVENTS} events, killed {kills} times, the line reset {cuts} times; {handled} handled, {repeated} of them again"]
        return ("state", kills + cuts, handled, notes), sorted(set(findings))
    finally:
        site.close(given.keep)

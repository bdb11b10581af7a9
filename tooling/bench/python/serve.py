"""A subject in Python: prepare, say so, and work whenever asked, one JSON line in and one out (tooling/bench/src/subject.ts)."""

import json
import resource
import sys
import time


def say(value):
    sys.stdout.write("@bench " + json.dumps(value) + "\n")
    sys.stdout.flush()


def next_request():
    """The next request, or None at the end, after saying how much memory was held at most."""
    line = sys.stdin.readline()
    request = json.loads(line) if line else {"end": True}
    if "run" in request:
        return request["run"]
    say({"peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024})
    return None


def serve(ready, work):
    say(ready)
    while (request := next_request()) is not None:
        say(work(request))


def seconds_of(work, seconds):
    """Repeats until so many seconds have passed, at least once; seconds of one repetition."""
    start, count = time.perf_counter(), 0
    while True:
        work()
        count += 1
        spent = time.perf_counter() - start
        if spent >= seconds:
            return spent / count


def options():
    return json.loads(sys.argv[1])

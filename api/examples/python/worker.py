"""A worker for Ziggie, whatever its work is: `run(["A_TYPE"], work)`, where `work(ziggie, task)` gives the task's output.

ZIGGIE_URL, ZIGGIE_AGENT and ZIGGIE_SECRET say where the server is and who we are; one process an agent. It goes on when the server is
restarted and when a lease is lost. SIGTERM and SIGINT end it: what it is at work on fails and is tried again by whoever claims it.
"""

import asyncio
import itertools
import os
import random
import signal
import sys
from contextlib import suppress

from gql import Client, GraphQLRequest
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportError, TransportQueryError

URL = os.environ.get("ZIGGIE_URL", "http://127.0.0.1:7400").rstrip("/")
AGENT, SECRET = os.environ.get("ZIGGIE_AGENT"), os.environ.get("ZIGGIE_SECRET")
WAIT = 5  # seconds that a claim waits; what is handed to us by name meanwhile is seen after that

TASK = "id attempt progress input type { leaseSeconds }"
AUTHENTICATE = "mutation($agent: ID!, $secret: String!) { authenticate(agentId: $agent, secret: $secret) { token } }"
MINE = """query($types: [String!]) { me {
  tasks(first: 1, filter: {status: [ASSIGNED, IN_PROGRESS], type: $types}) { nodes { status %s } } } }""" % TASK
START = "mutation($id: ID!) { startTask(taskId: $id) { %s } }" % TASK
CLAIM = "mutation($types: [String!], $wait: Int) { claimTask(types: $types, waitSeconds: $wait) { %s } }" % TASK
BEAT = """mutation($id: ID!, $attempt: Int, $progress: Int) {
  heartbeatTask(taskId: $id, attempt: $attempt, progress: $progress) { id } }"""
COMPLETE = """mutation($id: ID!, $attempt: Int, $output: JSON) {
  completeTask(taskId: $id, attempt: $attempt, output: $output) { status } }"""
FAIL = """mutation($id: ID!, $attempt: Int, $error: String!) {
  failTask(taskId: $id, attempt: $attempt, error: $error) { status } }"""


class Refused(Exception):
    """The server refused a call. `why` has the code and what else a program needs to react."""

    def __init__(self, error):
        super().__init__(error["message"])
        self.why = error.get("extensions", {})


class Ziggie:
    """The API as our agent sees it."""

    def __init__(self, session):
        self.session, self.token = session, None

    async def ask(self, document, **variables):
        """Sends a call until it is answered. An answer may be sent again: the same one for the same attempt gets the same reply."""
        logged_in = document == AUTHENTICATE
        for trial in itertools.count():
            try:
                headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
                request = GraphQLRequest(document, variable_values=variables)
                return await self.session.execute(request, extra_args={"headers": headers})
            except TransportQueryError as query:
                refusal = Refused(query.errors[0])
                if refusal.why.get("code") == "UNAUTHENTICATED" and not logged_in:
                    self.token, logged_in = None, True
                    self.token = (await self.ask(AUTHENTICATE, agent=AGENT, secret=SECRET))["authenticate"]["token"]
                    say(f"logged in as {AGENT}")
                    continue
                if not refusal.why.get("retryable"):
                    raise refusal from None
                trouble = str(refusal)
            except TransportError as unreachable:
                trouble = f"no answer: {unreachable or 'its time is over'}"
            pause = random.uniform(0, min(5, 0.2 * 2 ** min(trial, 10)))
            say(f"{trouble}; again in {pause:.1f} s")
            await asyncio.sleep(pause)


async def next_task(ziggie, types):
    """What we hold already (we died, or a claim's answer was lost), else what was handed to us by name, else what anybody may claim."""
    for task in (await ziggie.ask(MINE, types=types))["me"]["tasks"]["nodes"]:
        if task["status"] == "IN_PROGRESS":
            return task
        with suppress(Refused):  # it may have been handed to another since, or may not begin yet
            return (await ziggie.ask(START, id=task["id"]))["startTask"]
    return (await ziggie.ask(CLAIM, types=types, wait=WAIT))["claimTask"]


async def keep_alive(ziggie, task):
    """Says at every third of the lease that we are at work, and how far. Ends only by hearing that the task is not ours any more."""
    while True:
        await asyncio.sleep((task["type"]["leaseSeconds"] or 60) / 3)
        await ziggie.ask(BEAT, id=task["id"], attempt=task["attempt"], progress=task["progress"])


async def do(ziggie, task, work):
    """Does a task and answers for it. Refused where it is not ours any more: what was done for it is dropped."""
    mine = {"id": task["id"], "attempt": task["attempt"]}
    say(f"at work on attempt {task['attempt']} of {task['id']}")
    working, beating = asyncio.ensure_future(work(ziggie, task)), asyncio.ensure_future(keep_alive(ziggie, task))
    try:
        await asyncio.wait([working, beating], return_when=asyncio.FIRST_COMPLETED)
        output = await (working if working.done() else beating)
        answer = await ziggie.ask(COMPLETE, **mine, output=output)
        say(f"{task['id']} is {answer['completeTask']['status']}")
    except asyncio.CancelledError:
        with suppress(Refused, asyncio.TimeoutError):
            await asyncio.wait_for(ziggie.ask(FAIL, **mine, error="its worker was stopped"), 5)
            say(f"gave {task['id']} back")
        raise
    except Exception as why:
        if isinstance(why, Refused) and why.why.get("code") in ("CONFLICT", "INVALID_TRANSITION", "NOT_FOUND"):
            raise
        say(f"{task['id']} fails: {why!r}")
        await ziggie.ask(FAIL, **mine, error=repr(why)[:500])
    finally:
        working.cancel()
        beating.cancel()


async def serve(types, work):
    """Works until it is told to stop."""
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asyncio.current_task().cancel)
    transport = AIOHTTPTransport(f"{URL}/graphql", timeout=WAIT + 5)
    async with Client(transport=transport, execute_timeout=None) as session:
        ziggie = Ziggie(session)
        with suppress(asyncio.CancelledError):
            while True:
                say("waiting for work")
                if task := await next_task(ziggie, types):
                    try:
                        await do(ziggie, task, work)
                    except Refused as refusal:
                        lost = "its lease was lost" if refusal.why.get("leaseLost") else "it is not ours any more"
                        say(f"dropped {task['id']}, {lost}: {refusal}")
    say("stopped")


def run(types, work):
    """The whole of a worker."""
    if not (AGENT and SECRET):
        sys.exit("ZIGGIE_AGENT and ZIGGIE_SECRET say who we are: set them")
    try:
        asyncio.run(serve(types, work))
    except Refused as refusal:
        sys.exit(f"refused: {refusal}")


def say(words):
    """Tells whoever watches."""
    print(words, flush=True)

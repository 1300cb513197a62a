"""gql: HTTP for what is asked once, a WebSocket for subscriptions.

ZIGGIE_URL and ZIGGIE_TOKEN say where and who; what it did goes to stdout, a JSON object a line. With ZIGGIE_AFTER it only subscribes.
"""

import asyncio
import json
import os

from gql import Client, gql
from gql.transport.aiohttp import AIOHTTPTransport
from gql.transport.exceptions import TransportError, TransportQueryError
from gql.transport.websockets import WebsocketsTransport
from websockets.exceptions import ConnectionClosed

URL, HEADERS = os.environ["ZIGGIE_URL"], {"X-Agent-Token": os.environ["ZIGGIE_TOKEN"]}
EVENTS = "subscription($after: Cursor) { taskUpdates(after: $after) { cursor action task { id } } }"
FOR_GOOD = {4401, 4403}  # the token is not good, or not any more


def say(did, **more):
    print(json.dumps({"did": did, **more}), flush=True)


def refused(what, error):
    say("refuse", what=what, error=type(error).__name__, extensions=error.errors[0]["extensions"])


def request(document, **variables):
    operation = gql(document)
    operation.variable_values = variables
    return operation


def socket():
    url = URL.replace("http", "ws") + "/graphql"
    # Named, since gql reads what the server chose by a spelling of the header that HTTP does not promise.
    protocols = [WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL]
    return Client(transport=WebsocketsTransport(url=url, subprotocols=protocols, init_payload=HEADERS))


async def ask_once():
    async with Client(transport=AIOHTTPTransport(url=f"{URL}/graphql", headers=HEADERS)) as session:
        me = (await session.execute(request("query { me { id tier } }")))["me"]
        say("query", agent=me["id"], tier=me["tier"])
        make = request(
            "mutation($input: CreateTaskInput!) { createTask(input: $input) { id status } }",
            input={"type": "CLIENT", "input": {"by": "gql"}},
        )
        task = (await session.execute(make))["createTask"]
        say("mutate", task=task["id"], status=task["status"])
        missing = request("query($id: ID!) { task(id: $id) { id } }", id="task_00000000000000000000000000")
        for what, wrong in [("query", missing), ("document", request("query { me { nonsense } }"))]:
            try:
                await session.execute(wrong)
            except TransportQueryError as error:
                refused(what, error)


async def follow(after):
    """Gives each event once, over as many connections as it takes; ends when the server will not have us any more."""
    while True:
        try:
            async with socket() as session:
                say("connect")
                async for result in session.subscribe(request(EVENTS, after=after)):
                    after = result["taskUpdates"]["cursor"]
                    yield result["taskUpdates"]
        except TransportQueryError:
            raise  # an answer
        except (TransportError, ConnectionClosed, OSError) as broken:
            closed = broken if isinstance(broken, ConnectionClosed) else broken.__cause__
            frame = getattr(closed, "rcvd", None)
            if frame and frame.code in FOR_GOOD:
                say("end", code=frame.code, reason=frame.reason)
                return
        await asyncio.sleep(0.2)


async def main():
    after = os.environ.get("ZIGGIE_AFTER")
    if not after:
        await ask_once()
        try:
            async for _ in follow("nowhere"):
                pass
        except TransportQueryError as error:
            refused("subscription", error)
    async for event in follow(after):
        say("event", cursor=event["cursor"], action=event["action"], task=event["task"]["id"])


asyncio.run(main())

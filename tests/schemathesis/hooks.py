"""What schemathesis has to be told about this service: how lines of JSON are written, and things that exist.

Random identifiers find nothing, so in every other case a path gets one that is there, and a body becomes one that means something,
with one member changed now and then. Which things there are stands in the file that KNOWN_THINGS names.
"""

import json
import os
import random
from copy import deepcopy

import schemathesis

with open(os.environ["KNOWN_THINGS"], encoding="utf-8") as file:
    KNOWN = json.load(file)
CHOICE = random.Random(20261124)
ODD = [None, "", 0, -1, 2**63, [], {}, "查询", "\u202e", "x" * 5000, True]


@schemathesis.serializer("application/x-ndjson", "application/ndjson")
def lines(context, value):
    rows = value if isinstance(value, list) else [value]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def changed(body):
    """The same, with one member odd, gone, or one too many."""
    body = deepcopy(body)
    place = body
    while isinstance(place, dict) and place:
        name = CHOICE.choice(sorted(place))
        if isinstance(place[name], dict) and place[name] and CHOICE.random() < 0.6:
            place = place[name]
            continue
        match CHOICE.randrange(3):
            case 0:
                place[name] = CHOICE.choice(ODD)
            case 1:
                del place[name]
            case _:
                place["surplus"] = 1
        return body
    return body


@schemathesis.hook
def before_call(context, case, kwargs):
    for name, values in KNOWN["path"].items():
        if name in case.path_parameters and CHOICE.random() < 0.5:
            case.path_parameters[name] = CHOICE.choice(values)
    bodies = KNOWN["bodies"].get(f"{case.method.upper()} {case.operation.path}")
    if bodies and CHOICE.random() < 0.6:
        case.media_type = "application/json"
        body = CHOICE.choice(bodies)
        case.body = body if CHOICE.random() < 0.4 else changed(body)

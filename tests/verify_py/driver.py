"""Puts many credentials through a reader's rules in one process: a JSON object a line in, its checks a line out.

    driver.py READER

The reader is docs/verify.py or tests/second_reader/licence.py, each with `load_trust` and `judge`.

A line holds "trust" (hexadecimal), "root" (hexadecimal), "at" (seconds), and either "text" or "bytes" (hexadecimal). Where
the trust list is not believed, the answer is null.
"""
import functools, importlib.util, json, sys

sys.path.insert(0, sys.argv[1].rpartition("/")[0])
spec = importlib.util.spec_from_file_location("reader", sys.argv[1])
reader = importlib.util.module_from_spec(spec)
spec.loader.exec_module(reader)


@functools.cache
def load_trust(trust, root):
    try:
        return reader.load_trust(bytes.fromhex(trust), root)
    except Exception:
        return None


for line in sys.stdin:
    case = json.loads(line)
    credential = case["text"] if "text" in case else bytes.fromhex(case["bytes"])
    trust = load_trust(case["trust"], case["root"])
    print(json.dumps(trust and reader.judge(credential, trust, case["at"])))

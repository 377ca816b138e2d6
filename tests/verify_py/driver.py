"""Puts many credentials through docs/verify.py's rules in one process: a JSON object a line in, its checks a line out.

    driver.py VERIFY_PY

A line holds "trust" (hexadecimal), "root" (hexadecimal), "at" (seconds), and either "text" or "bytes" (hexadecimal). Where
the trust list is not believed, the answer is null.
"""
import functools, importlib.util, json, sys

sys.path.insert(0, sys.argv[1].rpartition("/")[0])
spec = importlib.util.spec_from_file_location("verify", sys.argv[1])
verify = importlib.util.module_from_spec(spec)
spec.loader.exec_module(verify)


@functools.cache
def load_trust(trust, root):
    try:
        return verify.load_trust(bytes.fromhex(trust), root)
    except Exception:
        return None


for line in sys.stdin:
    case = json.loads(line)
    credential = case["text"] if "text" in case else bytes.fromhex(case["bytes"])
    trust = load_trust(case["trust"], case["root"])
    print(json.dumps(trust and verify.judge(credential, trust, case["at"])))

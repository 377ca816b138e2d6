"""Verifies a licence by the rules of FORMAT.md alone; needs Python 3.11, cbor2 and cryptography.

    python3 verify.py --trust TRUST_LIST_FILE --root SHA256_OF_ROOT_IN_HEX [--at UNIX_SECONDS] FILE | EL1:TEXT | -

It has no records, so status and ledger stay unknown. Exit 2: nothing it can check is wrong. Exit 1: something is.
Left out are base64, and what only someone certified could break. §1: Ed25519 points of small order. §4, §5: what a
certificate says beside key, issuer, authority, purpose, scope and dates; the rest of the trust list. §9: which
characters and check digits a text has, except identifiers; what holders and fields may be; how high a list number."""
import argparse, contextlib, datetime, json, re, sys, time, zlib
import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ARC, CA, PURPOSE, OWN, ABOVE = "2.25.5239074167859244784", *(f"2.5.29.{n}" for n in (19, 37, 14, 35))
FOR_LISTS, FOR_LICENCES = (x509.ExtendedKeyUsage([x509.ObjectIdentifier(f"{ARC}.3.{n}")]) for n in (4, 1))
HEADER = {1: range(-8, -6), 4: b".{8}", 16: "application/(elicense-[a-z-]+|statuslist)[+]cwt"}
TIME, NAME, DAY = range(-62135625600, 253402185600), ".{1,200}", "(?!9999-12-31)[0-9]{4}-[0-9]{2}-[0-9]{2}"
IDENTIFIER = r"1\.2\.156\.3005\.2\.[0-9A-Z]{18}[0-9]{3}\.[0-9A-Z]{18}\.[0-9A-Z]{1,64}\.(?!000)[0-9]{3}\.[0-9A-Z]"
CLAIMS = {1: str, 5: int, 6: TIME, 65535: {"status_list": {"idx": range(2**32), "uri": str}}, None: {4: int}, -70001: {
    1: IDENTIFIER, 2: NAME, 3: ".{1,64}", 4: NAME, 5: DAY, 6: DAY, 8: [[NAME, [3]], range(1, 51)], 9: dict,
    12: "full|qr", None: {7: DAY, 10: IDENTIFIER, 11: "[0-9]{6}", 13: b".{32}"}}}
CHECKS = dict.fromkeys(("format", "issuer", "scope", "signature", "dates"), "not_checked")

def need(good):
    if not good:
        raise ValueError("against a rule of FORMAT.md")

def fits(v, rule):
    """The rule is a type, a range, a pattern, an array as [what, how many], or a map with what is optional at None."""
    match rule:
        case type(): return type(v) is rule
        case range(): return type(v) is int and v in rule
        case str() | bytes(): return type(v) is type(rule) and re.fullmatch(rule, v, re.DOTALL)
        case [one, count]: return type(v) is list and len(v) in count and all(fits(each, one) for each in v)
    rules = rule | rule.get(None, {})
    return rule.keys() - {None} <= v.keys() and all(type(key) in (int, str) and fits(v[key], rules[key]) for key in v)

def decode(data, rule):
    value = cbor2.loads(data, max_depth=16)
    need(cbor2.dumps(value, canonical=True) == data and fits(value, rule))
    return value

class Envelope:
    def __init__(self, data, most=65536):
        need(len(data) <= most and data[:1] == b"\xd2")  # tag 18
        protected, unprotected, self.payload, self.signature = decode(data[1:], list)
        need(fits(unprotected, {None: {33: [b".{1,8192}", range(2, 5)]}}) and fits(self.signature, b".{64}"))
        self.alg, self.kid, self.typ, self.chain = *decode(protected, HEADER).values(), unprotected.get(33)
        self.signed = cbor2.dumps(["Signature1", protected, b"", self.payload])

    def verify(self, key):
        if self.alg == -8:
            return key.verify(self.signature, self.signed)  # which itself refuses S >= L and an R in other bytes
        r, s = int.from_bytes(self.signature[:32], "big"), int.from_bytes(self.signature[32:], "big")
        need(s <= P256_ORDER // 2 and key.curve.name == "secp256r1")
        return key.verify(utils.encode_dss_signature(r, s), self.signed, ec.ECDSA(hashes.SHA256()))

def from_text(text):
    need(text.startswith("EL1:") and len(text) <= 4296 and len(text[4:]) % 3 != 1)
    groups = ([BASE45.index(c) for c in text[at:at + 3]] for at in range(4, len(text), 3))
    packed = b"".join(sum(n * 45**i for i, n in enumerate(few)).to_bytes(len(few) - 1, "big") for few in groups)
    data = (inflater := zlib.decompressobj()).decompress(packed, 16385)
    need(inflater.eof and not inflater.unused_data and len(data) <= 16384 and not Envelope(data).chain)
    return data

def ext(cert, oid):
    return cert.extensions.get_extension_for_oid(x509.ObjectIdentifier(oid)).value

def path_of(cert, certs):
    if cert == certs[0]:
        return [cert]
    above = next(c for c in certs if ext(c, CA).ca and ext(c, OWN).digest == ext(cert, ABOVE).key_identifier)
    cert.verify_directly_issued_by(above)
    return [cert, *path_of(above, certs)]

def valid(path, at):
    return all(c.not_valid_before_utc.timestamp() <= at <= c.not_valid_after_utc.timestamp() for c in path)

def load_trust(data, root):
    """The signers' paths by key id, the list's entries by certificate, and what status uris match by authority."""
    claims = decode((e := Envelope(data, 4 << 20)).payload, {6: TIME, -70002: dict})
    entries = {x509.load_der_x509_certificate(entry[1]): entry for entry in claims[-70002][3]}
    certs, digest = list(entries), hashes.SHA256()
    need(certs[0].fingerprint(digest).hex() == root.lower())
    paths = {c.fingerprint(digest)[:8]: path_of(c, certs) for c in certs if not ext(c, CA).ca}
    path, entry = paths[e.kid], entries[paths[e.kid][0]]
    need(e.typ == "application/elicense-trust-list+cwt" and ext(path[0], PURPOSE) == FOR_LISTS)
    need(valid(path, claims[6]) and 3 not in entry and entry.get(2, claims[6] + 1) > claims[6])
    e.verify(path[0].public_key())
    return paths, entries, {one[1]: re.escape(one[3]) + "(0|[1-9][0-9]{0,9})" for one in claims[-70002][4]}

def parts(identifier):
    product, (*parts, check) = 36, identifier.split(".")[5:]
    for character in "".join(parts):
        product = 2 * ((product + int(character, 36)) % 36 or 36) % 37
    need(int(check, 36) == (37 - product) % 36)  # ISO/IEC 7064, MOD 37,36
    return parts

def judge(credential, trust, at):
    """The code of each check. `credential` is text or the bytes of an envelope, `trust` what load_trust gave."""
    paths, entries, uris = trust
    try:
        e = Envelope(from_text(credential) if isinstance(credential, str) else credential)
        if e.typ != "application/elicense-licence+cwt":
            return CHECKS | {"format": "wrong_type"}
        claims = decode(e.payload, CLAIMS)
        licence, iat, nbf, exp = claims[-70001], claims[6], claims[5], claims.get(4)
        own, old = parts(licence[1]), parts(licence[10]) if 10 in licence else None
        day = {n: datetime.datetime.fromisoformat(v + "T00+08").timestamp() for n, v in licence.items() if 5 <= n <= 7}
        need((licence[12] == "qr") == (13 in licence))
    except Exception:  # whatever a hostile input trips is a refusal
        return CHECKS | {"format": "undecodable"}
    path = paths.get(e.kid)
    if not path or ext(path[0], PURPOSE) != FOR_LICENCES:
        return CHECKS | {"issuer": "issuer_wrong_use" if path else "issuer_unknown"}
    code, types = (ext(path[0], f"{ARC}.{n}").value[2:] for n in (1, 2))
    uri, revoked = claims[65535]["status_list"]["uri"], [entries[c][3] for c in path if 3 in entries[c]]
    rules = {"format": {"inconsistent": nbf != day[6] or exp != (day[7] + 86400 if 7 in day else None)
                        or exp and exp <= nbf or claims[1] != own[1] or old and (
                            old[:3] != own[:3] or old >= own if old[1] == own[1] else [old[0], "001"] != own[::3])},
             "issuer": {"issuer_expired": not valid(path, iat), "issuer_mismatch": code != claims[1].encode(),
                        "chain_mismatch": e.chain and e.chain != [entries[c][1] for c in path],
                        "issuer_revoked": any(r[1] == "superseded" and iat >= r[2] for r in revoked),
                        "issuer_perhaps_revoked": any(r[1] == "compromised" for r in revoked)},
             "scope": {"issuer_not_authorised": own[0].encode() not in re.findall(b"\x0c\x15(.{21})", types),
                       "status_list_foreign": own[1] not in uris or not re.fullmatch(uris[own[1]], uri)},
             "dates": {"signed_in_future": iat > at + 60, "not_yet_valid": at < nbf, "expired": exp and at >= exp},
             "signature": {"forged": True}}
    with contextlib.suppress(Exception):  # a key of the other kind raises what it likes
        rules["signature"]["forged"] = e.verify(path[0].public_key())
    return CHECKS | {check: next((code for code in codes if codes[code]), "ok") for check, codes in rules.items()}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trust", required=True)
    parser.add_argument("--root", required=True)
    parser.add_argument("--at", type=int, default=int(time.time()))
    parser.add_argument("credential")
    args = parser.parse_args()
    if args.credential == "-":
        args.credential = sys.stdin.buffer.read().decode(errors="replace").removesuffix("\n").removesuffix("\r")
    elif not args.credential.startswith("EL1:"):
        args.credential = open(args.credential, "rb").read()
    checks = judge(args.credential, load_trust(open(args.trust, "rb").read(), args.root), args.at)
    status = "invalid" if set(checks.values()) - {"ok", "not_checked", "issuer_perhaps_revoked"} else "indeterminate"
    print(json.dumps({"status": status, "checks": checks | {"status": "status_unknown", "ledger": "ledger_unknown"}}))
    sys.exit(2 if status == "indeterminate" else 1)

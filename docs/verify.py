#!/usr/bin/env python3
"""Verifies a licence by the rules of FORMAT.md alone: a second reader, sharing no code with the first.

    verify.py --trust TRUST_LIST_FILE --root SHA256_OF_ROOT_IN_HEX [--at UNIX_SECONDS] FILE | EL1:TEXT | -

It has no records, so status and ledger stay unknown. Exit 2: all it can check is good. Exit 1: it is not.
"""
import argparse, base64, datetime, hashlib, json, sys, time, unicodedata, zlib
from collections.abc import Mapping

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

ARC = "2.25.5239074167859244784"
BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
ORDER_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ORDER_25519, FIELD_25519 = 2**252 + 27742317777372353535851937790883648493, 2**255 - 19
ORDER_8 = 0x5FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
SMALL = {0, 1, FIELD_25519 - 1, ORDER_8, FIELD_25519 - ORDER_8}  # y of the points of small order
CHECKS = ("format", "issuer", "scope", "signature", "dates")


class Refused(Exception):
    """check, code"""


def need(good, check="format", code="undecodable"):
    if not good:
        raise Refused(check, code)


def head(major, n):
    need(0 <= n < 2**64)
    for size, info in ((0, None), (1, 24), (2, 25), (4, 26), (8, 27)):
        if size == 0 and n < 24:
            return bytes([major << 5 | n])
        if size and n < 256**size:
            return bytes([major << 5 | info]) + n.to_bytes(size, "big")


def encode(v):
    """Deterministic CBOR of what the format may hold; anything else is refused."""
    if type(v) is int:
        return head(0, v) if v >= 0 else head(1, -1 - v)
    if isinstance(v, bytes):
        return head(2, len(v)) + v
    if isinstance(v, str):
        need(unicodedata.is_normalized("NFC", v))
        return head(3, len(v.encode())) + v.encode()
    if isinstance(v, (list, tuple)):
        return head(4, len(v)) + b"".join(map(encode, v))
    if isinstance(v, Mapping):
        return head(5, len(v)) + b"".join(k + x for k, x in sorted((encode(k), encode(x)) for k, x in v.items()))
    need(isinstance(v, cbor2.CBORTag) and v.tag == 18)
    return head(6, 18) + encode(v.value)


def decode(data):
    value = cbor2.loads(data)
    need(encode(value) == data)
    return value


def shape(v, required, optional=()):
    need(isinstance(v, Mapping) and set(required) <= set(v) <= {*required, *optional})
    return v


def base45(text):
    need(len(text) % 3 != 1 and all(c in BASE45 for c in text))
    out = bytearray()
    for i in range(0, len(text), 3):
        part = text[i:i + 3]
        out += sum(BASE45.index(c) * 45**j for j, c in enumerate(part)).to_bytes(len(part) - 1, "big")
    return bytes(out)


def from_text(text):
    if not text.startswith("EL1:"):
        return base64.b64decode(text, validate=True)
    need(len(text) <= 4296)
    inflater = zlib.decompressobj()
    data = inflater.decompress(base45(text[4:]), 16385)
    need(inflater.eof and not inflater.unused_data and len(data) <= 16384)
    need(envelope(data)["chain"] == [])
    return data


def envelope(data, most=65536):
    need(len(data) <= most)
    tag = decode(data)
    need(isinstance(tag, cbor2.CBORTag) and len(tag.value) == 4)
    protected, unprotected, payload, signature = tag.value
    header = shape(decode(protected), (1, 4, 16))
    shape(unprotected, (), (33,))
    chain = list(unprotected.get(33, ()))
    need(header[1] in (-7, -8) and len(header[4]) == 8 and len(signature) == 64 and payload)
    need(33 not in unprotected or 2 <= len(chain) <= 4)
    signed = encode(["Signature1", protected, b"", payload])
    return {"alg": header[1], "kid": header[4], "typ": header[16], "chain": chain, "payload": payload,
            "signed": signed, "signature": signature}


def check_signature(e, key):
    s = e["signature"]
    if e["alg"] == -7:
        r, s = int.from_bytes(s[:32], "big"), int.from_bytes(s[32:], "big")
        need(isinstance(key, ec.EllipticCurvePublicKey) and 0 < s <= (ORDER_P256 - 1) // 2)
        key.verify(utils.encode_dss_signature(r, s), e["signed"], ec.ECDSA(hashes.SHA256()))
        return
    need(isinstance(key, ed25519.Ed25519PublicKey) and int.from_bytes(s[32:], "little") < ORDER_25519)
    for point in (s[:32], key.public_bytes_raw()):
        y = int.from_bytes(point, "little") & 2**255 - 1
        need(y < FIELD_25519 and y not in SMALL)
    key.verify(s, e["signed"])


def extension(cert, oid):
    return cert.extensions.get_extension_for_oid(x509.ObjectIdentifier(oid))


def texts(der, pos=0):
    out = []
    while pos < len(der):
        need(der[pos] == 0x0C and der[pos + 1] in (18, 21))
        out.append(der[pos + 2:pos + 2 + der[pos + 1]].decode())
        pos += 2 + der[pos + 1]
    return out


def scope(cert):
    code = texts(extension(cert, ARC + ".1").value.value)
    der = extension(cert, ARC + ".2").value.value
    need(der[0] == 0x30)
    size = der[1] & 0x7F if der[1] & 0x80 else 0
    need((int.from_bytes(der[2:2 + size], "big") if size else der[1]) == len(der) - 2 - size)
    types = texts(der, 2 + size)
    need(len(code) == 1 and 1 <= len(types) <= 200 and types == sorted(set(types)))
    return code[0], types


def path(cert, certs, root, usage):
    """The signer, and every authority above it up to the root, each as the table of section 4 has it."""
    chain = [cert]
    while chain[-1] != root:
        need(len(chain) < 3)
        aki = extension(chain[-1], "2.5.29.35").value.key_identifier
        chain.append(next(c for c in certs if extension(c, "2.5.29.14").value.digest == aki
                          and c.subject == chain[-1].issuer and c != chain[-1]))
    need(len(chain) == (2 if usage == 4 else 3))
    for depth, one in enumerate(chain):
        one.verify_directly_issued_by(chain[min(depth + 1, len(chain) - 1)])
        basic, use = extension(one, "2.5.29.19"), extension(one, "2.5.29.15")
        set_bits = {n for n in ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
                                "key_agreement", "key_cert_sign", "crl_sign") if getattr(use.value, n)}
        need(basic.critical and use.critical and basic.value.ca == (depth > 0))
        need(set_bits == ({"key_cert_sign", "crl_sign"} if depth else {"digital_signature"}))
        need(depth == 0 or basic.value.path_length == (1 if one == root else 0))
        known = {"2.5.29.19", "2.5.29.15", "2.5.29.37", "2.5.29.14", "2.5.29.35"}
        need(all(e.oid.dotted_string in known or not e.critical for e in one.extensions))
    need([o.dotted_string for o in extension(cert, "2.5.29.37").value] == [f"{ARC}.3.{usage}"])
    return chain


def valid(chain, at):
    return all(c.not_valid_before_utc.timestamp() <= at <= c.not_valid_after_utc.timestamp() for c in chain)


def kid(cert):
    return hashlib.sha256(der_of(cert)).digest()[:8]


def der_of(cert):
    from cryptography.hazmat.primitives.serialization import Encoding
    return cert.public_bytes(Encoding.DER)


def load_trust(data, root_hex):
    e = envelope(data, 4 << 20)
    claims = shape(decode(e["payload"]), (6, -70002))
    body = shape(claims[-70002], range(1, 7))
    entries = [(x509.load_der_x509_certificate(shape(c, (1,), (2, 3))[1]), c) for c in body[3]]
    certs = [c for c, _ in entries]
    root = certs[0]
    need(hashlib.sha256(der_of(root)).hexdigest() == root_hex.lower() and set(entries[0][1]) == {1})
    signer, entry = next((c, x) for c, x in entries if kid(c) == e["kid"])
    need(e["typ"] == "application/elicense-trust-list+cwt" and e["chain"] == [] and 3 not in entry)
    need(valid(path(signer, certs, root, 4), claims[6]))
    check_signature(e, signer.public_key())
    return {"root": root, "certs": certs, "entries": {kid(c): x for c, x in entries},
            "authorities": {a[1]: shape(a, (1, 2, 3, 4))[3] for a in body[4]}}


def start(day):
    need(len(day) == 10)
    return int(datetime.datetime.fromisoformat(day + "T00:00:00+08:00").timestamp())


def judge(data, trust, at, checks):
    e = envelope(data)
    need(e["typ"] == "application/elicense-licence+cwt", "format", "wrong_type")
    claims = shape(decode(e["payload"]), (1, 5, 6, 65535, -70001), (4,))
    licence = shape(claims[-70001], (1, 2, 3, 4, 5, 6, 8, 9, 12), (7, 10, 11, 13))
    status = shape(shape(claims[65535], ("status_list",))["status_list"], ("idx", "uri"))
    need((licence[12], 13 in licence) in (("full", False), ("qr", True)) and 1 <= len(licence[8]) <= 50)
    parts = licence[1].split(".")
    need(parts[:5] == "1.2.156.3005.2".split(".") and len(parts) == 10)
    end = start(licence[7]) + 86400 if 7 in licence else None
    same = claims[5] == start(licence[6]) and claims.get(4) == end and parts[6] == claims[1]
    start(licence[5])
    if 10 in licence:
        before = licence[10].split(".")
        same = same and before != parts
    checks["format"] = "ok" if same else "inconsistent"
    good = claims[6] <= at + 60 and claims[5] <= at and (end is None or at < end)
    late = "expired" if end is not None and at >= end else "not_yet_valid"
    checks["dates"] = "ok" if good else "signed_in_future" if claims[6] > at + 60 else late
    signer = next((c for c in trust["certs"] if kid(c) == e["kid"]), None)
    need(signer is not None, "issuer", "issuer_unknown")
    try:
        check_signature(e, signer.public_key())
        checks["signature"] = "ok"
    except Exception:
        checks["signature"] = "forged"
    try:
        chain = path(signer, trust["certs"], trust["root"], 1)
        code, types = scope(signer)
    except Exception:
        raise Refused("issuer", "issuer_wrong_use") from None
    need(valid(chain, claims[6]), "issuer", "issuer_expired")
    need(code == claims[1], "issuer", "issuer_mismatch")
    need(not e["chain"] or e["chain"] == [der_of(c) for c in chain], "issuer", "chain_mismatch")
    # Without the ledger a revoked key's licences cannot be told apart: refused here.
    need(not any(3 in trust["entries"][kid(c)] for c in chain), "issuer", "issuer_revoked")
    checks["issuer"] = "ok"
    need(parts[5] in types, "scope", "issuer_not_authorised")
    prefix = trust["authorities"].get(code)
    number = status["uri"].removeprefix(prefix or "?")
    need(prefix and status["uri"].startswith(prefix) and number.isascii() and number.isdigit()
         and str(int(number)) == number, "scope", "status_list_foreign")
    checks["scope"] = "ok"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trust", required=True)
    parser.add_argument("--root", required=True)
    parser.add_argument("--at", type=int, default=None)
    parser.add_argument("credential")
    args = parser.parse_args()
    trust_bytes = open(args.trust, "rb").read()
    checks = dict.fromkeys(CHECKS, "not_checked")
    try:
        trust = load_trust(trust_bytes, args.root)
    except Exception as error:  # nothing is judged by a list that is not believed
        print(f"the trust list is not believed: {error!r}", file=sys.stderr)
        return 1
    try:
        if args.credential.startswith("EL1:"):
            data = from_text(args.credential)
        elif args.credential == "-":
            data = from_text(sys.stdin.read().removesuffix("\n").removesuffix("\r"))
        else:
            data = open(args.credential, "rb").read()
        judge(data, trust, int(time.time()) if args.at is None else args.at, checks)
    except Refused as refused:
        checks[refused.args[0]] = refused.args[1]
    except OSError:
        raise
    except Exception:  # whatever a hostile input trips is a refusal, never an acceptance
        checks["format"] = "undecodable"
    good = all(checks[c] == "ok" for c in CHECKS)
    checks |= {"status": "status_unknown", "ledger": "ledger_unknown"}
    print(json.dumps({"status": "indeterminate" if good else "invalid", "checks": checks}))
    return 2 if good else 1


if __name__ == "__main__":
    sys.exit(main())

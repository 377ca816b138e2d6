#!/usr/bin/env python3
"""Verifies a licence by the rules of FORMAT.md alone: a second reader, sharing no code with the first.

    verify.py --trust TRUST_LIST_FILE --root SHA256_OF_ROOT_IN_HEX [--at UNIX_SECONDS] FILE | EL1:TEXT | -

It has no records, so status and ledger stay unknown. Exit 2: nothing it can check is wrong. Exit 1: something is.
"""
import argparse, base64, hashlib, json, re, sys, time, unicodedata, zlib
from datetime import datetime
from types import SimpleNamespace

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

ARC, BASIC, USE, PURPOSE, OWN, ABOVE = "2.25.5239074167859244784", *(f"2.5.29.{n}" for n in (19, 15, 37, 14, 35))
SIGNS, CERTIFIES = x509.KeyUsage(True, *[False] * 8), x509.KeyUsage(*[False] * 5, True, True, False, False)
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ED25519_ORDER, FIELD = 2**252 + 27742317777372353535851937790883648493, 2**255 - 19
ED25519_D = -121665 * pow(121666, -1, FIELD)
BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
CHECKS = ("format", "issuer", "scope", "signature", "dates")
GOOD = {"ok", "not_checked", "issuer_perhaps_revoked"}  # the last two: not known to be bad

# The CDDL: a range of integers; a pattern of text or bytes; an array as a tuple of rules, or as one rule and how many; a
# map with what is optional under None; a function.
DATE, TIME, NAME = "[0-9]{4}-[0-9]{2}-[0-9]{2}", range(-62135625600, 253402185600), ".{1,200}"
IDENTIFIER = r"1\.2\.156\.3005\.2\.[0-9A-Z]{18}[0-9]{3}\.[0-9A-Z]{18}\.[0-9A-Z]{1,64}\.(?!000)[0-9]{3}\.[0-9A-Z]"
ENVELOPE = (b".+", {None: {33: [b".{1,8192}", range(2, 5)]}}, b".+", b".{64}")
HEADER = {1: range(-8, -6), 4: b".{8}", 16: "application/.+"}
HOLDER = (NAME, ".{1,64}", "001|099|111|114|115|118|119|120|122|41[1-4]|511|516|999")
FIELD_RULE = ("[a-z][a-z0-9_]{0,39}", lambda v: fits(v, range(-2**63, 2**63)) or fits(v, ".{1,2000}"))
LICENCE = {1: IDENTIFIER, 2: NAME, 3: ".{1,64}", 4: NAME, 5: DATE, 6: DATE, 8: [HOLDER, range(1, 51)],
           9: lambda v: fits(tuple(v.items()), [FIELD_RULE, range(101)]), 12: "full|qr",
           None: {7: DATE, 10: IDENTIFIER, 11: "[0-9]{6}", 13: b".{32}"}}
CLAIMS = {1: "[0-9A-Z]{18}", 5: TIME, 6: TIME, -70001: LICENCE, None: {4: TIME},
          65535: {"status_list": {"idx": range(2**32), "uri": "[!-~]{1,512}"}}}


def need(good):
    if not good:
        raise ValueError("against a rule of FORMAT.md")


def fits(v, rule):
    match rule:
        case range(): return type(v) is int and v in rule
        case bytes(): return type(v) is bytes and re.fullmatch(rule, v, re.DOTALL)
        case str(): return type(v) is str and re.fullmatch(rule, v) and unicodedata.is_normalized("NFC", v)
        case tuple(): return type(v) is tuple and len(v) == len(rule) and all(map(fits, v, rule))
        case [one, counts]: return type(v) is tuple and len(v) in counts and all(fits(x, one) for x in v)
        case dict(): known = rule | rule.get(None, {})
        case function: return function(v)
    return rule.keys() - {None} <= v.keys() and all(type(key) in (int, str) and fits(v[key], known[key]) for key in v)


def decode(data, rule):
    value = cbor2.loads(data, immutable=True, max_depth=16)
    need(cbor2.dumps(value, canonical=True) == data and fits(value, rule))
    return value


def envelope(data, most=65536):
    need(len(data) <= most and data[:1] == b"\xd2")  # tag 18
    protected, unprotected, payload, signature = decode(data[1:], ENVELOPE)
    header = decode(protected, HEADER)
    return SimpleNamespace(alg=header[1], kid=header[4], typ=header[16], chain=unprotected.get(33, ()), payload=payload,
                           signature=signature, signed=cbor2.dumps(["Signature1", protected, b"", payload]))


def from_text(text):
    if not text.startswith("EL1:"):
        need(base64.b64encode(base64.b64decode(text)).decode() == text)
        return base64.b64decode(text)
    need(len(text) <= 4296 and len(text[4:]) % 3 != 1)
    groups = ([BASE45.index(c) for c in text[at:at + 3]] for at in range(4, len(text), 3))
    packed = b"".join(sum(n * 45**i for i, n in enumerate(few)).to_bytes(len(few) - 1, "big") for few in groups)
    inflater = zlib.decompressobj()
    data = inflater.decompress(packed, 16385)
    need(inflater.eof and not inflater.unused_data and len(data) <= 16384 and not envelope(data).chain)
    return data


def check_signature(e, key):
    r, s = e.signature[:32], e.signature[32:]
    if e.alg == -7:
        r, s = int.from_bytes(r, "big"), int.from_bytes(s, "big")
        need(s <= P256_ORDER // 2)
        return key.verify(utils.encode_dss_signature(r, s), e.signed, ec.ECDSA(hashes.SHA256()))
    need(int.from_bytes(s, "little") < ED25519_ORDER)
    for y in (int.from_bytes(point, "little") % 2**255 for point in (r, key.public_bytes_raw())):
        need(y < FIELD and y * (y**2 - 1) * (ED25519_D * y**4 + 2 * y**2 - 1) % FIELD)  # 0 where the order is small
    return key.verify(e.signature, e.signed)


def certificate(entry):
    """One of the trust list's, which obeys the table of section 4; an authority has no usage."""
    cert, form = x509.load_der_x509_certificate(entry[1]), serialization.PublicFormat.SubjectPublicKeyInfo
    value = {one.oid.dotted_string: one.value for one in cert.extensions}
    critical = {one.oid.dotted_string for one in cert.extensions if one.critical}
    usage = "".join(purpose.dotted_string for purpose in value.get(PURPOSE, ())).removeprefix(ARC)
    basic, key = value[BASIC], cert.public_key().public_bytes(serialization.Encoding.DER, form)
    own = hashlib.sha256(key[{91: 26, 44: 12}[len(key)]:]).digest()[:20]  # the bits of a key on P-256, of Ed25519
    need({BASIC, USE} <= critical <= {BASIC, USE, PURPOSE, OWN, ABOVE} and value[OWN].digest == own)
    need(value[USE] == (SIGNS if usage else CERTIFIES) and basic.ca == (basic.path_length is not None) == (not usage))
    code, types = (value[f"{ARC}.{n}"].value.decode("latin1") if usage == ".3.1" else "" for n in (1, 2))
    return SimpleNamespace(entry=entry, x509=cert, kid=hashlib.sha256(entry[1]).digest()[:8], own=own, usage=usage,
                           above=value[ABOVE].key_identifier if ABOVE in value else own, length=basic.path_length,
                           code=code[2:], types=re.findall("\x0c\x15(.{21})", types), path=[])


def valid(path, at):
    return all(one.x509.not_valid_before_utc.timestamp() <= at <= one.x509.not_valid_after_utc.timestamp() for one in path)


def load_trust(data, root):
    """The signers by key id and the status uri prefixes by authority."""
    e = envelope(data, 4 << 20)
    claims = decode(e.payload, {6: TIME, -70002: {key: lambda v: True for key in range(1, 7)}})
    certs = [certificate(entry) for entry in claims[-70002][3]]
    need(hashlib.sha256(certs[0].entry[1]).hexdigest() == root.lower() and certs[0].entry.keys() == {1})
    for one in certs:
        one.path.append(one)
        while one.path[-1] is not certs[0]:
            above = next(c for c in certs if not c.usage and c.own == one.path[-1].above)
            one.path[-1].x509.verify_directly_issued_by(above.x509)
            need(len(one.path) < 3 and above.length >= len(one.path) - 1)
            one.path.append(above)
        need(one is certs[0] or len(one.path) == (2 if one.usage in ("", ".3.4") else 3))
    signers = {one.kid: one for one in certs if one.usage}
    signer = signers[e.kid]
    need(e.typ == "application/elicense-trust-list+cwt" and not e.chain and signer.usage == ".3.4")
    need(valid(signer.path, claims[6]) and 3 not in signer.entry and signer.entry.get(2, claims[6] + 1) > claims[6])
    check_signature(e, signer.x509.public_key())
    return signers, {authority[1]: authority[3] for authority in claims[-70002][4]}


def parts(identifier):
    """Type, issuer, serial and version of an identifier whose check character (ISO/IEC 7064, MOD 37,36) is right."""
    *found, check = identifier.split(".")[5:]
    product = 36
    for character in "".join(found):
        product = 2 * ((product + int(character, 36)) % 36 or 36) % 37
    need(int(check, 36) == (37 - product) % 36)
    return found


def start(day):
    return int(datetime.fromisoformat(day + "T00:00:00+08:00").timestamp())


def first(*rules):
    """The code of the first rule that is broken."""
    return next((code for broken, code in rules if broken), "ok")


def signature(e, signer):
    try:
        check_signature(e, signer.x509.public_key())
    except Exception:
        return "forged"
    return "ok"


def judge(credential, trust, at):
    """The code of each check. `credential` is text or the bytes of an envelope, `trust` what load_trust gave."""
    checks, (signers, prefixes) = dict.fromkeys(CHECKS, "not_checked"), trust
    try:
        e = envelope(from_text(credential) if isinstance(credential, str) else credential)
        if e.typ != "application/elicense-licence+cwt":
            return checks | {"format": "wrong_type"}
        signer = signers.get(e.kid)
        checks |= {"signature": signature(e, signer)} if signer else {"issuer": "issuer_unknown"}
        claims = decode(e.payload, CLAIMS)
        licence, iat, uri = claims[-70001], claims[6], claims[65535]["status_list"]["uri"]
        own, before = parts(licence[1]), parts(licence[10]) if 10 in licence else None
        begin, end = start(licence[6]), start(licence[7]) + 86400 if 7 in licence else None
        need((licence[12] == "qr") == (13 in licence) and start(licence[5]))
    except Exception:  # whatever a hostile input trips is a refusal
        return checks | {"format": "undecodable"}
    same = claims[5] == begin and claims.get(4) == end and (end is None or end > begin) and own[1] == claims[1]
    newer = before is None or before[:3] == own[:3] and before[3] < own[3]
    checks["format"] = first((not same or not newer, "inconsistent"))
    checks["dates"] = first((iat > at + 60, "signed_in_future"), (at < begin, "not_yet_valid"),
                            (end is not None and at >= end, "expired"))
    if signer is None:
        return checks
    revoked = {one.entry[3][1]: one.entry[3][2] for one in signer.path if 3 in one.entry}
    checks["issuer"] = first(
        (signer.usage != ".3.1", "issuer_wrong_use"), (not valid(signer.path, iat), "issuer_expired"),
        (signer.code != claims[1], "issuer_mismatch"),
        (e.chain and list(e.chain) != [one.entry[1] for one in signer.path], "chain_mismatch"),
        (iat >= revoked.get("superseded", iat + 1), "issuer_revoked"),
        ("compromised" in revoked, "issuer_perhaps_revoked"))
    prefix = re.escape(prefixes.get(claims[1], "?"))
    checks["scope"] = first((own[0] not in signer.types, "issuer_not_authorised"),
                            (not re.fullmatch(prefix + "(0|[1-9][0-9]{0,9})", uri), "status_list_foreign"))
    return checks


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("--trust", "--root", "--at", "credential"):
        parser.add_argument(name)
    args = parser.parse_args()
    try:
        trust = load_trust(open(args.trust, "rb").read(), args.root)
    except Exception as error:  # nothing is judged by a list that is not believed
        sys.exit(f"the trust list is not believed: {error!r}")
    credential = args.credential
    if credential == "-":
        credential = sys.stdin.buffer.read().decode(errors="replace").removesuffix("\n").removesuffix("\r")
    elif not credential.startswith("EL1:"):
        credential = open(credential, "rb").read()
    checks = judge(credential, trust, int(args.at or time.time()))
    status = "indeterminate" if GOOD.issuperset(checks.values()) else "invalid"
    print(json.dumps({"status": status, "checks": checks | {"status": "status_unknown", "ledger": "ledger_unknown"}}))
    return {"indeterminate": 2, "invalid": 1}[status]


if __name__ == "__main__":
    sys.exit(main())

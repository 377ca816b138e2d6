"""A second implementation of FORMAT.md §2, §3 and §9, for the tests: every rule, and no code shared with the library.

`docs/verify.py` is the short one for strangers. This one leaves nothing out that a licence can break, so that what the two
implementations say to the same bytes can be compared. trust.py beside it has §1, §4 and §5.
"""
import base64, re, zlib
from datetime import date, datetime

from trust import TIME, credit_code, decode, envelope, fits, load_trust, need, signature, valid

BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
CHECKS = ("format", "issuer", "scope", "signature", "dates")


def day(v):
    return fits(v, "[0-9]{4}-[0-9]{2}-[0-9]{2}") and date.fromisoformat(v) < date.max


def citizen_number(v):
    """GB 11643."""
    need(fits(v, "[0-9]{17}[0-9X]") and day(f"{v[6:10]}-{v[10:12]}-{v[12:14]}"))
    return v[17] == "10X98765432"[sum(int(c) * 2**(17 - place) for place, c in enumerate(v[:17])) % 11]


def identifier(v):
    """GB/T 36904, with the check character of ISO/IEC 7064, MOD 37,36."""
    need(fits(v, r"1\.2\.156\.3005\.2\.[0-9A-Z]{18}[0-9]{3}\.[0-9A-Z]{18}\.[0-9A-Z]{1,64}\.(?!000)[0-9]{3}\.[0-9A-Z]"))
    *parts, check = v.split(".")[5:]
    product = 36
    for character in "".join(parts):
        product = 2 * ((product + int(character, 36)) % 36 or 36) % 37
    return int(check, 36) == (37 - product) % 36 and credit_code(parts[0][:18]) and credit_code(parts[1])


def fields(v):
    value = lambda x: fits(x, range(-2**63, 2**63)) or fits(x, ".{1,2000}")
    return fits(tuple(v.items()), [("[a-z][a-z0-9_]{0,39}", value), range(101)])


HOLDER = (".{1,200}", ".{1,64}", "001|099|111|114|115|118|119|120|122|41[1-4]|511|516|999")
LICENCE = {1: identifier, 2: ".{1,200}", 3: ".{1,64}", 4: ".{1,200}", 5: day, 6: day, 8: [HOLDER, range(1, 51)],
           9: fields, 12: "full|qr", None: {7: day, 10: identifier, 11: "[0-9]{6}", 13: b".{32}"}}
STATUS = {"status_list": {"idx": range(2**32), "uri": "[!-~]{1,512}"}}
CLAIMS = {1: credit_code, 5: TIME, 6: TIME, 65535: STATUS, -70001: LICENCE, None: {4: TIME}}


def from_text(text):
    if not text.startswith("EL1:"):
        need(text and base64.b64encode(base64.b64decode(text)).decode() == text)
        return base64.b64decode(text)
    need(len(text) <= 4296 and len(text[4:]) % 3 != 1)
    groups = ([BASE45.index(c) for c in text[at:at + 3]] for at in range(4, len(text), 3))
    packed = b"".join(sum(n * 45**i for i, n in enumerate(few)).to_bytes(len(few) - 1, "big") for few in groups)
    inflater = zlib.decompressobj()
    data = inflater.decompress(packed, 16385)
    need(inflater.eof and not inflater.unused_data and len(data) <= 16384 and not envelope(data).chain)
    return data


def start(day):
    return int(datetime.fromisoformat(day + "T00:00:00+08:00").timestamp())


def first(*rules):
    """The code of the first rule that is broken."""
    return next((code for broken, code in rules if broken), "ok")


def claims_of(e):
    claims = decode(e.payload, CLAIMS)
    form, holders = claims[-70001][12], claims[-70001][8]
    need((form == "qr") == (13 in claims[-70001]))
    for _, code, kind in holders:
        need(kind != "001" or credit_code(code))
        need(kind != "111" or form == "qr" or citizen_number(code))
    return claims


def consistent(claims, licence):
    own, end = licence[1].split(".")[5:], start(licence[7]) + 86400 if 7 in licence else None
    before = licence[10].split(".")[5:] if 10 in licence else None
    return (claims[5] == start(licence[6]) and claims.get(4) == end and (end is None or end > claims[5])
            and own[1] == claims[1] and (before is None or follows(own, before)))


def follows(own, before):
    if own[1] == before[1]:
        return own[:3] == before[:3] and own[3] > before[3]
    return own[0] == before[0] and own[3] == "001"  # taken over from another authority


def issuer(e, claims, signer):
    revoked = [one.entry[3] for one in signer.path if 3 in one.entry]
    return first((signer.usage != ".3.1", "issuer_wrong_use"), (not valid(signer.path, claims[6]), "issuer_expired"),
                 (signer.code != claims[1], "issuer_mismatch"),
                 (e.chain and list(e.chain) != [one.entry[1] for one in signer.path], "chain_mismatch"),
                 (any(r[1] == "superseded" and claims[6] >= r[2] for r in revoked), "issuer_revoked"),
                 # Perhaps: only the ledger knows what the thief signed.
                 (any(r[1] == "compromised" for r in revoked), "issuer_perhaps_revoked"))


def scope(claims, signer, prefix):
    known, uri = claims[-70001][1].split(".")[5] in signer.types, claims[65535]["status_list"]["uri"]
    number = uri.removeprefix(prefix)
    listed = uri != number and re.fullmatch("0|[1-9][0-9]{0,9}", number) and int(number) < 2**32
    return first((not known, "issuer_not_authorised"), (not listed, "status_list_foreign"))


def judge(credential, trust, at):
    """The code of each check. `credential` is text or the bytes of an envelope, `trust` what load_trust gave."""
    checks, (signers, prefixes) = dict.fromkeys(CHECKS, "not_checked"), trust
    try:
        e = envelope(from_text(credential) if isinstance(credential, str) else credential)
        if e.typ != "application/elicense-licence+cwt":
            return checks | {"format": "wrong_type"}
        signer = signers.get(e.kid)
        checks |= {"signature": signature(e, signer.key)} if signer else {"issuer": "issuer_unknown"}
        checks |= {"issuer": "issuer_wrong_use"} if signer and signer.usage != ".3.1" else {}
        claims = claims_of(e)
    except Exception:  # whatever a hostile input trips is a refusal
        return checks | {"format": "undecodable"}
    checks["format"] = "ok" if consistent(claims, claims[-70001]) else "inconsistent"
    checks["dates"] = first((claims[6] > at + 60, "signed_in_future"), (at < claims[5], "not_yet_valid"),
                            (at >= claims.get(4, at + 1), "expired"))
    if signer:
        checks["issuer"] = issuer(e, claims, signer)
        checks["scope"] = scope(claims, signer, prefixes.get(claims[1], "nowhere"))
    return checks

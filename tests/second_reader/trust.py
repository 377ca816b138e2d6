"""A second implementation of FORMAT.md §1, §4 and §5, for the tests: envelopes, certificates and the trust list.

Left out, since only who signs trust lists and certificates could break it: the order of authorities, what a certificate
says beside its key, use and scope, and the budget of signature checks.
"""
import hashlib, re, unicodedata
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
CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
HIDDEN = re.compile("[\0-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-"
                    "\u202f\u205f-\u206f\u2800\u3164\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffc\ufffe\uffff"
                    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]|^[ \u3000]|[ \u3000]$")

def need(good):
    if not good:
        raise ValueError("against a rule of FORMAT.md")


def fits(v, rule):
    """Whether a value obeys a rule of CDDL: a range of integers; a pattern of text or bytes; an array as a tuple of
    rules, or as one rule and how many; a map, where None leads to the optional part; or a function."""
    match rule:
        case range(): return type(v) is int and v in rule
        case bytes(): return type(v) is bytes and re.fullmatch(rule, v, re.DOTALL)
        case str(): return type(v) is str and re.fullmatch(rule, v) and is_shown_as_it_is(v)
        case tuple(): return type(v) is tuple and len(v) == len(rule) and all(map(fits, v, rule))
        case [one, counts]: return type(v) is tuple and len(v) in counts and all(fits(x, one) for x in v)
        case dict(): known = rule | rule.get(None, {})
        case function: return function(v)
    return rule.keys() - {None} <= v.keys() and all(type(key) in (int, str) and fits(v[key], known[key]) for key in v)


def is_shown_as_it_is(text):
    marks = "".join(unicodedata.category(character)[0] for character in text)
    return unicodedata.is_normalized("NFC", text) and not HIDDEN.search(text) and not re.search("^M|M{5}", marks)


def credit_code(v):
    """GB 32100; inside it is an organisation code with a check character of its own (GB 11714)."""
    need(fits(v, f"[{CREDIT}]{{18}}"))
    organisation = sum(int(c, 36) * weight for c, weight in zip(v[8:], (3, 7, 9, 10, 5, 8, 4, 2)))
    whole = sum(CREDIT.index(c) * 3**place for place, c in enumerate(v[:17]))
    return v[16] == "0X987654321"[organisation % 11] and v[17] == CREDIT[-whole % 31]


TIME, DER = range(-62135625600, 253402185600), b".{1,8192}"
ENVELOPE = (b".+", {None: {33: [DER, range(2, 5)]}}, b".+", b".{64}")
TYP = r"application/(elicense-(licence|presentation|receipt|trust-list|pack)|statuslist)\+cwt"
HEADER = {1: range(-8, -6), 4: b".{8}", 16: TYP}
REVOCATION = {1: "superseded|compromised", 2: TIME, 3: range(2**64)}
AUTHORITY = {1: credit_code, 2: ".{1,200}", 3: "https?://[!-~]{1,490}-", 4: b".{8}"}
TRUST_LIST = {6: TIME, -70002: {
    1: range(1, 2**64), 2: ".{1,200}", 3: [{1: DER, None: {2: TIME, 3: REVOCATION}}, range(3, 1001)],
    4: [AUTHORITY, range(1001)], 5: [{1: ".{1,200}", 2: ".{1,500}"}, range(1, 101)], 6: "https?://[!-~]{1,490}(?<!/)"}}


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


def signature(e, key):
    try:
        check_signature(e, key)
    except Exception:  # a key of another kind raises what it likes
        return "forged"
    return "ok"


def check_signature(e, key):
    r, s = e.signature[:32], e.signature[32:]
    if e.alg == -7:
        r, s = int.from_bytes(r, "big"), int.from_bytes(s, "big")
        need(s <= P256_ORDER // 2)
        return key.verify(utils.encode_dss_signature(r, s), e.signed, ec.ECDSA(hashes.SHA256()))
    need(int.from_bytes(s, "little") < ED25519_ORDER and is_point(r) and is_point(key.public_bytes_raw()))
    return key.verify(e.signature, e.signed)


def is_point(encoded):
    """Whether it is canonical and not of small order: those have the y at which this polynomial is 0."""
    y = int.from_bytes(encoded, "little") % 2**255
    return y < FIELD and y * (y**2 - 1) * (ED25519_D * y**4 + 2 * y**2 - 1) % FIELD != 0


def certificate(entry):
    """One of the trust list's, which obeys the table of section 4; an authority has no usage."""
    cert, form = x509.load_der_x509_certificate(entry[1]), serialization.PublicFormat.SubjectPublicKeyInfo
    value = {one.oid.dotted_string: one.value for one in cert.extensions}
    critical = {one.oid.dotted_string for one in cert.extensions if one.critical}
    purposes = [purpose.dotted_string.removeprefix(ARC) for purpose in value.get(PURPOSE, ())]
    usage = "".join(purposes[:-1] if purposes == [".3.1", ".3.7"] else purposes)
    basic, key = value[BASIC], cert.public_key().public_bytes(serialization.Encoding.DER, form)
    bits = key[{91: 26, 44: 12}[len(key)]:]  # of a key on P-256, of Ed25519
    own = hashlib.sha256(bits).digest()[:20]
    need({BASIC, USE} <= critical <= {BASIC, USE, PURPOSE, OWN, ABOVE} and value[OWN].digest == own)
    need(len(bits) == 65 or is_point(bits))
    need(value[USE] == (SIGNS if usage else CERTIFIES) and basic.ca == (basic.path_length is not None) == (not usage))
    code, types = (value[f"{ARC}.{n}"].value.decode("latin1") if usage == ".3.1" else "" for n in (1, 2))
    above, types = value[ABOVE].key_identifier if ABOVE in value else own, re.findall("\x0c\x15(.{21})", types)
    return SimpleNamespace(entry=entry, x509=cert, kid=hashlib.sha256(entry[1]).digest()[:8], key=cert.public_key(),
                           path=[], own=own, above=above, length=basic.path_length,
                           usage=usage, code=code[2:], types=types)


def valid(path, at):
    certs = [one.x509 for one in path]
    return all(c.not_valid_before_utc.timestamp() <= at <= c.not_valid_after_utc.timestamp() for c in certs)


def load_trust(data, root):
    """The signers by key id, each with its path up to the root, and the status uri prefixes by authority."""
    e = envelope(data, 4 << 20)
    claims = decode(e.payload, TRUST_LIST)
    certs = [certificate(entry) for entry in claims[-70002][3]]
    need(hashlib.sha256(certs[0].entry[1]).hexdigest() == root.lower() and certs[0].entry.keys() == {1})
    certs[0].x509.verify_directly_issued_by(certs[0].x509)
    need(len({one.kid for one in certs}) == len(certs))
    need(len({(one.x509.issuer, one.x509.serial_number) for one in certs}) == len(certs))
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
    need(all(signers[authority[4]].usage == ".3.6" for authority in claims[-70002][4]))
    need(signature(e, signer.key) == "ok")
    return signers, {authority[1]: authority[3] for authority in claims[-70002][4]}

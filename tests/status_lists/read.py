"""Reads a status list in both forms with PyPI's token-status-list, and checks its signature with the certificate that the trust
list has for its kid.

Reads {"cwt": file, "jwt": file, "pem": file} from standard input and writes, for each form, its claims and {index: value}
of every entry that is not 0. The package knows an older draft's claim numbers, so the CWT's are looked up here.
"""
import hashlib, json, sys

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from token_status_list import BitArray, b64url_decode, b64url_encode


def check(pem, kid, message, signature):
    for certificate in x509.load_pem_x509_certificates(pem):
        der = certificate.public_bytes(serialization.Encoding.DER)
        if hashlib.sha256(der).digest()[:8] == kid:
            r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
            encoded = utils.encode_dss_signature(r, s)
            return certificate.public_key().verify(encoded, message, ec.ECDSA(hashes.SHA256()))
    raise ValueError("the trust list does not have the signer")


def not_good(bits):
    return {index: bits[index] for index in range(len(bits)) if bits[index]}


def read_jwt(token, pem):
    signed, _, signature = token.rpartition(b".")
    header, payload = (json.loads(b64url_decode(part)) for part in signed.split(b"."))
    check(pem, b64url_decode(header["kid"].encode()), signed, b64url_decode(signature))
    claims = {name: payload[name] for name in ("sub", "iat", "exp", "ttl", "version")}
    bits = BitArray.load(payload["status_list"])
    again = bits.dump() == payload["status_list"]
    return {"typ": header["typ"], "claims": claims, "entries": len(bits), "not_good": not_good(bits), "again": again}


def read_cwt(token, pem):
    protected, unprotected, payload, signature = cbor2.loads(token).value
    header, claims = cbor2.loads(protected), cbor2.loads(payload)
    check(pem, header[4], cbor2.dumps(["Signature1", protected, b"", payload]), signature)
    lst = claims[65533]
    bits = BitArray.load({"bits": lst["bits"], "lst": b64url_encode(lst["lst"]).decode()})
    names = {"sub": 2, "iat": 6, "exp": 4, "ttl": 65534, "version": -70006}
    claims = {name: claims[number] for name, number in names.items()}
    again = bits.compressed() == lst["lst"] and not unprotected
    return {"typ": header[16], "claims": claims, "entries": len(bits), "not_good": not_good(bits), "again": again}


plan = json.load(sys.stdin)
pem = open(plan["pem"], "rb").read()
json.dump({
    "cwt": read_cwt(open(plan["cwt"], "rb").read(), pem),
    "jwt": read_jwt(open(plan["jwt"], "rb").read(), pem),
}, sys.stdout)

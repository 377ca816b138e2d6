"""PyPI sd-jwt at the other end: a list of jobs as JSON on standard input, a list of answers on standard output.

    {"do": "verify", "text", "audience"?, "nonce"?}       what an SD-JWT VC says, by the certificate in its x5c
    {"do": "present", "text", "disclose", "holder"?, "audience"?, "nonce"?}   the part that its holder shows
    {"do": "issue", "pem", "header", "open", "hidden", "holder"?}             one by a department's key
"""
import base64, json, sys

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier


def algorithm(key):
    return {"EC": "ES256", "OKP": "EdDSA"}[key.export(as_dict=True)["kty"]]


def issuer_key(_, header):
    certificate = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0]))
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return JWK.from_pem(certificate.public_key().public_bytes(serialization.Encoding.PEM, form))


def verify(job):
    verifier = SDJWTVerifier(job["text"], issuer_key, job.get("audience"), job.get("nonce"))
    return verifier.get_verified_payload()


def present(job):
    holder = SDJWTHolder(job["text"])
    key = JWK(**job["holder"]) if "holder" in job else None
    disclosed = {name: True for name in job["disclose"]}
    holder.create_presentation(disclosed, job.get("nonce"), job.get("audience"), key, key and algorithm(key))
    return holder.sd_jwt_presentation


def issue(job):
    key = JWK.from_pem(job["pem"].encode())
    holder = JWK(**job["holder"]) if "holder" in job else None
    claims = job["open"] | {SDObj(name): value for name, value in job["hidden"].items()}
    issuer = SDJWTIssuer(claims, key, holder, algorithm(key), True, extra_header_parameters=job["header"])
    return issuer.sd_jwt_issuance


def answer(job):
    try:
        return {"ok": {"verify": verify, "present": present, "issue": issue}[job["do"]](job)}
    except Exception as error:  # a refusal is an answer too
        return {"refused": f"{type(error).__name__}: {error}"}


json.dump([answer(job) for job in json.load(sys.stdin)], sys.stdout)

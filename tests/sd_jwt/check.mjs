// npm @sd-jwt/sd-jwt-vc at the other end: the same jobs and answers as check.py. What vct leads to is fetched from the
// service; the status list, whose form is another test's matter, is one made here that says "good" everywhere.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, verify, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createHeaderAndPayload, StatusList } from "@sd-jwt/jwt-status-list";
import { SDJwtVcInstance } from "@sd-jwt/sd-jwt-vc";

const digestOf = (key) => (key.asymmetricKeyType === "ec" ? "sha256" : null);
const algorithmOf = (key) => (key.asymmetricKeyType === "ec" ? "ES256" : "EdDSA");
const signer = (key) => (data) =>
  sign(digestOf(key), Buffer.from(data), { key, dsaEncoding: "ieee-p1363" }).toString("base64url");
const verifier = (key) => (data, signature) =>
  verify(digestOf(key), Buffer.from(data), { key, dsaEncoding: "ieee-p1363" }, Buffer.from(signature, "base64url"));

const base = {
  hasher: (data) => createHash("sha256").update(typeof data === "string" ? data : Buffer.from(data)).digest(),
  hashAlg: "sha-256",
  saltGenerator: () => randomBytes(16).toString("base64url"),
};

const list = generateKeyPairSync("ec", { namedCurve: "P-256" });

function goodList(uri) {
  const { header, payload } = createHeaderAndPayload(
    new StatusList(new Array(1 << 20).fill(0), 2),
    { iss: "test", sub: uri, iat: Math.floor(Date.now() / 1000) },
    { alg: "ES256", typ: "statuslist+jwt" },
  );
  const signed = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${signed}.${signer(list.privateKey)(signed)}`;
}

const headerOf = (text) => JSON.parse(Buffer.from(text.split(".")[0], "base64url"));

const jobs = {
  async verify({ text, nonce, audience }) {
    const leaf = new X509Certificate(Buffer.from(headerOf(text).x5c[0], "base64"));
    const vc = new SDJwtVcInstance({
      ...base,
      verifier: verifier(leaf.publicKey),
      kbVerifier: (data, signature, payload) =>
        verifier(createPublicKey({ key: payload.cnf.jwk, format: "jwk" }))(data, signature),
      statusListFetcher: async (uri) => goodList(uri),
      statusVerifier: verifier(list.publicKey),
      loadTypeMetadataFormat: true,
    });
    const { payload, kb, typeMetadata } = await vc.verify(text, nonce && { keyBindingNonce: nonce });
    if (kb && kb.payload.aud !== audience) throw new Error("another audience");
    if (typeMetadata.mergedTypeMetadata.vct !== payload.vct) throw new Error("another type");
    return payload;
  },

  async present({ text, disclose, holder, audience, nonce }) {
    const key = holder && createPrivateKey({ key: holder, format: "jwk" });
    const vc = new SDJwtVcInstance(key ? { ...base, kbSigner: signer(key), kbSignAlg: algorithmOf(key) } : base);
    const frame = Object.fromEntries(disclose.map((name) => [name, true]));
    const iat = Math.floor(Date.now() / 1000);
    return vc.present(text, frame, key && { kb: { payload: { iat, aud: audience, nonce } } });
  },

  async issue({ pem, header, open, hidden, holder }) {
    const key = createPrivateKey(pem);
    const vc = new SDJwtVcInstance({ ...base, signer: signer(key), signAlg: algorithmOf(key) });
    const { d: _secret, ...jwk } = holder ?? {};
    const claims = { ...open, ...hidden, ...(holder && { cnf: { jwk } }) };
    return vc.issue(claims, { _sd: Object.keys(hidden), _sd_decoy: 3 }, { header });
  },
};

const answers = [];
for (const job of JSON.parse(readFileSync(0))) {
  try {
    answers.push({ ok: await jobs[job.do](job) });
  } catch (error) {
    answers.push({ refused: String(error) });
  }
}
process.stdout.write(JSON.stringify(answers));

// Reads a status list's JWT form with npm's @sd-jwt/jwt-status-list, and checks its signature by Node's own means.
//
// Called with the files of the JWT and of the trust list's certificates; writes {index: value} of every entry that is not 0.
import { X509Certificate, createHash, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { getListFromStatusListJWT } from '@sd-jwt/jwt-status-list';

const [jwt, pem] = process.argv.slice(2).map((file) => readFileSync(file, 'utf8'));
const [header, payload, signature] = jwt.split('.');
const { kid } = JSON.parse(Buffer.from(header, 'base64url'));
const signer = pem
  .split(/(?=-----BEGIN)/)
  .map((one) => new X509Certificate(one))
  .find((one) => createHash('sha256').update(one.raw).digest().subarray(0, 8).toString('base64url') === kid);
const key = { key: signer.publicKey, dsaEncoding: 'ieee-p1363' };
if (!verify('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url'))) {
  throw new Error('the signature does not match');
}
const { statusList } = getListFromStatusListJWT(jwt);
const notGood = {};
statusList.forEach((value, index) => {
  if (value !== 0) notGood[index] = value;
});
process.stdout.write(JSON.stringify({ entries: statusList.length, notGood }));

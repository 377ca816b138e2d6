// oidc-provider over plain HTTP on a port of the kernel's choice. It says where on standard output, and takes commands on
// standard input, a line each: `rotate` makes new keys and forgets the old ones. Each is answered with a line.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import Provider from 'oidc-provider';

const [audience, department] = process.argv.slice(2);
let issuer;

const KINDS = {
  RS256: ['rsa', { modulusLength: 2048 }],
  ES256: ['ec', { namedCurve: 'P-256' }],
  EdDSA: ['ed25519', {}],
};
const ROLES = { verifier: ['verifier', 'canteen'], administrator: ['administrator'], nobody: [] };

// A client for each role and for each algorithm: `verifier-ES256` with the secret `secret`.
const clients = Object.keys(ROLES).flatMap((role) =>
  Object.keys(KINDS).map((alg) => ({
    client_id: `${role}-${alg}`,
    client_secret: 'secret',
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
  })),
);

function provider() {
  const keys = Object.entries(KINDS).map(([alg, [kind, options]]) => {
    const jwk = generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' });
    return { ...jwk, alg, use: 'sig', kid: randomUUID() };
  });
  return new Provider(issuer, {
    clients,
    jwks: { keys },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        getResourceServerInfo: (ctx, resource, client) => ({
          scope: '',
          audience: resource,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 600,
          jwt: { sign: { alg: client.clientId.split('-')[1] } },
        }),
      },
    },
    extraTokenClaims: (ctx, token) => ({ department, roles: ROLES[token.clientId.split('-')[0]] }),
  });
}

let callback;
const server = createServer((request, response) => callback(request, response));
server.listen(0, '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  callback = provider().callback();
  console.log(`issuer ${issuer}`);
});
createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line === 'rotate') callback = provider().callback();
    console.log(`did ${line}`);
  })
  .on('close', () => process.exit(0));

// Keeps the page's own files, all of one version, so that it opens with the network off. VERSION and FILES are written above
// this line by the service. Nothing that the service answers to a question is ever kept here.

const CACHE = `elicense-${VERSION}`;

self.addEventListener("install", (event) => event.waitUntil(keepFiles()));
self.addEventListener("activate", (event) => event.waitUntil(forgetOthers()));
self.addEventListener("fetch", (event) => {
  const kept = nameOf(event.request);
  if (kept) event.respondWith(answer(kept, event.request));
});

async function keepFiles() {
  const cache = await caches.open(CACHE);
  // Past the browser's own cache: every file as it is now.
  await cache.addAll(FILES.map((path) => new Request(path, { cache: "reload" })));
  await self.skipWaiting();
}

async function forgetOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("elicense-") && name !== CACHE).map((name) => caches.delete(name)));
  await self.clients.claim();
}

/** The kept file that answers a request, if one does. */
function nameOf(request) {
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return undefined;
  if (url.pathname === "/" && request.mode === "navigate") return shell(url.searchParams.get("lang"));
  return FILES.includes(url.pathname) ? url.pathname : undefined;
}

function shell(asked) {
  const known = [asked, ...self.navigator.languages].map((tag) => String(tag).slice(0, 2));
  return `/?lang=${known.find((tag) => tag === "zh" || tag === "en") ?? "zh"}&installed`;
}

async function answer(path, request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(path)) ?? fetch(request);
}

import { createHash } from 'node:crypto';

/** Contents of the scripts that stand in a page. */
export function inlineScripts(html) {
  return [...html.matchAll(/<script(?![^>]*\bsrc=)[^>]*>([\s\S]*?)<\/script>/gu)].map(([, script]) => script);
}

/**
 * What the pages may do. Inline scripts are those with these hashes; styles are in files alone. No nonce: it would change index.html with
 * each answer, and with it the ETag and the hash that the service worker knows.
 */
export function contentSecurityPolicy(scripts) {
  const hashes = scripts.map(script => `'sha256-${createHash('sha256').update(script).digest('base64')}'`);
  return [
    "default-src 'none'",
    ["script-src 'self'", ...hashes].join(' '),
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "media-src 'self' blob:",
    "connect-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');
}

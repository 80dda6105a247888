const HIDDEN = '[hidden]';

/** A PEM block, also one that is cut off at its end; certificates are public, so they stay. */
const PEM_BLOCK = /-----BEGIN (?!CERTIFICATE|PUBLIC KEY)([A-Z0-9 ]{1,64})-----[\s\S]*?(?:-----END \1-----|$)/g;

/** `scheme://user:password@host`, and `scheme://token@host`. The bounds keep the search linear on hostile text. */
const URL_CREDENTIALS = /\b([a-z][a-z0-9+.-]{0,31}:\/\/)[^\s/@:"']{0,256}(?::[^\s/@"']{0,256})?@/gi;

/** `password = x`, `"token": "x"`, `--secret=x`: a name that ends in a telling word, a separator, and the value. */
const NAMED_SECRET =
  /((?:password|passwd|passphrase|secret|token|api[_-]?key|private[_-]?key|credentials?)["']?\s{0,4}[=:]\s{0,4})("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[^\s,;&"']+)/gi;

/** `Authorization: Bearer x` and its like, up to the end of the line. */
const AUTHORIZATION = /(\b(?:proxy-)?authorization["']?\s{0,4}[:=]\s{0,4})[^\r\n]+/gi;

/** A shorter secret would hide ordinary words of the text. */
const SHORTEST_SECRET = 4;

/**
 * Removes what must not reach a log or the master: PEM blocks of keys, credentials in URLs, values named password, token,
 * secret and the like, `Authorization` headers, and each of `secrets` literally (for instance the content of a key file).
 * (spec: security S13)
 */
export function redactSecrets(text: string, secrets: readonly string[] = []): string {
  let result = text;
  for (const secret of secrets) {
    const trimmed = secret.trim();
    if (trimmed.length >= SHORTEST_SECRET) result = result.replaceAll(trimmed, HIDDEN);
  }
  return result
    .replace(PEM_BLOCK, HIDDEN)
    .replace(AUTHORIZATION, `$1${HIDDEN}`)
    .replace(URL_CREDENTIALS, `$1${HIDDEN}@`)
    .replace(NAMED_SECRET, `$1${HIDDEN}`);
}

import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

import { hasToken } from '../api.js';

/** Asks for the token of the user. */
export function SignInPage({ onToken }: { readonly onToken: (token: string) => void }): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const submit = (event: Event) => {
    event.preventDefault();
    const token = field.current?.value.trim() ?? '';
    if (token !== '') onToken(token);
  };
  return (
    <form class="card sign-in" onSubmit={submit}>
      <h1>Who are you?</h1>
      <p>
        This master wants to know who asks. On its machine, <code>slapos proxy credentials FOLDER</code> writes the
        token of the user into the file <code>token</code>. It is kept here until you close this tab.
      </p>
      {hasToken() && (
        <p class="notice bad" role="alert">
          The master does not know this token.
        </p>
      )}
      <label>
        Token
        <input ref={field} type="password" name="token" autocomplete="off" required />
      </label>
      <button type="submit" class="primary">
        Go on
      </button>
    </form>
  );
}

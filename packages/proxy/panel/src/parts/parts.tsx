import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';

import { type Condition, isRecord, releaseName, timeText } from './texts.js';

const WEB = /^https?:\/\/\S+$/;
const COPIED_MS = 1_500;

/** How something is, as a word with a colour. */
export function Badge({ condition }: { readonly condition: Condition }): JSX.Element {
  return <span class={`badge ${condition.mood}`}>{condition.text}</span>;
}

/** A moment. */
export function Time({ at }: { readonly at: string }): JSX.Element {
  return (
    <time dateTime={at} title={at}>
      {timeText(at)}
    </time>
  );
}

/** A Software Release by its short name; the whole URL shows on demand. */
export function Release({ url }: { readonly url: string }): JSX.Element {
  return <span title={url}>{releaseName(url)}</span>;
}

/** What a page shows when it has nothing to show. */
export function Empty({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return <p class="empty">{children}</p>;
}

/** Named values: parameters, or what an instance published. */
export function Values({
  values,
  empty,
}: {
  readonly values: Readonly<Record<string, unknown>>;
  readonly empty: string;
}): JSX.Element {
  const entries = Object.entries(values);
  if (entries.length === 0) return <Empty>{empty}</Empty>;
  return (
    <dl class="values">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <Value name={name} value={value} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Value({ name, value }: { readonly name: string; readonly value: unknown }): JSX.Element {
  const isText = typeof value === 'string';
  const text = isText ? value : JSON.stringify(value, undefined, 2);
  const shown = isText ? readableText(value) : text;
  return (
    <>
      {isText && WEB.test(value) ? (
        <a href={value} rel="noreferrer noopener" target="_blank">
          {value}
        </a>
      ) : shown.includes('\n') ? (
        <pre>{shown}</pre>
      ) : (
        <code>{shown}</code>
      )}
      <CopyButton name={name} text={text} />
    </>
  );
}

/** Texts are often JSON. */
function readableText(text: string): string {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) || Array.isArray(value) ? JSON.stringify(value, undefined, 2) : text;
  } catch {
    return text;
  }
}

function CopyButton({ name, text }: { readonly name: string; readonly text: string }): JSX.Element | null {
  const [isCopied, setCopied] = useState(false);
  // Browsers give the clipboard to https and to this machine alone.
  if (!isSecureContext) return null;
  const copy = () => {
    void navigator.clipboard.writeText(text).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), COPIED_MS);
    });
  };
  return (
    <button type="button" class="quiet small" aria-label={`Copy ${name}`} onClick={copy}>
      {isCopied ? 'Copied' : 'Copy'}
    </button>
  );
}

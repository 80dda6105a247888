/** Names of entries become names of files: letters, digits and what keys of the network cache hold. */
const KEY = /^(?!\.)[\w.:+@=,~-]{1,200}$/;

/** Whether a text can be the key of an entry. */
export function isEntryKey(text: string): boolean {
  return KEY.test(text);
}

/** What is known about a key: a JSON list of pairs of a text and its signature (spec: proxy §11), wherever it is kept. */
export interface EntryStore {
  /** All keys, sorted. */
  keys(): Promise<string[]>;
  /** `undefined` when it is not there, or is no key. */
  read(key: string): Promise<string | undefined>;
  /** Replaces what was there; a reader sees the one or the other. */
  write(key: string, text: string): Promise<void>;
  /** Also one that is not there. */
  remove(key: string): Promise<void>;
}

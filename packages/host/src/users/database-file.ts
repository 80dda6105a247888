import { readFileSync, statSync } from 'node:fs';

/** A file of the machine's users or groups, parsed again whenever it changed: with a thousand users reading it each time would take seconds. */
export class DatabaseFile<Content> {
  readonly path: string;
  readonly #parse: (text: string) => Content;
  #version = '';
  #content: Content | undefined;

  constructor(path: string, parse: (text: string) => Content) {
    this.path = path;
    this.#parse = parse;
  }

  /** @throws the error of the file system */
  content(): Content {
    // The tools replace the files, so that each change is another inode.
    const { ino, size, mtimeNs, ctimeNs } = statSync(this.path, { bigint: true });
    const version = [ino, size, mtimeNs, ctimeNs].join(':');
    if (this.#content === undefined || version !== this.#version) {
      this.#content = this.#parse(readFileSync(this.path, 'utf8'));
      this.#version = version;
    }
    return this.#content;
  }
}

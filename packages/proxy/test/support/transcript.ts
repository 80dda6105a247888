/** One recorded exchange; the README of the fixtures describes the format. */
export interface Exchange {
  readonly comment?: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    /** Absent in what another master was sent, where they do not matter. */
    readonly headers?: Readonly<Record<string, string>>;
    readonly form?: Readonly<Record<string, string>>;
    readonly json?: unknown;
    readonly body?: string;
  };
  readonly response: RecordedAnswer;
  readonly upstream?: readonly Exchange[];
}

/** An answer with its volatile parts replaced by placeholders. */
export interface RecordedAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A scenario that starts from an empty database. */
export interface Transcript {
  readonly title: string;
  readonly exchanges: readonly Exchange[];
}

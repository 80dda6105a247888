/** What a code of an error means, for the person who meets it. */
export interface ErrorExplanation {
  /** What happened, and what usually leads to it. */
  readonly meaning: string;
  /** What to do about it. */
  readonly remedy: string;
  /** Commands that show more, as they are typed. */
  readonly run?: readonly string[];
}

/** The codes of one package. */
export type ExplanationsOf<Code extends string> = Readonly<Record<Code, ErrorExplanation>>;

/** What is known of a key of slapos.cfg without loading the library that reads it. */
export interface KeyFacts {
  /** One line for people. */
  readonly meaning: string;
  /** What counts when the key is in no file, as it would be written there. */
  readonly default?: string;
  /** The key is understood and does nothing: what to write instead, or why. */
  readonly unused?: string;
}

/** The keys of one section. */
export type SectionFacts = Readonly<Record<string, KeyFacts>>;

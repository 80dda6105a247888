/**
 * What a check gives.
 *
 * @typedef {object} Outcome
 * @property {string} name what was compared
 * @property {number} checked how many comparisons were made; none is a failure
 * @property {readonly string[]} differences a line for each
 */

/** @typedef {{ check: (fixtures: string) => Promise<Outcome> }} Check */

export {};

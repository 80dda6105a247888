/** @import { Difference } from './play.mjs' */

/**
 * A way in which two masters may differ on purpose. `at` says which answers it is about; nothing else of the sequence is excused.
 *
 * @typedef {object} Explanation
 * @property {string} why
 * @property {(difference: Difference) => boolean} at
 */

const FAILURE = 500;
const REFUSALS = [400, 404];

/** @param {Difference} difference @param {(failed: number, other: number) => boolean} fits */
function statuses({ answers: [left, right] }, fits) {
  return fits(left.status, right.status) || fits(right.status, left.status);
}

/**
 * The rulings for masters that improve on the reference (spec: proxy §14).
 *
 * @type {readonly Explanation[]}
 */
export const EXPLANATIONS = [
  {
    why: 'what is unknown or wrong is 404 or 400 at one of them, and a failure of the server at the other',
    at: (difference) => statuses(difference, (one, other) => one === FAILURE && REFUSALS.includes(other)),
  },
  {
    why: 'destroying a shared instance that never was is a success at one of them, and a failure of the server at the other',
    at: (difference) =>
      difference.operation.do === 'request' &&
      difference.operation.shared &&
      difference.operation.state === 'destroyed' &&
      statuses(difference, (one, other) => one === FAILURE && other === 200),
  },
  {
    why: 'a parameter of a shared instance cannot take the place of its title at one of them',
    at: (difference) =>
      difference.sequence.some(
        (earlier) => earlier.do === 'request' && earlier.shared && 'slave_title' in earlier.parameters,
      ) && difference.path.includes('slave_title'),
  },
  {
    why: 'a shared instance that was destroyed has forgotten its connection at one of them',
    at: (difference) =>
      difference.operation.do === 'request' &&
      difference.operation.shared &&
      difference.path.startsWith('body._connection_dict') &&
      difference.sequence.some(
        (earlier) => earlier.do === 'request' && earlier.shared && earlier.state === 'destroyed',
      ),
  },
  {
    why: 'a shared instance is on one host at one of them, and stays on each that was the first of its release at the other',
    at: (difference) =>
      /slave_instance_list|slap_computer_partition_id/u.test(difference.path) &&
      difference.sequence.filter((earlier) => earlier.do === 'request' && earlier.shared).length > 1 &&
      difference.sequence.filter((earlier) => earlier.do === 'request' && !earlier.shared).length > 1,
  },
  {
    why: 'a child that asked for no state of its own follows its root again at one of them, and stays stopped at the other',
    at: (difference) =>
      difference.path.endsWith('_requested_state') &&
      difference.sequence.some((earlier) => earlier.do === 'request' && earlier.by !== null && earlier.state === null),
  },
];

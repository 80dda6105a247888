import type { StandaloneInstance } from '../node/instance.js';

/** What a matcher of vitest, or of another runner with the same contract, answers. */
export interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/** Passes when the instance has promises, and the last result of each is good. */
export async function toHavePassingPromises(instance: StandaloneInstance): Promise<MatcherResult> {
  const results = await instance.promises();
  const failing = results.filter(({ failed }) => failed).map(({ title, message }) => `${title}: ${message}`);
  const seen = results.length === 0 ? 'it has none' : failing.join('\n') || 'all of them pass';
  return {
    pass: results.length > 0 && failing.length === 0,
    message: () => `the promises of ${nameOf(instance)}: ${seen}`,
  };
}

/** Passes when the instance has published a connection parameter of this name. */
export async function toHavePublished(instance: StandaloneInstance, name: string): Promise<MatcherResult> {
  const published = await instance.connection();
  const names = Object.keys(published).sort().join(', ');
  return {
    pass: Object.hasOwn(published, name),
    message: () => `${nameOf(instance)} and its connection parameter ${name}: it has published ${names || 'nothing'}`,
  };
}

/** Passes when the instance has services, and all of them are in this state of the supervisor, such as `RUNNING`. */
export async function toHaveServices(instance: StandaloneInstance, stateName: string): Promise<MatcherResult> {
  const services = await instance.services();
  const seen = services.map((service) => `${service.name} ${service.stateName} (${service.description})`).join(', ');
  return {
    pass: services.length > 0 && services.every((service) => service.stateName === stateName),
    message: () => `the services of ${nameOf(instance)} and the state ${stateName}: ${seen || 'it has none'}`,
  };
}

/** Passes when the master wants the instance in this state: `started`, `stopped`, `destroyed`. */
export async function toBeInState(instance: StandaloneInstance, state: string): Promise<MatcherResult> {
  const requested = await instance.requestedState();
  return { pass: requested === state, message: () => `the state ${state} of ${nameOf(instance)}: it is ${requested}` };
}

function nameOf(instance: StandaloneInstance): string {
  return `${instance.request.partitionReference} (${instance.partitionId})`;
}

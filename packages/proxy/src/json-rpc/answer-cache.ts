import type { JsonRpcMethodName } from '@slapos/slap';

import type { StoreVersion } from '../store/proxy-store.js';

const MAX_ANSWERS = 2_000;
const MAX_ANSWER_CHARACTERS = 16 * 1024;

/** Methods whose answer depends on nothing but the database and what they are asked. */
const PURE_METHODS: ReadonlySet<JsonRpcMethodName> = new Set<JsonRpcMethodName>([
  'get.v0.software_instance',
  'get.v0.compute_partition',
  'get.v0.instance_tree',
  'get.v0.compute_node_status',
  'allDocs.WIP.compute_node_list',
  'allDocs.v0.instance_tree_list',
  'allDocs.v0.instance_node_instance_list',
  'allDocs.v0.compute_node_instance_list',
  'allDocs.v0.compute_node_software_installation_list',
]);

/** Answers to what was asked before, as long as nobody changed the database: pages and nodes ask the same things again and again. */
export class AnswerCache {
  readonly #version: () => Promise<StoreVersion>;
  readonly #answers = new Map<string, string>();
  #validAt: StoreVersion | undefined;

  /** @param version another value after every change, whoever made it */
  constructor(version: () => Promise<StoreVersion>) {
    this.#version = version;
  }

  /** The answer that is still right; or what keeps the one that is now made, whose data are read after this call. */
  async look(
    method: JsonRpcMethodName,
    body: string,
  ): Promise<{ readonly known?: string; readonly keep: (answer: string) => void }> {
    if (!PURE_METHODS.has(method)) return { keep: () => undefined };
    const version = await this.#version();
    if (version !== this.#validAt) {
      this.#answers.clear();
      this.#validAt = version;
    }
    const key = `${method}\n${body}`;
    const known = this.#answers.get(key);
    if (known !== undefined) return { known, keep: () => undefined };
    return {
      keep: (answer) => {
        if (version !== this.#validAt || answer.length + body.length > MAX_ANSWER_CHARACTERS) return;
        if (this.#answers.size >= MAX_ANSWERS) this.#answers.clear();
        this.#answers.set(key, answer);
      },
    };
  }
}

import type { ProcessInfo, Supervisor } from '@slapos/supervisor';

/** A supervisor that starts nothing and remembers what it was asked: for tests of everything around it. */
export class MemorySupervisor implements Supervisor {
  readonly calls: string[] = [];

  async ensureRunning(): Promise<void> {
    this.calls.push('ensureRunning');
  }

  async isRunning(): Promise<boolean> {
    return true;
  }

  async update(): ReturnType<Supervisor['update']> {
    this.calls.push('update');
    return { added: [], changed: [], removed: [] };
  }

  async startGroup(group: string): Promise<'started' | 'nothing-to-start'> {
    this.calls.push(`startGroup ${group}`);
    return 'started';
  }

  async startAll(): Promise<void> {
    this.calls.push('startAll');
  }

  async stopGroup(group: string): Promise<void> {
    this.calls.push(`stopGroup ${group}`);
  }

  async processInfo(): Promise<ProcessInfo | undefined> {
    return undefined;
  }

  async allProcessInfo(): Promise<ProcessInfo[]> {
    return [];
  }

  async startProcess(name: string): Promise<void> {
    this.calls.push(`startProcess ${name}`);
  }

  async tail(): ReturnType<Supervisor['tail']> {
    return { text: '', offset: 0, overflow: false };
  }

  async shutdown(): Promise<void> {
    this.calls.push('shutdown');
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

import { FAULTS } from '../../errors.js';

/** A call is refused; goes over the wire. */
export class RpcFault extends Error {
  readonly faultCode: number;

  constructor(name: keyof typeof FAULTS, detail?: string) {
    super(detail === undefined ? name : `${name}: ${detail}`);
    this.faultCode = FAULTS[name];
  }
}

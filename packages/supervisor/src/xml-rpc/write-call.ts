import { create } from 'xmlbuilder2';

/** The document of a call; `int`, `boolean` and `string` are all that supervisord's methods take. */
export function writeCall(method: string, parameters: readonly (string | number | boolean)[]): string {
  const call = create({ version: '1.0' }).ele('methodCall');
  call.ele('methodName').txt(method);
  const list = call.ele('params');
  for (const parameter of parameters) {
    const value = list.ele('param').ele('value');
    if (typeof parameter === 'string') value.ele('string').txt(parameter);
    else if (typeof parameter === 'boolean') value.ele('boolean').txt(parameter ? '1' : '0');
    else value.ele('int').txt(String(parameter));
  }
  return call.end();
}

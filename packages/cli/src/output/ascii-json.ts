/** JSON with two blanks of indentation and nothing but ASCII, as Python prints it (spec: cli §10.3). */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

import { isRecord, PythonError } from './prompt.ts';

/** The text of a value as Python prints it; error details and string inputs are made with it. */
export function pythonText(value: unknown): string {
  if (typeof value === 'string') return value;
  return pythonRepr(value);
}

export function pythonRepr(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (typeof value === 'string') {
    const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
    return (
      quote + value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll(quote, `\\${quote}`) + quote
    );
  }
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`;
  if (isRecord(value)) {
    return `{${Object.entries(value)
      .map(([key, item]) => `${pythonRepr(key)}: ${pythonRepr(item)}`)
      .join(', ')}}`;
  }
  return JSON.stringify(value);
}

/** Python's `int()`, `float()`, `str()` and `bool()`. */
export function convert(type: string, value: unknown): unknown {
  switch (type) {
    case 'INT':
      return toNumber(
        value,
        /^\s*[+-]?\d+\s*$/,
        (text) => `invalid literal for int() with base 10: ${pythonRepr(text)}`,
        Math.trunc,
      );
    case 'FLOAT':
      return toNumber(
        value,
        /^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$/,
        (text) => `could not convert string to float: ${pythonRepr(text)}`,
        (number) => number,
      );
    case 'STRING':
      return pythonText(value);
    case 'BOOLEAN':
      return isTruthy(value);
    default:
      return value;
  }
}

function toNumber(
  value: unknown,
  form: RegExp,
  complaint: (text: string) => string,
  finish: (number: number) => number,
): number {
  if (typeof value === 'number') return finish(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'string') {
    const name = value === null ? 'NoneType' : Array.isArray(value) ? 'list' : 'dict';
    throw new PythonError('TypeError', `argument must be a string or a real number, not '${name}'`);
  }
  if (!form.test(value)) throw new PythonError('ValueError', complaint(value));
  return finish(Number(value));
}

function isTruthy(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isRecord(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** Ends a `switch` over a union: a new member without a case does not compile, and an impossible one throws. */
export function exhaustive(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}

/** Injection tokens of the platform. Classes are their own tokens; these stand for plain values. */
export const CLOCK = Symbol('CLOCK');
export const INTERNAL_SECRET = Symbol('INTERNAL_SECRET');
export const SERVICE_NAME = Symbol('SERVICE_NAME');

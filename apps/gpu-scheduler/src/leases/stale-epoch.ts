/** Another scheduler leads: what this one believes is out of date, and Redis has refused it. */
export class StaleEpoch extends Error {
  override readonly name = 'StaleEpoch';
}

/** What cannot be tried as it was asked for: what, its value, and what is allowed. */
export class SurgeError extends Error {
  override readonly name = 'SurgeError';
}

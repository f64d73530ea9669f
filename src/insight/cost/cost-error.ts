/** What cannot be priced as it was asked: its message says all. */
export class CostError extends Error {
  override readonly name = 'CostError';
}

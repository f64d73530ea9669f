/** What cannot be simulated, and why. */
export class SimulationError extends Error {
  override readonly name = 'SimulationError';
}

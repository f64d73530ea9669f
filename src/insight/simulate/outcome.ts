/** What became of the requests of a while. */
import { ResponseTimes } from './response-times.ts';

export class Outcome {
  sent = 0;
  answered = 0;
  /** Waiting for a machine at the end of each second, added up. */
  waited = 0;
  /** By the balancer's status. */
  readonly failed = new Map<number, number>();
  readonly times = new ResponseTimes();

  get failures(): number {
    let sum = 0;
    for (const count of this.failed.values()) sum += count;
    return sum;
  }

  fail(status: number, requests: number): void {
    if (requests > 0) this.failed.set(status, (this.failed.get(status) ?? 0) + requests);
  }

  clear(): void {
    this.sent = 0;
    this.answered = 0;
    this.waited = 0;
    this.failed.clear();
    this.times.clear();
  }
}

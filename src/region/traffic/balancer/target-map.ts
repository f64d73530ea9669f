/** What is known of targets, found by the texts that whoever asks has already: none is made for each question. */
export class TargetMap<T> {
  readonly #groups = new Map<string, Map<string, Map<number, T>>>();

  get(groupArn: string, id: string, port: number): T | undefined {
    return this.#groups.get(groupArn)?.get(id)?.get(port);
  }

  set(groupArn: string, id: string, port: number, value: T): void {
    let targets = this.#groups.get(groupArn);
    if (!targets) {
      targets = new Map();
      this.#groups.set(groupArn, targets);
    }
    const ports = targets.get(id);
    if (ports) ports.set(port, value);
    else targets.set(id, new Map([[port, value]]));
  }

  delete(groupArn: string, id: string, port: number): void {
    const targets = this.#groups.get(groupArn);
    const ports = targets?.get(id);
    ports?.delete(port);
    if (ports?.size === 0) targets?.delete(id);
    if (targets?.size === 0) this.#groups.delete(groupArn);
  }

  /** Forgets those that are not to be kept. */
  keep(wanted: (groupArn: string, id: string, port: number) => boolean): void {
    for (const [groupArn, targets] of this.#groups) {
      for (const [id, ports] of targets) {
        for (const port of ports.keys()) if (!wanted(groupArn, id, port)) this.delete(groupArn, id, port);
      }
    }
  }
}

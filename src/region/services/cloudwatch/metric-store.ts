/**
 * The metrics of a region: aggregates per second (high resolution) and per minute, aged into five minutes and hours.
 * What comes in is added to in memory and written once its minute is over, so that counting costs no disk;
 * whoever reads sees it at once. A crash loses what came in the running minute.
 */
import type { Table } from '../../store/store.ts';
import { Fault } from '../../wire/fault.ts';
import type { Scope } from '../service.ts';
import { Aggregate } from './aggregate.ts';
import { floor, Lane, resolutions } from './lane.ts';
import { type ChunkRecord, chunks, type Dimensions, type MetricRecord, metrics } from './state.ts';

const mostMetrics = 100_000;
const mostPoints = 2_000_000;
/** Metrics without data for two weeks are not listed. */
const listedMs = 14 * 24 * 3_600_000;

/** One metric with its units. */
export interface Series extends MetricRecord {
  readonly id: string;
  readonly units: Map<string, readonly Lane[]>;
  lastMs: number;
}

export interface Window {
  readonly startMs: number;
  readonly endMs: number;
  readonly periodMs: number;
  /** All units together when it is not given. */
  readonly unit?: string | undefined;
}

export function metricKey(namespace: string, name: string, dimensions: Dimensions): string {
  return JSON.stringify([namespace, name, ...dimensions.flatMap(({ Name, Value }) => [Name, Value])]);
}

export function sorted(dimensions: readonly { Name?: string | undefined; Value?: string | undefined }[]): Dimensions {
  return dimensions
    .map(({ Name = '', Value = '' }) => ({ Name, Value }))
    .sort((a, b) => (a.Name < b.Name ? -1 : a.Name > b.Name ? 1 : 0));
}

class MetricStore {
  /** Grows when metrics are forgotten: lanes that were handed out before are not written any more. */
  generation = 0;
  readonly #series = new Map<string, Series>();
  readonly #byId = new Map<string, Series>();
  readonly #changed = new Set<Lane>();
  readonly #records: Table<MetricRecord>;
  readonly #chunks: Table<ChunkRecord>;
  readonly #newId: () => string;

  constructor(scope: Scope) {
    this.#records = metrics(scope);
    this.#chunks = chunks(scope);
    this.#newId = () => scope.random.hex(12);
    for (const [id, record] of this.#records.entries()) this.#adopt(id, record);
    for (const key of this.#chunks.keys()) {
      const [id = '', unit = '', seconds, start] = key.split(' ');
      const series = this.#byId.get(id);
      const at = resolutions.findIndex(({ ms }) => ms === Number(seconds) * 1_000);
      if (series) this.#lanes(series, unit)[at]?.adopt(Number(start) * 1_000);
    }
    for (const series of this.#series.values()) {
      series.lastMs = Math.max(...[...series.units.values()].flat().map(({ lastMs }) => lastMs));
    }
    // A reset of the region empties the tables.
    this.#records.watch((id, record) => {
      if (record === undefined) this.#forget(id);
    });
  }

  /** The lane of a metric that is added to; `at` and then `touch` it. */
  lane(metric: MetricRecord, unit: string, highResolution: boolean): { series: Series; lane: Lane } {
    const key = metricKey(metric.namespace, metric.name, metric.dimensions);
    let series = this.#series.get(key);
    if (!series) {
      if (this.#series.size >= mostMetrics) {
        throw new Fault('LimitExceededException', `Orrery keeps at most ${mostMetrics} metrics`);
      }
      const id = this.#newId();
      series = this.#adopt(id, metric);
      this.#records.put(id, metric);
    }
    const lane = this.#lanes(series, unit)[highResolution ? 0 : 1];
    if (!lane) throw new Error('a metric has a lane for each resolution');
    return { series, lane };
  }

  /** Says that something was added to the lane at that time. */
  touch(series: Series, lane: Lane, timeMs: number): void {
    this.#changed.add(lane);
    if (timeMs > series.lastMs) series.lastMs = timeMs;
  }

  /** By the start of each period; periods without data are missing. */
  read(metric: MetricRecord, { startMs, endMs, periodMs, unit }: Window): Map<number, Aggregate> {
    const found = new Map<number, Aggregate>();
    const series = this.#series.get(metricKey(metric.namespace, metric.name, metric.dimensions));
    for (const [name, lanes] of series?.units ?? []) {
      if (unit !== undefined && unit !== name) continue;
      // What came with high resolution is in the minutes, too.
      for (const lane of periodMs < 60_000 ? lanes.slice(0, 1) : lanes.slice(1)) {
        for (const point of lane.read(startMs, endMs)) {
          const bucket = startMs + floor(point.t - startMs, periodMs);
          let aggregate = found.get(bucket);
          if (!aggregate) {
            aggregate = new Aggregate();
            found.set(bucket, aggregate);
          }
          aggregate.merge(point);
        }
      }
    }
    return found;
  }

  units(metric: MetricRecord): string[] {
    return [...(this.#series.get(metricKey(metric.namespace, metric.name, metric.dimensions))?.units.keys() ?? [])];
  }

  *listed(nowMs: number): Iterable<Series> {
    for (const series of this.#series.values()) if (series.lastMs > nowMs - listedMs) yield series;
  }

  /** At each minute's end. */
  flush(nowMs: number): void {
    for (const lane of [...this.#changed]) if (!lane.flush(nowMs)) this.#changed.delete(lane);
  }

  /** Each hour. Ages sooner than AWS where there is too much for the memory. */
  age(nowMs: number): void {
    let share = 1;
    do {
      for (const series of [...this.#series.values()]) this.#ageSeries(series, nowMs, share);
      share /= 2;
    } while (share > 0.01 && this.#storedPoints() > mostPoints);
  }

  #ageSeries(series: Series, nowMs: number, share: number): void {
    for (const lanes of series.units.values()) {
      for (const [index, lane] of lanes.entries()) {
        const old = lane.age(nowMs - lane.resolution.keepMs * share);
        // Seconds are in the minutes already, and after hours there is nothing.
        const wider = index === 0 ? undefined : lanes[index + 1];
        if (!wider || old.length === 0) continue;
        for (const point of old) wider.at(point.t).merge(point);
        wider.flush(nowMs);
      }
    }
    if ([...series.units.values()].every((lanes) => lanes.every((lane) => lane.empty))) this.#records.delete(series.id);
  }

  #storedPoints(): number {
    let sum = 0;
    for (const { units } of this.#series.values()) {
      for (const lanes of units.values()) for (const lane of lanes) sum += lane.storedPoints;
    }
    return sum;
  }

  #adopt(id: string, { namespace, name, dimensions }: MetricRecord): Series {
    const units = new Map<string, readonly Lane[]>();
    const series: Series = { id, namespace, name, dimensions, units, lastMs: Number.NEGATIVE_INFINITY };
    this.#series.set(metricKey(namespace, name, dimensions), series);
    this.#byId.set(id, series);
    return series;
  }

  #lanes(series: Series, unit: string): readonly Lane[] {
    let lanes = series.units.get(unit);
    if (!lanes) {
      lanes = resolutions.map(
        (resolution) => new Lane(resolution, this.#chunks, `${series.id} ${unit} ${resolution.ms / 1_000}`),
      );
      series.units.set(unit, lanes);
    }
    return lanes;
  }

  #forget(id: string): void {
    const series = this.#byId.get(id);
    if (!series) return;
    this.generation++;
    this.#byId.delete(id);
    this.#series.delete(metricKey(series.namespace, series.name, series.dimensions));
    for (const lanes of series.units.values()) for (const lane of lanes) this.#changed.delete(lane);
  }
}

export type { MetricStore };

/** By the table that is the same object for the region's scope and each call in it. */
const stores = new WeakMap<Table<MetricRecord>, MetricStore>();

export function metricStore(scope: Scope): MetricStore {
  const table = metrics(scope);
  let store = stores.get(table);
  if (!store) {
    store = new MetricStore(scope);
    stores.set(table, store);
  }
  return store;
}

/**
 * What the data plane counts with. A count finds its aggregate by the identity of its dimensions' object, so that
 * the same object for the same requests costs two look-ups and no text; a new object each time costs one text.
 */
import type { Meter, MeterDimensions } from '../../traffic/planes.ts';
import type { Scope } from '../service.ts';
import { Aggregate } from './aggregate.ts';
import type { Lane } from './lane.ts';
import { type MetricStore, metricKey, metricStore, type Series, sorted } from './metric-store.ts';
import type { Dimensions } from './state.ts';

const minuteMs = 60_000;
const mostSlots = 10_000;

interface Slot {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Dimensions;
  readonly unit: string;
  generation: number;
  series: Series | undefined;
  lane: Lane | undefined;
  minute: number;
  aggregate: Aggregate;
}

/** Each count is one sample of the metric. */
export function meterOf(scope: Scope): Meter {
  const store = metricStore(scope);
  const { clock } = scope;
  const byObject = new WeakMap<MeterDimensions, Map<string, Slot>>();
  const byText = new Map<string, Slot>();

  function slotOf(namespace: string, metric: string, set: MeterDimensions, unit: string): Slot {
    let slots = byObject.get(set);
    if (!slots) {
      slots = new Map();
      byObject.set(set, slots);
    }
    const known = slots.get(metric);
    if (known && known.namespace === namespace && known.unit === unit) return known;
    const dimensions = sorted(Object.entries(set).map(([Name, Value]) => ({ Name, Value })));
    const text = `${unit} ${metricKey(namespace, metric, dimensions)}`;
    let slot = byText.get(text);
    if (!slot) {
      // Forgotten slots are made anew; their counts are the store's already.
      if (byText.size >= mostSlots) byText.clear();
      slot = {
        ...{ namespace, metric, dimensions, unit },
        ...{ generation: -1, series: undefined, lane: undefined, minute: -1, aggregate: new Aggregate() },
      };
      byText.set(text, slot);
    }
    slots.set(metric, slot);
    return slot;
  }

  return {
    count(namespace, metric, dimensions, value, unit, weight = clock.scale) {
      if (!Number.isFinite(value)) return;
      const nowMs = clock.now();
      const minute = Math.floor(nowMs / minuteMs);
      for (const set of dimensions) {
        const slot = slotOf(namespace, metric, set, unit);
        if (slot.minute !== minute || slot.aggregate.sealed || slot.generation !== store.generation) {
          renew(slot, store, nowMs, minute);
        }
        slot.aggregate.add(value, weight);
      }
    },
  };
}

function renew(slot: Slot, store: MetricStore, nowMs: number, minute: number): void {
  if (!slot.lane || !slot.series || slot.generation !== store.generation) {
    const { namespace, metric: name, dimensions } = slot;
    Object.assign(slot, store.lane({ namespace, name, dimensions }, slot.unit, false));
    slot.generation = store.generation;
  }
  if (!slot.lane || !slot.series) throw new Error('a slot that was renewed has a lane');
  slot.minute = minute;
  slot.aggregate = slot.lane.at(nowMs);
  store.touch(slot.series, slot.lane, nowMs);
}

/** A month's bill of a template, before anything is deployed. */
import { assumedText } from '../model/assumed-text.ts';
import type { ModelOptions } from '../model/model.ts';
import { modelOfRest } from '../model/model-of-rest.ts';
import { alternativesOf, onPlan } from './alternatives.ts';
import { type Given, hoursOfMonth, Settings } from './assumptions.ts';
import type { Bill, Line } from './bill.ts';
import { breakEvensOf } from './break-even.ts';
import { CostError } from './cost-error.ts';
import { type Decimal, decimal, decimalText, over, sum } from './decimal.ts';
import { type Estimating, estimate } from './estimate.ts';
import { gather } from './gather.ts';
import type { Inventory } from './inventory.ts';
import { type Kind, meterOf } from './meters.ts';
import { merged, type PriceBook, pricesOf, type Term } from './price-book.ts';
import { prices as checked } from './prices.ts';
import type { CostChange, CostDiff, CostLine, CostResult } from './result.ts';
import { surprisesOf } from './surprises.ts';

export interface CostOptions extends Omit<ModelOptions, 'partial'> {
  /** What is known of the traffic; the rest is assumed, and said. */
  readonly given?: Given;
  /** Hours of machines in a month, by type: of a simulation. */
  readonly instanceHours?: Readonly<Record<string, string>>;
  /** The machines on a Compute Savings Plan without anything upfront. */
  readonly commit?: Term;
  /** Without AWS's free allowances, which are the account's and not the stack's. */
  readonly withoutAllowances?: boolean;
  /** Besides: for how long the credits of a new account would last. */
  readonly freeTier?: boolean;
  /** Newer prices than those that were checked: `orrery cost --refresh` writes them. */
  readonly refreshed?: PriceBook;
  /** Said of the figures, such as where they were measured. */
  readonly notes?: readonly string[];
}

/** Throws `ModelError` where the template is none, and `CostError` for a region without prices. */
export async function cost(options: CostOptions): Promise<CostResult> {
  const { region = 'us-east-1', given = {}, commit, withoutAllowances = false, refreshed } = options;
  const book = refreshed ? merged(checked, refreshed) : checked;
  const prices = pricesOf(book, region, commit);
  const settings = new Settings(given);
  const { name, template, parameters } = options;
  const model = await modelOfRest({ name, template, region, ...(parameters ? { parameters } : {}) });
  try {
    const gathered = await gather(model);
    const inventory = options.instanceHours ? simulated(gathered, options.instanceHours) : gathered;
    const about: Estimating = { settings, prices, withoutAllowances };
    const bill = estimate(inventory, about);
    const plans = (commit ? [] : (['1y', '3y'] as const)).flatMap((term) => {
      const other = onPlan(inventory, { ...about, prices: pricesOf(book, region, term) }, term, bill.total);
      return other && inventory.machines.length > 0 ? [other] : [];
    });
    const typeOf = (part: string) =>
      model.resources.get(part)?.type ?? (model.isStandIn(part) ? 'AWS::EC2::NatGateway' : '');
    const assumed = model.assumed.map((one) => `${assumedText(one)}.`);
    const used = new Set(bill.lines.flatMap(({ assumed }) => assumed));
    return {
      ...{ region, hours: 730, currency: 'USD', usd: money(bill.total) },
      byKind: byKind(bill.lines),
      byPart: byPart(bill.lines).map(({ part, amount }) => ({ part, type: typeOf(part), usd: money(amount) })),
      lines: bill.lines.map((line) => ({ ...lineOf(line, about), type: typeOf(line.part) })),
      surprises: surprisesOf(bill.lines).map(({ what, amount, basis }) => ({ what, usd: money(amount), basis })),
      alternatives: [...alternativesOf(inventory, about, bill.total), ...plans].map((one) => ({
        ...{ title: one.title, usd: money(one.total), difference: money(one.difference), note: one.note },
      })),
      breakEvens: breakEvensOf(inventory, about).map(({ what, gigabytes }) => ({
        what,
        gigabytesPerMonth: gigabytes ?? null,
      })),
      assumptions: settings.told(used),
      free: inventory.free,
      notPriced: unpriced(inventory, bill, typeOf),
      notes: [...(options.notes ?? []), ...assumed, ...notesOf(inventory, bill, options)],
    };
  } finally {
    await model.close();
  }
}

/** Two templates under the same traffic. */
export async function costDiff(before: CostOptions, after: CostOptions): Promise<CostDiff> {
  const [old, now] = [await cost(before), await cost(after)];
  const parts = [...new Set([...old.byPart, ...now.byPart].map(({ part }) => part))];
  const changes = parts.flatMap((part): CostChange[] => {
    const [was, is] = [old, now].map(({ byPart: some }) => some.find((one) => one.part === part));
    const difference = decimal(is?.usd ?? '0') - decimal(was?.usd ?? '0');
    if (was && is && difference === 0n) return [];
    const isUnpriced = [old, now].some(({ notPriced }) => notPriced.some((one) => one.part === part));
    const change = was && is ? 'changed' : isUnpriced ? 'notPriced' : is ? 'added' : 'removed';
    const type = is?.type ?? was?.type ?? '';
    return [{ part, type, change, before: was?.usd ?? null, after: is?.usd ?? null, difference: money(difference) }];
  });
  const size = ({ difference }: CostChange) => Math.abs(Number(difference));
  return {
    before: old,
    after: now,
    difference: money(decimal(now.usd) - decimal(old.usd)),
    changes: changes.sort((one, other) => size(other) - size(one)),
  };
}

const money = (amount: Decimal): string => decimalText(amount, 2);

function lineOf(line: Line, { prices, settings }: Estimating): Omit<CostLine, 'type'> {
  const { part, meter, quantity, basis, pieces, amount, assumed, source } = line;
  const { what, kind, unit } = meterOf(meter);
  return {
    ...{ part, what, kind, unit, basis, assumed },
    quantity: decimalText(quantity),
    pieces: pieces.map((one) => ({ quantity: decimalText(one.quantity), usd: one.usd, per: one.per })),
    usd: money(amount),
    source:
      source === 'given' && settings.has('domainUsdPerYear')
        ? { page: 'https://aws.amazon.com/route53/pricing/', read: 'as it was given', checked: '' }
        : prices.source(source),
  };
}

function byKind(lines: readonly Line[]): CostResult['byKind'] {
  const of = (kind: Kind) =>
    money(sum(lines.filter(({ meter }) => meterOf(meter).kind === kind).map((one) => one.amount)));
  return { hour: of('hour'), request: of('request'), gigabyte: of('gigabyte'), month: of('month') };
}

function byPart(lines: readonly Line[]) {
  const found = new Map<string, Decimal>();
  for (const { part, amount } of lines) found.set(part, (found.get(part) ?? 0n) + amount);
  return [...found]
    .map(([part, amount]) => ({ part, amount }))
    .sort((one, other) => Number(other.amount - one.amount) || (one.part < other.part ? -1 : 1));
}

function unpriced(inventory: Inventory, bill: Bill, typeOf: (part: string) => string): CostResult['notPriced'] {
  const all = [...inventory.notPriced, ...bill.notPriced].map((one) => ({
    ...one,
    type: one.type || typeOf(one.part),
  }));
  const texts = new Set<string>();
  return all.filter((one) => {
    const text = JSON.stringify(one);
    const isNew = !texts.has(text);
    texts.add(text);
    return isNew;
  });
}

/** With as many machines on average as ran in a simulation. */
function simulated(inventory: Inventory, hours: Readonly<Record<string, string>>): Inventory {
  const { machines } = inventory;
  const types = new Set(machines.map(({ type }) => type));
  const strange = Object.keys(hours).filter((type) => !types.has(type));
  if (strange.length > 0) {
    throw new CostError(
      `The simulation has hours of ${strange.join(', ')}; the template's machines are ${[...types].join(', ') || 'none'}. It must be of the same template.`,
    );
  }
  const presenceOf = (type: string) => {
    const alike = machines.filter((one) => one.runs && one.type === type).length;
    return over(over(decimal(hours[type] ?? '0'), hoursOfMonth), decimal(alike));
  };
  return {
    ...inventory,
    machines: machines.map((one) => (one.runs ? { ...one, presence: presenceOf(one.type) } : one)),
  };
}

/** At sign-up 100 dollars, and up to 100 more; the offers of twelve months ended for accounts of July 2025 and later. */
const credits = decimal(200);

function notesOf(inventory: Inventory, bill: Bill, options: CostOptions): readonly string[] {
  const { machines, zones, endpoints } = inventory;
  const notes: string[] = [];
  if (machines.length > 0 && !options.instanceHours && !options.given?.machines)
    notes.push('Machines: as many as the groups want to begin with. What scaling adds is known by --simulation.');
  if (zones.length > 0 && !options.given?.domainUsdPerYear)
    notes.push(
      'The domain is taken for one that is registered with Route 53; --assume domainUsdPerYear=0 leaves its fee out.',
    );
  // Of every account, and applied without being asked for. https://aws.amazon.com/ec2/faqs/#t4g-instances
  if (machines.some(({ type, runs }) => runs && type === 't4g.small') && !options.withoutAllowances)
    notes.push(
      "AWS's free trial of t4g.small, 750 hours a month of the account until 31 December 2026, is not taken off.",
    );
  if (machines.some(({ type }) => /^t\d/.test(type)))
    notes.push('Processor credits beyond what machines of a T family earn are not in it.');
  if (endpoints.some(({ kind }) => kind === 'Interface') || machines.length > 0)
    notes.push('Traffic between a load balancer and its targets, and to endpoints, is free between zones too.');
  if (!options.withoutAllowances)
    notes.push(
      "AWS's monthly free allowances are the account's: where others use them up, --without-allowances tells the rest.",
    );
  if (options.freeTier) {
    const fee = sum(bill.lines.filter(({ meter }) => meter === 'domainMonths').map((one) => one.amount));
    const covered = bill.total - fee;
    const months =
      covered === 0n ? 'for ever' : `for ${(Number(credits) / Number(covered)).toFixed(1)} months, of at most 12`;
    notes.push(
      `A new account has credits of up to 200 dollars (100 at sign-up), which would pay this bill ${months}; a domain's fee they do not. Accounts since 15 July 2025 have no offers of twelve months: https://aws.amazon.com/free/`,
    );
  }
  return notes;
}

/** Prices that this user had read from AWS: a file of their own, which goes before those that come with Orrery. */
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { UserError } from '../delivery/user-error.ts';
import { CostError } from '../insight/cost/cost-error.ts';
import { merged, type PriceBook, parsePriceBook } from '../insight/cost/price-book.ts';
import { priceListUrl, refresh } from '../insight/cost/refresh.ts';
import { realClock } from '../region/clock/clock.ts';
import type { CostArguments } from './cost-inputs.ts';
import { passing } from './print.ts';
import { readJson } from './read-file.ts';

const mostBytes = 64 * 1024 * 1024;

function pricesFile(): string {
  return join(process.env.XDG_CONFIG_HOME ?? join(homedir(), '.config'), 'orrery', 'prices.json');
}

/** Undefined: none were read. */
export function refreshedPrices(): PriceBook | undefined {
  const file = pricesFile();
  return existsSync(file) ? parsePriceBook(readJson(file, mostBytes), file) : undefined;
}

/** What to say of it. Nothing is changed where AWS's list cannot be read. */
export async function refreshPrices({ region, priceList = priceListUrl }: CostArguments): Promise<string> {
  if (!URL.canParse(priceList) || !/^https?:$/.test(new URL(priceList).protocol))
    throw new UserError(`--price-list: "${priceList}" is no http:// or https:// address.`);
  const file = pricesFile();
  const before = refreshedPrices();
  const { book, lacking } = await refresh({
    region,
    baseUrl: priceList.replace(/\/+$/, ''),
    today: realClock().date().toISOString().slice(0, 10),
    onProgress: passing,
  }).catch((error: unknown) => {
    if (!(error instanceof CostError)) throw error;
    const still = before ? `those in ${file}` : 'those that come with Orrery';
    throw new UserError(error.message, `Nothing was changed: the prices are still ${still}.`);
  });
  mkdirSync(dirname(file), { recursive: true });
  const next = `${file}.new`;
  writeFileSync(next, `${JSON.stringify(before ? merged(before, book) : book, null, 2)}\n`);
  renameSync(next, file);
  const { prices = {}, instances, plans } = book.regions[region] ?? {};
  const types = Object.keys(instances?.usdPerHour ?? {}).length;
  return [
    `${file}: ${Object.keys(prices).length} prices and ${types} types of machines in ${region}${plans ? ', with Savings Plans' : ''}.`,
    ...(lacking.length > 0 ? [`Not taken, and left as they were: ${lacking.join(', ')}.`] : []),
  ].join('\n');
}

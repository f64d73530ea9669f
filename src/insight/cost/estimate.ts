/** The one way from an inventory to a bill: the template's own, and that of every alternative. */
import { type Bill, type BillOptions, billOf } from './bill.ts';
import { decimalText } from './decimal.ts';
import type { Inventory, NotPriced } from './inventory.ts';
import { machineUsage } from './machine-usage.ts';
import { networkUsage } from './network-usage.ts';
import type { Prices } from './price-book.ts';
import { hasFee, serviceUsage } from './service-usage.ts';
import { type Circumstances, Uses } from './usage.ts';

export interface Estimating extends Circumstances, BillOptions {
  readonly prices: Prices;
}

export function estimate(inventory: Inventory, about: Estimating): Bill {
  const uses = new Uses(about.settings);
  const unknown: NotPriced[] = [...machineUsage(inventory, about, uses)];
  networkUsage(inventory, about, uses);
  serviceUsage(inventory, about, uses);
  const found = uses.found.filter((one) => {
    if (one.meter !== 'domainMonths' || about.settings.has('domainUsdPerYear')) return true;
    const { domain = '' } = inventory.zones.find(({ part }) => part === one.part) ?? {};
    if (!hasFee(domain) || domain.endsWith('.com')) return true;
    const why = `the yearly fee of ${domain} is not known; --assume domainUsdPerYear=… gives it`;
    unknown.push({ part: one.part, type: 'AWS::Route53::HostedZone', why });
    return false;
  });
  const bill = billOf(found, ownFee(about), about);
  return { ...bill, notPriced: [...unknown, ...bill.notPriced] };
}

/** The prices, with the domain's as it was given. */
function ownFee({ prices, settings }: Estimating): Prices {
  if (!settings.has('domainUsdPerYear')) return prices;
  const usd = decimalText(settings.reading(new Set())('domainUsdPerYear'));
  return {
    ...prices,
    price: (id) => (id === 'domainMonths' ? { source: 'given', per: '12', tiers: [{ usd }] } : prices.price(id)),
    source: (id) =>
      id === 'given'
        ? { page: 'https://aws.amazon.com/route53/pricing/', read: 'as it was given', checked: '' }
        : prices.source(id),
  };
}
